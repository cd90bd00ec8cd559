"""Arguments of Keras' layers that have one value here, and what to use in place of the others."""

from typing import Any

CHANNELS_LAST = (
    "bring the channels of images last with Permute((2, 3, 1)) before the layer, and of sequences "
    "with Permute((2, 1))"
)
RENORM = "there is no batch renormalisation here; use LayerNormalization for small mini-batches"
LORA = "freeze layers with trainable=False, and train others after them"

#: For each argument the values that change nothing, and what to do in place of others.
FIXED: dict[str, tuple[tuple[Any, ...], str]] = {
    "activity_regularizer": ((None,), "penalise the weights with kernel_regularizer"),
    "autocast": ((True, False), "all of a model is computed in its dtype"),
    "data_format": ((None, "channels_last"), CHANNELS_LAST),
    "lora_alpha": ((None,), LORA),
    "lora_rank": ((None,), LORA),
    "noise_shape": ((None,), "drop whole channels with SpatialDropout2D"),
    "quantization_config": ((None,), "weights are float32 or float64"),
    "renorm": ((False,), RENORM),
    "renorm_clipping": ((None,), RENORM),
    "renorm_momentum": ((0.99,), RENORM),
    "sparse": ((None, False), "there are no sparse tensors; give the model arrays"),
    "ragged": ((None, False), "samples have one shape; pad shorter ones with zeros"),
    "synchronized": ((False,), "one process trains a model, with all of its threads"),
    "weights": ((None,), "begin with embeddings_initializer=Constant(matrix)"),
}


def check_fixed(kind: str, arguments: dict[str, Any]) -> None:
    """Check arguments that are taken only where they change nothing.

    Parameters
    ----------
    kind : str
        The class that is given them.
    arguments : dict

    Raises
    ------
    ValueError
        If one of them would change something.
    TypeError
        If there is no such argument.
    """
    for name, value in arguments.items():
        if name not in FIXED:
            raise TypeError(f"{kind} has no argument {name!r}")
        values, instead = FIXED[name]
        if not any(value is one or (type(value) is type(one) and value == one) for one in values):
            known = " or ".join(map(repr, values))
            raise ValueError(f"{name} of {kind} must be {known}, got {value!r}; {instead}")
