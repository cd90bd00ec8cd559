"""A callback of scikit-learn's protocol that records how it is called."""


class Recorder:
    """Keeps the calls and the scores; ends a fit after a number of them."""

    def __init__(self, stop_after=None):
        self.stop_after = stop_after
        self.calls = []
        self.scores = []

    def setup(self, estimator, context):
        self.calls.append("setup")

    def teardown(self, estimator, context):
        self.calls.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.calls.append(f"begin {context.task_name}")

    def on_fit_task_end(self, estimator, context, *, X, y, fitted_estimator):
        self.calls.append(f"end {context.task_name}")
        self.scores.append(fitted_estimator.score(X, y))
        return len(self.scores) == self.stop_after
