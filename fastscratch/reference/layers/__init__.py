"""The layers of the naive network, a file each, under their Keras names.

All have the methods of `base.Layer`: `forward` takes a mini-batch and returns the layer's output
and what it needs to remember, `backward` takes the gradient with respect to that output and
returns the gradients with respect to the inputs and to the weights.
"""

from fastscratch.reference.layers.activation import Activation
from fastscratch.reference.layers.average_pooling2d import AveragePooling2D
from fastscratch.reference.layers.base import Layer, Run
from fastscratch.reference.layers.batch_normalization import BatchNormalization
from fastscratch.reference.layers.concatenate import Concatenate
from fastscratch.reference.layers.conv2d import Conv2D
from fastscratch.reference.layers.dense import Dense
from fastscratch.reference.layers.dropout import Dropout
from fastscratch.reference.layers.flatten import Flatten
from fastscratch.reference.layers.global_average_pooling2d import GlobalAveragePooling2D
from fastscratch.reference.layers.layer_normalization import LayerNormalization
from fastscratch.reference.layers.max_pooling2d import MaxPooling2D
from fastscratch.reference.layers.merging import (
    Add,
    Average,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
)
from fastscratch.reference.layers.reshape import Reshape

__all__ = [
    "Activation",
    "Add",
    "Average",
    "AveragePooling2D",
    "BatchNormalization",
    "Concatenate",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "GlobalAveragePooling2D",
    "Layer",
    "LayerNormalization",
    "MaxPooling2D",
    "Maximum",
    "Minimum",
    "Multiply",
    "Reshape",
    "Run",
    "Subtract",
]
