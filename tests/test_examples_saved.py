"""Every example goes on from a file as if nothing had happened: bit for bit."""

import pytest

from fastscratch import load_model
from fastscratch.examples import EXAMPLES

# Some have a read-out that is not the loss's own.
pytestmark = pytest.mark.filterwarnings("ignore:.* activation in the last layer:UserWarning")


def state_of(model):
    """Weights and slots."""
    state = model._state
    return [array.tobytes() for array in (*model.get_weights(), *(state.slots or ()))]


def outputs_of(model, x):
    outputs = model.predict(x)
    return [out.tobytes() for out in (outputs if isinstance(outputs, list) else [outputs])]


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_goes_on_from_a_file(tmp_path, name, dtype):
    example = EXAMPLES[name]
    model = example.model(dtype)
    samples = example.arguments(model)

    def fit(model):
        history = model.fit(**samples, batch_size=example.batch_size, verbose=0).history
        return history, state_of(model)

    fit(model)
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert state_of(again) == state_of(model)
    assert (again.iterations, again.trained_epochs) == (model.iterations, 1)
    assert fit(again) == fit(model)
    assert again.evaluate(**samples) == model.evaluate(**samples)
    assert outputs_of(again, samples["x"]) == outputs_of(model, samples["x"])
