"""What a fit is given: arrays or batches to train on, and to validate."""

from typing import TYPE_CHECKING, Any

from ..utils import derived_seed
from ..validation import as_integer
from .batches import Batches, are_batches, parts_of, refuse_beside_batches
from .training_data import TrainingData
from .validating import Validation, as_frequency

if TYPE_CHECKING:
    from .model import Model


def to_train_on(
    model: "Model",
    arrays: tuple[Any, Any, Any],
    class_weight: Any,
    batch_size: int | None,
    steps_per_epoch: int | None,
    shuffle: bool,
    epochs: int,
) -> TrainingData | Batches:
    """Checked arrays, or batches.

    Parameters
    ----------
    model : Model
    arrays : tuple
        Of samples, targets and sample weights; or of batches and None.
    class_weight, batch_size, steps_per_epoch, shuffle
        As the model's `fit` takes them.
    epochs : int
        Of this fit.
    """
    x, y, sample_weight = arrays
    if steps_per_epoch is not None:
        steps_per_epoch = as_integer("steps_per_epoch", steps_per_epoch, 1)
    is_stream = are_batches(x)
    if not is_stream:
        data = model._data(x, y, sample_weight, class_weight)
        if steps_per_epoch is None:
            return data
    seed = derived_seed(derived_seed(model.seed, 2), model.trained_epochs)
    if is_stream:
        refuse_beside_batches(y=y, sample_weight=sample_weight, batch_size=batch_size)
        batches = Batches("x", x, steps_per_epoch, shuffle, seed)
        batches.check_times(epochs, "steps_per_epoch")
        return batches
    model._check_metrics(data, "")
    parts = parts_of(data.weighted_by_class(), batch_size or 32, shuffle, seed)
    return Batches("x", parts, steps_per_epoch)


def to_validate(
    model: "Model", given: Any, batch_size: int, steps: int | None, freq: Any, epochs: int
) -> Validation | None:
    """The validation of a fit with data of its own, if it has.

    Parameters
    ----------
    model : Model
        Built.
    given : tuple, or what yields batches
        Its `validation_data`.
    batch_size, steps, freq
        Its `validation_batch_size`, `validation_steps` and `validation_freq`.
    epochs : int
        Of this fit.
    """
    freq = as_frequency(freq)
    if steps is not None:
        steps = as_integer("validation_steps", steps, 1)
    if given is None:
        return None
    if are_batches(given):
        batches = Batches("validation_data", given, steps)
        batches.check_times(epochs, "validation_steps")
        return Validation(model, batches, batch_size, freq)
    if not isinstance(given, TrainingData):
        if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
            raise ValueError(
                "validation_data must be (x, y) or (x, y, sample_weight), got a "
                f"{type(given).__name__}"
            )
        x, y, weights = (*given, None)[:3]
        given = model._data(x, y, weights, prefix="validation ")
    if steps is not None:
        given = given.rows(slice(steps * batch_size))
    model._check_metrics(given, "validation ")
    return Validation(model, given, batch_size, freq)
