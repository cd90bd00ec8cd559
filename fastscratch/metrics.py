"""Metrics."""

import numpy as np


def categorical_accuracy(y_true, y_pred):
    return np.mean(np.argmax(y_true, -1) == np.argmax(y_pred, -1))


def get(name):
    return globals()[name]
