"""Ensembles of networks, fitted in one compiled call, as estimators of scikit-learn."""

from .bagging import BaggingClassifier, BaggingRegressor

__all__ = ["BaggingClassifier", "BaggingRegressor"]
