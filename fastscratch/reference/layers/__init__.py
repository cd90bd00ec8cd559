"""The layers of the naive network, a file each, under their Keras names.

All have the methods of `base.Layer`: `forward` takes a mini-batch and returns the layer's output
and what it needs to remember, `backward` takes the gradient with respect to that output and
returns the gradients with respect to the inputs and to the weights.
"""

from fastscratch.reference.layers.activation import Activation
from fastscratch.reference.layers.average_pooling1d import AveragePooling1D
from fastscratch.reference.layers.average_pooling2d import AveragePooling2D
from fastscratch.reference.layers.base import Layer, Run
from fastscratch.reference.layers.batch_normalization import BatchNormalization
from fastscratch.reference.layers.concatenate import Concatenate
from fastscratch.reference.layers.conv1d import Conv1D
from fastscratch.reference.layers.conv2d import Conv2D
from fastscratch.reference.layers.conv2d_transpose import Conv2DTranspose
from fastscratch.reference.layers.cropping2d import Cropping2D
from fastscratch.reference.layers.dense import Dense
from fastscratch.reference.layers.depthwise_conv2d import DepthwiseConv2D
from fastscratch.reference.layers.dropout import Dropout
from fastscratch.reference.layers.embedding import Embedding
from fastscratch.reference.layers.flatten import Flatten
from fastscratch.reference.layers.gaussian_noise import GaussianNoise
from fastscratch.reference.layers.global_average_pooling1d import GlobalAveragePooling1D
from fastscratch.reference.layers.global_average_pooling2d import GlobalAveragePooling2D
from fastscratch.reference.layers.global_max_pooling1d import GlobalMaxPooling1D
from fastscratch.reference.layers.global_max_pooling2d import GlobalMaxPooling2D
from fastscratch.reference.layers.layer_normalization import LayerNormalization
from fastscratch.reference.layers.max_pooling1d import MaxPooling1D
from fastscratch.reference.layers.max_pooling2d import MaxPooling2D
from fastscratch.reference.layers.merging import (
    Add,
    Average,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
)
from fastscratch.reference.layers.normalization import Normalization
from fastscratch.reference.layers.permute import Permute
from fastscratch.reference.layers.rectifiers import ELU, LeakyReLU, PReLU, ReLU
from fastscratch.reference.layers.repeat_vector import RepeatVector
from fastscratch.reference.layers.rescaling import Rescaling
from fastscratch.reference.layers.reshape import Reshape
from fastscratch.reference.layers.separable_conv2d import SeparableConv2D
from fastscratch.reference.layers.softmax import Softmax
from fastscratch.reference.layers.spatial_dropout2d import SpatialDropout2D
from fastscratch.reference.layers.up_sampling2d import UpSampling2D
from fastscratch.reference.layers.zero_padding2d import ZeroPadding2D

__all__ = [
    "ELU",
    "Activation",
    "Add",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "BatchNormalization",
    "Concatenate",
    "Conv1D",
    "Conv2D",
    "Conv2DTranspose",
    "Cropping2D",
    "Dense",
    "DepthwiseConv2D",
    "Dropout",
    "Embedding",
    "Flatten",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "MaxPooling1D",
    "MaxPooling2D",
    "Maximum",
    "Minimum",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Run",
    "SeparableConv2D",
    "Softmax",
    "SpatialDropout2D",
    "Subtract",
    "UpSampling2D",
    "ZeroPadding2D",
]
