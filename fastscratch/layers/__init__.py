"""Layers, under the names and defaults of ``keras.layers``: descriptions that hold no numbers.

Images are ``(height, width, channels)``. What a layer computes stands in
:mod:`fastscratch.kernels`, file by file; how it becomes a part of a compiled program in
:mod:`fastscratch.engine`.
"""

from .base import Input, Layer, Weight
from .conv2d import Conv2D
from .dense import Dense
from .elementwise import Activation, Dropout
from .normalization import BatchNormalization, LayerNormalization
from .pooling import AveragePooling2D, GlobalAveragePooling2D, MaxPooling2D
from .reshaping import Flatten, Reshape
from .symbolic import SymbolicTensor

__all__ = [
    "Activation",
    "AveragePooling2D",
    "BatchNormalization",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "GlobalAveragePooling2D",
    "Input",
    "Layer",
    "LayerNormalization",
    "MaxPooling2D",
    "Reshape",
    "SymbolicTensor",
    "Weight",
]
