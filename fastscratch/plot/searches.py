"""Pictures of searches for the best parameters."""

from typing import Any

import numpy as np

from .axes import COLORS, MARKERS, panels

__all__ = ["plot_halving", "plot_search_results"]

#: Lines that can be told apart.
MOST_LINES = 7


def plot_search_results(search: Any, parameter: str, by: str | None = None, ax: Any = None) -> Any:
    """Draw the score of a search over one parameter, a line for each value of another one.

    Where several candidates have the same values, as others of their parameters vary, the best of
    them is drawn. The bars are standard deviations over the folds.

    Parameters
    ----------
    search : GridSearchCV, RandomizedSearchCV or a halving search
        Fitted, of fastscratch or of scikit-learn.
    parameter : str
        The horizontal axis; logarithmic for numbers above 0 that span a factor of 50 or more.
    by : str, optional
        A parameter with at most 7 values.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If the search has no such parameter, or `by` has too many values.

    Examples
    --------
    >>> from fastscratch import datasets, model_selection, neural_network, plot
    >>> iris = datasets.load_iris()
    >>> network = neural_network.MLPClassifier((8,), tol=0.01, random_state=0)
    >>> grid = {"learning_rate_init": [0.001, 0.01, 0.1]}
    >>> search = model_selection.GridSearchCV(network, grid, cv=3).fit(iris.data, iris.target)
    >>> ax = plot.plot_search_results(search, "learning_rate_init")
    """
    results = _results(search)
    values, lines = _values(results, "parameter", parameter), [None]
    of_line = np.zeros(len(values), int)
    if by is not None:
        others = _values(results, "by", by)
        lines = sorted(set(others), key=str)
        if len(lines) > MOST_LINES:
            raise ValueError(f"by must have at most {MOST_LINES} values, {by} has {len(lines)}")
        of_line = np.array([lines.index(value) for value in others])
    mean, std = results["mean_test_score"], results["std_test_score"]
    are_numbers = all(isinstance(value, (int, float)) for value in values)
    known = sorted(set(values)) if are_numbers else sorted(set(values), key=str)
    places = np.array([value if are_numbers else known.index(value) for value in values], float)
    ax = ax or panels()[0]
    for k, line in enumerate(lines):
        best = []
        for place in sorted(set(places[of_line == k])):
            here = np.flatnonzero((places == place) & (of_line == k))
            best.append((place, here[np.argmax(np.nan_to_num(mean[here], nan=-np.inf))]))
        x, rows = [place for place, _ in best], [row for _, row in best]
        label = None if line is None else f"{by}={line}"
        style = {"color": COLORS[k % len(COLORS)], "marker": MARKERS[k % len(MARKERS)]}
        ax.errorbar(x, mean[rows], std[rows], capsize=3, label=label, **style)
    if not are_numbers:
        ax.set_xticks(range(len(known)), [str(value) for value in known])
    elif min(known) > 0 and max(known) >= 50 * min(known):
        ax.set_xscale("log")
    if by is not None:
        ax.legend()
    ax.set(xlabel=parameter, ylabel="mean score of the folds")
    ax.grid(alpha=0.3)
    return ax


def plot_halving(search: Any, ax: Any = None) -> Any:
    """Draw how a halving search drops candidates: the score of each over its resources.

    Parameters
    ----------
    search : HalvingGridSearchCV or HalvingRandomSearchCV
        Fitted, of fastscratch or of scikit-learn.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If the search is not a halving one.

    Examples
    --------
    >>> from fastscratch import datasets, model_selection, neural_network, plot
    >>> iris = datasets.load_iris()
    >>> network = neural_network.MLPClassifier((8,), tol=0.01, random_state=0)
    >>> grid = {"learning_rate_init": [0.0001, 0.001, 0.01, 0.1]}
    >>> search = model_selection.HalvingGridSearchCV(network, grid, cv=3, random_state=0)
    >>> ax = plot.plot_halving(search.fit(iris.data, iris.target))
    """
    results = _results(search)
    if "n_resources" not in results:
        raise ValueError(f"plot_halving needs a halving search, got {type(search).__name__}")
    courses: dict[str, list[tuple[int, float]]] = {}
    resource = search.resource
    for params, n, score in zip(
        results["params"], results["n_resources"], results["mean_test_score"], strict=True
    ):
        key = str({name: value for name, value in params.items() if name != resource})
        courses.setdefault(key, []).append((n, score))
    ax = ax or panels()[0]
    last = max(len(course) for course in courses.values())
    for course in courses.values():
        survives = len(course) == last
        style = {"color": COLORS[0 if survives else 1], "alpha": 1.0 if survives else 0.5}
        ax.plot(*zip(*course, strict=True), marker="o", zorder=2 + survives, **style)
    ax.set_xscale("log", base=search.factor)
    amounts = np.unique(results["n_resources"])
    ax.set_xticks(amounts, [f"{n:,}" for n in amounts])
    ax.minorticks_off()
    ax.set(xlabel=resource, ylabel="mean score of the folds")
    ax.set_title(", ".join(map(str, search.n_candidates_)) + " candidates")
    ax.grid(alpha=0.3)
    return ax


def _results(search: Any) -> dict[str, Any]:
    if not hasattr(search, "cv_results_"):
        raise ValueError(f"search must be a fitted search, got {type(search).__name__}")
    if "mean_test_score" not in search.cv_results_:
        raise ValueError("the search has several scores; it must have one")
    return search.cv_results_


def _values(results: dict[str, Any], argument: str, parameter: Any) -> list[Any]:
    """The value of a parameter for each candidate; `argument` is where its name was given."""
    if not isinstance(parameter, str):
        raise TypeError(f"{argument} must be the name of a parameter, got {parameter!r}")
    values = [params.get(parameter) for params in results["params"]]
    if not any(parameter in params for params in results["params"]):
        known = ", ".join(sorted({name for params in results["params"] for name in params}))
        raise ValueError(
            f"{argument} must be a parameter of the search, {known}, got {parameter!r}"
        )
    return [value.item() if isinstance(value, np.generic) else value for value in values]
