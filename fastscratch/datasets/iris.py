"""The iris flowers of Anderson and Fisher."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

FILE = Path(__file__).with_name("data") / "iris.csv"


class Iris(NamedTuple):
    """The iris data, with the field names of scikit-learn.

    Attributes
    ----------
    data : ndarray of float64, shape (150, 4)
        Lengths and widths in centimetres, a row for each flower.
    target : ndarray of int64, shape (150,)
        The species of each flower: 0, 1 or 2, an index into `target_names`.
    feature_names : list of str
        The names of the four columns.
    target_names : ndarray of str, shape (3,)
        The names of the species, so that ``target_names[target]`` names each flower.

    Examples
    --------
    >>> from fastscratch import datasets
    >>> iris = datasets.load_iris()
    >>> iris.feature_names
    ['sepal length (cm)', 'sepal width (cm)', 'petal length (cm)', 'petal width (cm)']
    """

    data: np.ndarray
    target: np.ndarray
    feature_names: list[str]
    target_names: np.ndarray


def load_iris() -> Iris:
    """Load the iris data: four measurements of 150 flowers, 50 of each of three species.

    Returns
    -------
    Iris
        A named tuple ``(data, target, feature_names, target_names)`` of new arrays:
        ``X, y, *_ = load_iris()``.

    Notes
    -----
    The rows are those of Fisher's paper, in its order, as in R's ``datasets::iris`` and in
    scikit-learn.  The copy at the UCI Machine Learning Repository differs from the paper in two
    setosa flowers, the rows 35 and 38 counted from 1; here they are as in the paper.

    References
    ----------
    R. A. Fisher (1936), "The use of multiple measurements in taxonomic problems",
    Annals of Eugenics 7(2), 179-188.  Measured by E. Anderson (1935), "The irises of the Gaspé
    Peninsula", Bulletin of the American Iris Society 59, 2-5.

    Examples
    --------
    >>> from fastscratch import datasets
    >>> iris = datasets.load_iris()
    >>> iris.data.shape, [str(name) for name in iris.target_names]
    ((150, 4), ['setosa', 'versicolor', 'virginica'])
    """
    header, *lines = FILE.read_text(encoding="utf-8").splitlines()
    rows = [line.split(",") for line in lines]
    target_names, target = np.unique([row[-1] for row in rows], return_inverse=True)
    return Iris(
        data=np.array([row[:-1] for row in rows], dtype=np.float64),
        target=target.astype(np.int64),
        feature_names=header.split(",")[:-1],
        target_names=target_names,
    )
