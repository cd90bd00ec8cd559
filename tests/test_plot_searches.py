"""Pictures of searches and intervals: what is drawn is what was found."""

from types import SimpleNamespace

import numpy as np
import pytest

from fastscratch import plot

SEARCH = SimpleNamespace(
    cv_results_={
        "params": [
            {"alpha": alpha, "size": size, "other": other}
            for alpha in (0.001, 0.1)
            for size in ("small", "large")
            for other in (1, 2)
        ],
        "mean_test_score": np.array([0.1, 0.2, 0.3, 0.4, 0.6, 0.5, np.nan, 0.7]),
        "std_test_score": np.full(8, 0.05),
    }
)
HALVING = SimpleNamespace(
    cv_results_={
        "params": [{"a": 1, "n": 5}, {"a": 2, "n": 5}, {"a": 3, "n": 5}, {"a": 2, "n": 10}],
        "n_resources": np.array([5, 5, 5, 10]),
        "mean_test_score": np.array([0.1, 0.5, 0.2, 0.6]),
        "std_test_score": np.zeros(4),
    },
    resource="n",
    factor=2,
    n_candidates_=[3, 1],
)


def lines(ax):
    return [bars[0].get_xydata().tolist() for bars in ax.containers]


def test_the_best_of_each_value_is_drawn():
    ax = plot.plot_search_results(SEARCH, "alpha", "size")
    assert lines(ax) == [[[0.001, 0.4], [0.1, 0.7]], [[0.001, 0.2], [0.1, 0.6]]]
    assert [text.get_text() for text in ax.get_legend().texts] == ["size=large", "size=small"]
    assert ax.get_xscale() == "log"


def test_values_that_are_no_numbers_are_named():
    ax = plot.plot_search_results(SEARCH, "size")
    assert lines(ax) == [[[0, 0.7], [1, 0.6]]]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["large", "small"]


def test_bad_searches():
    with pytest.raises(
        ValueError, match="must be a parameter of the search, alpha, other, size, got"
    ):
        plot.plot_search_results(SEARCH, "beta")
    many = SimpleNamespace(
        cv_results_=SEARCH.cv_results_ | {"params": [{"alpha": 1, "size": k} for k in range(8)]}
    )
    with pytest.raises(ValueError, match="by must have at most 7 values, size has 8"):
        plot.plot_search_results(many, "alpha", "size")
    with pytest.raises(ValueError, match="must be a fitted search, got int"):
        plot.plot_search_results(3, "alpha")
    with pytest.raises(ValueError, match="needs a halving search"):
        plot.plot_halving(SEARCH)


def test_halving_follows_each_candidate():
    ax = plot.plot_halving(HALVING)
    courses = [line.get_xydata().tolist() for line in ax.lines]
    assert courses == [[[5, 0.1]], [[5, 0.5], [10, 0.6]], [[5, 0.2]]]
    assert ax.get_title() == "3, 1 candidates"


def test_targets_outside_their_interval_are_marked():
    X, y = np.array([[2.0], [0.0], [1.0]]), np.array([2.0, 0.5, 9.0])
    model = SimpleNamespace(
        predict=lambda X: X[:, 0], predict_interval=lambda X, level: (X[:, 0] - 1, X[:, 0] + 1)
    )
    ax = plot.plot_prediction_interval(model, X, y)
    assert ax.lines[0].get_xydata().tolist() == [[0, 0], [1, 1], [2, 2]]
    inside, outside = (points.get_offsets().tolist() for points in ax.collections[1:])
    assert inside == [[0, 0.5], [2, 2]]
    assert outside == [[1, 9]]
    assert ax.get_title() == "66.7% of the targets are inside"
    with pytest.raises(ValueError, match="column must be from 0 to 0, got 3"):
        plot.plot_prediction_interval(model, X, column=3)
