"""The estimators pass every check that scikit-learn has for its own."""

import pytest

pytest.importorskip("sklearn")

from sklearn.utils.estimator_checks import parametrize_with_checks

from fastscratch.neural_network import MLPClassifier, MLPRegressor

# The default number of epochs is not enough for some of the data; others ask for max_iter=1.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@parametrize_with_checks([MLPClassifier(), MLPRegressor()])
def test_check_estimator(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(
    [
        MLPClassifier(solver="sgd", learning_rate="adaptive", learning_rate_init=0.1),
        MLPClassifier(20, ("tanh",), solver="lbfgs", alpha=0.1),
        MLPClassifier((20, 10), ("tanh", "gelu"), class_weight="balanced"),
        MLPRegressor(activation="tanh", solver="sgd", learning_rate_init=0.01),
        MLPRegressor(hidden_layer_sizes=10, solver="lbfgs"),
    ]
)
def test_check_estimator_with_other_arguments(estimator, check):
    check(estimator)
