"""What Keras has and this package has not: for each name what to use, or why there is nothing.

An attribute that is asked for under one of these names is refused with its sentence, and
``docs/keras.md`` lists them. Sentences that begin with "out of scope" name no substitute.
"""

from collections.abc import Mapping
from types import ModuleType

_AUGMENTATION = (
    "out of scope: augmentation; change the images in a generator or a PyDataset, which fit reads "
    "in a thread of its own"
)
_ATTENTION = "out of scope: attention"
_BACKENDS = "out of scope: it wraps code of the libraries that Keras runs on"
_CATEGORIES = "number the categories with pandas.factorize or scikit-learn, and use Embedding"
_CONFIG = "use get_config and from_config of the model"
_NORMALIZATION = "use LayerNormalization"
_RECURRENT = (
    "out of scope: recurrent layers; Conv1D with padding='causal' and a dilation_rate reads "
    "sequences"
)
_SEQUENCES = "use Reshape((steps, 1, channels)) and the layer of the same name for 2-D images"
_SOUND = "out of scope: sound"
_VOLUMES = "out of scope: images of three axes"


def _all(sentence: str, *names: str) -> dict[str, str]:
    return dict.fromkeys(names, sentence)


_LAYERS: dict[str, str] = {
    **_all(
        _RECURRENT,
        *("Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "GRU", "GRUCell", "LSTM"),
        *("LSTMCell", "RNN", "SimpleRNN", "SimpleRNNCell", "StackedRNNCells"),
    ),
    **_all(
        _ATTENTION,
        *("AdditiveAttention", "Attention", "GroupQueryAttention", "MultiHeadAttention"),
    ),
    **_all(
        _VOLUMES,
        *("AdaptiveAveragePooling3D", "AdaptiveMaxPooling3D", "AveragePooling3D", "AvgPool3D"),
        *("Conv3D", "Conv3DTranspose", "Convolution3D", "Convolution3DTranspose", "Cropping3D"),
        *("GlobalAveragePooling3D", "GlobalAvgPool3D", "GlobalMaxPool3D", "GlobalMaxPooling3D"),
        *("MaxPool3D", "MaxPooling3D", "SpatialDropout3D", "UpSampling3D", "ZeroPadding3D"),
    ),
    **_all(
        _SEQUENCES,
        *("Conv1DTranspose", "Convolution1DTranspose", "Cropping1D", "DepthwiseConv1D"),
        *("SeparableConv1D", "SeparableConvolution1D", "SpatialDropout1D", "UpSampling1D"),
        "ZeroPadding1D",
    ),
    **_all(
        _AUGMENTATION,
        *("AugMix", "AutoContrast", "ContrastLimitedAdaptiveHistogramEqualization", "CutMix"),
        *("Equalization", "MaxNumBoundingBoxes", "MixUp", "Pipeline", "RandAugment"),
        *("RandomBrightness", "RandomColorDegeneration", "RandomColorJitter", "RandomContrast"),
        *("RandomCrop", "RandomElasticTransform", "RandomErasing", "RandomFlip"),
        *("RandomGaussianBlur", "RandomGrayscale", "RandomHue", "RandomInvert"),
        *("RandomPerspective", "RandomPosterization", "RandomRotation", "RandomSaturation"),
        *("RandomSharpness", "RandomShear", "RandomTranslation", "RandomZoom", "Solarization"),
    ),
    **_all(
        "use GlobalAveragePooling2D, or AveragePooling2D with the size that gives the shape",
        *("AdaptiveAveragePooling1D", "AdaptiveAveragePooling2D"),
    ),
    **_all(
        "use GlobalMaxPooling2D, or MaxPooling2D with the size that gives the shape",
        *("AdaptiveMaxPooling1D", "AdaptiveMaxPooling2D"),
    ),
    **_all(_CATEGORIES, "HashedCrossing", "Hashing", "IntegerLookup", "StringLookup"),
    **_all(_NORMALIZATION, "GroupNormalization", "RMSNormalization", "UnitNormalization"),
    **_all("use Dropout", "AlphaDropout", "GaussianDropout"),
    **_all(_SOUND, "MelSpectrogram", "STFTSpectrogram"),
    **_all(_BACKENDS, "FlaxLayer", "JaxLayer", "TFSMLayer", "TorchModuleWrapper"),
    **_all(_CONFIG, "deserialize", "serialize"),
    **_all("use Multiply and a Dense layer", "Dot", "dot"),
    "ActivityRegularization": "penalise the weights with kernel_regularizer",
    "CategoryEncoding": "use utils.to_categorical",
    "CenterCrop": "use Cropping2D",
    "Discretization": "use numpy.digitize, and Embedding",
    "EinsumDense": "use Dense, with Permute and Reshape around it",
    "Identity": "use Activation('linear')",
    "InputSpec": "use Input, or input_shape of the first layer",
    "Lambda": "out of scope: layers of code of your own; use the layers that are here",
    "Masking": "out of scope: masks; Conv1D and pooling take sequences of one length",
    "Resizing": "use Cropping2D and UpSampling2D, or resize the images before",
    "ReversibleEmbedding": "use Embedding, and Dense in the end",
    "SpectralNormalization": "use kernel_constraint, such as 'unit_norm'",
    "TextVectorization": "use scikit-learn's CountVectorizer, or Embedding for numbered words",
    "TimeDistributed": "use Dense, which is applied along the last axis at each step",
    "Wrapper": "out of scope: layers of code of your own",
}
_LOSSES: dict[str, str] = {
    **_all("write it as a losses.Custom", "Circle", "Dice", "Tversky", "circle", "dice", "tversky"),
    **_all("out of scope: labels of sequences of other lengths", "CTC", "ctc"),
    **_all(_CONFIG, "deserialize", "serialize"),
}
_METRICS: dict[str, str] = {
    "MeanMetricWrapper": "give a function (y, prediction) among the metrics",
    **_all(
        "use the function of this name in losses",
        *("binary_focal_crossentropy", "categorical_focal_crossentropy"),
    ),
    **_all(_CONFIG, "deserialize", "serialize"),
}
_OPTIMIZERS: dict[str, str] = {
    "Lamb": "use AdamW; its steps need the norms of whole weight arrays",
    "Muon": "use AdamW; its steps are products of whole matrices",
    "ScheduleFreeAdamW": "use AdamW, and its argument use_ema",
    **_all("use trainable=False for the layers that are not to learn", "MultiOptimizer"),
    **_all(_CONFIG, "deserialize", "serialize"),
    "Adafactor": "use Adam; its steps need sums over whole rows and columns of weights",
    "Ftrl": "use SGD or Adagrad, and the regularizer 'l1'",
    "LossScaleOptimizer": "out of scope: half precision; weights are float32 or float64",
    "OptimizerMap": "use trainable=False for the layers that are not to learn",
    "legacy": "use the optimisers that are here",
}
_CALLBACKS: dict[str, str] = {
    "CallbackList": "give fit a list of callbacks",
    "OrbaxCheckpoint": "use ModelCheckpoint",
    "RemoteMonitor": "use LambdaCallback with a function that sends the logs",
}
_INITIALIZERS: dict[str, str] = {
    **_all(_SOUND, "STFT", "STFTInitializer", "stft"),
    **_all(_CONFIG, "deserialize", "serialize"),
}
_REGULARIZERS: dict[str, str] = {
    **_all(
        "begin with the initializer Orthogonal, and penalise with L2",
        *("OrthogonalRegularizer", "orthogonal_regularizer"),
    ),
    **_all(_CONFIG, "deserialize", "serialize"),
}
_CONSTRAINTS: dict[str, str] = _all(_CONFIG, "deserialize", "serialize")

#: For each module, from the names of Keras that it has not to what to do.
ABSENT: Mapping[str, Mapping[str, str]] = {
    "layers": _LAYERS,
    "losses": _LOSSES,
    "metrics": _METRICS,
    "optimizers": _OPTIMIZERS,
    "callbacks": _CALLBACKS,
    "initializers": _INITIALIZERS,
    "regularizers": _REGULARIZERS,
    "constraints": _CONSTRAINTS,
}


def refuse_absent(module: ModuleType) -> None:
    """Let a module say, asked for a name of Keras that it has not, what to use instead."""
    sentences = ABSENT[module.__name__.rpartition(".")[2]]

    def missing(name: str) -> None:
        text = f"module {module.__name__!r} has no attribute {name!r}"
        raise AttributeError(f"{text}: {sentences[name]}" if name in sentences else text)

    vars(module)["__getattr__"] = missing  # Python calls it for names that are not found
