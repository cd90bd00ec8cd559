"""The page that says what Keras has and whether it is here is true; so are the sentences."""

import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import fastscratch as fs
from fastscratch import layers
from fastscratch.absent import ABSENT

sys.path.append(str(Path(__file__).parent.parent / "tools"))
import keras_table

# Keras' variables hand themselves out to NumPy in a way that is going out of use.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.mark.parametrize("module", ABSENT)
def test_every_name_of_keras_is_here_or_has_a_sentence(keras, module):
    names = set(keras_table.names_of_keras(module))
    here = {name for name in names if keras_table.is_here(module, name)}
    assert not here & set(ABSENT[module]), "take these out of fastscratch/absent.py"
    assert not names - here - set(ABSENT[module]), "say in fastscratch/absent.py what to use"
    assert set(ABSENT[module]) <= names


def test_the_page_is_what_the_tool_writes(keras):
    written = keras_table.PAGE.read_text(encoding="utf-8")
    assert written == keras_table.page(), "run python tools/keras_table.py"


def test_what_the_page_calls_here_is_here():
    """Without Keras, too."""
    text = keras_table.PAGE.read_text(encoding="utf-8")
    sections = re.findall(r"^## `(\w+)`\n\nHere: (.*)\.$", text, re.MULTILINE)
    assert [module for module, _ in sections] == list(ABSENT)
    for module, names in sections:
        for name in re.findall(r"`(\w+)`", names):
            assert keras_table.is_here(module, name), name


@pytest.mark.parametrize("module", ABSENT)
def test_a_name_that_is_absent_is_refused_with_its_sentence(module):
    own = importlib.import_module(f"fastscratch.{module}")
    for name, sentence in ABSENT[module].items():
        with pytest.raises(AttributeError) as raised:
            getattr(own, name)
        assert str(raised.value) == (
            f"module 'fastscratch.{module}' has no attribute {name!r}: {sentence}"
        )
    with pytest.raises(AttributeError, match=r"has no attribute 'nothing'$"):
        _ = own.nothing


@pytest.mark.parametrize("module", ABSENT)
def test_sentences_name_what_there_is(module):
    """Each substitute with a capital is a class of the package, or of a library that is named."""
    foreign = {"CountVectorizer", "PyDataset", "Keras", "Custom", "Orthogonal", "False"}
    for sentence in ABSENT[module].values():
        for word in re.findall(r"\b[A-Z][A-Za-z]+(?:[12]D|\b)", sentence):
            places = ("layers", "optimizers", "callbacks", "regularizers", "losses", "initializers")
            known = any(keras_table.is_here(place, word) for place in places)
            assert known or word in foreign, (sentence, word)


def test_sequences_as_images_of_width_one(keras):
    """What the sentence about 1-D layers says, computed by Keras' own layer."""
    x = np.random.default_rng(0).standard_normal((2, 7, 3)).astype(np.float32)
    theirs = keras.Sequential([keras.Input((7, 3)), keras.layers.DepthwiseConv1D(3)])
    ours = fs.Sequential(
        [
            fs.Input((7, 3)),
            layers.Reshape((7, 1, 3)),
            layers.DepthwiseConv2D((3, 1)),
            layers.Reshape((5, 3)),
        ]
    )
    kernel, bias = (np.asarray(w.value.detach()) for w in theirs.weights)
    ours.set_weights([kernel[:, None], bias])
    expected = theirs.predict(x, verbose=0)
    np.testing.assert_allclose(ours.predict(x), expected, rtol=0, atol=16 * 2.0**-23)
