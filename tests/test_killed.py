"""Processes that are killed while they save: the file is whole, and training goes on from it."""

import os
import textwrap

import pytest
from children import finish, start

from fastscratch import Sequential, layers, load_model
from fastscratch.models import replacing

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes to kill")

KILLS = int(os.environ.get("FASTSCRATCH_KILLS", 50))
few_or_many = pytest.mark.parametrize("kills", [15, pytest.param(KILLS, marks=pytest.mark.slow)])

# One process forks the others: they need not import anything, so that hundreds of them are quick.
KILL = """
import os, pathlib, random, signal, time
import numpy as np
from fastscratch import Sequential, layers, load_model, optimizers, utils
from fastscratch.callbacks import ModelCheckpoint

def kill_while(work, seconds):
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)
"""

# Everything that has a state: Adam, a schedule, the order of the samples, dropout, moving averages.
TRAINING = """
x = np.random.default_rng(0).random((40, 8), np.float32)
y = np.arange(40) % 3

def new_model():
    utils.set_random_seed(5)
    model = Sequential(
        [
            layers.Input((8,)),
            layers.Dense(16, "relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Dense(3, "softmax"),
        ]
    )
    rate = optimizers.schedules.CosineDecay(0.02, 400)
    model.compile(optimizers.Adam(rate), "sparse_categorical_crossentropy")
    return model

def go_on(model, epochs, callbacks=()):
    model.fit(x, y, batch_size=8, epochs=epochs, initial_epoch=model.trained_epochs,
              callbacks=callbacks, verbose=0)

def bits(model):
    return [array.tobytes() for array in (*model.get_weights(), *model._state.slots)]
"""


def child(*parts, **values):
    """What a process printed that ran pieces of code; it has one thread, so that it may fork."""
    lines = [f"{name} = {value!r}" for name, value in values.items()]
    code = "\n".join([*lines, *map(textwrap.dedent, parts)])
    alone = start(code, NUMBA_NUM_THREADS=1, OPENBLAS_NUM_THREADS=1)
    return finish(alone)[0]


@few_or_many
def test_a_save_killed_at_a_random_moment_leaves_a_whole_file(tmp_path, kills):
    """The child saves states of 1 MB; of each, all weights are its number."""
    code = """
    moment = random.Random(0)
    path = pathlib.Path(FOLDER, "model")
    model = Sequential([layers.Input((500,)), layers.Dense(500, use_bias=False)])

    def save(number):
        model.set_weights([np.full((500, 500), number, np.float32)])
        model.metadata = {"number": number}
        model.save(path)

    def save_on():
        for number in range(last + 1, 10**6):
            save(number)

    save(0)
    last, killed, seconds = 0, 0, 0.06
    while killed < KILLS or not last:
        killed += kill_while(save_on, moment.uniform(0, seconds))
        loaded = load_model(path)
        number = loaded.metadata["number"]
        assert number >= last and (loaded.get_weights()[0] == number).all(), (number, last)
        last = number
        seconds = 0.06 if last else 2 * seconds  # for a first save on a busy machine
    left = [file for file in path.parent.iterdir() if file != path]
    assert all(file.name.startswith(".model.") for file in left), left
    print(killed, last, len(left))
    """
    out = child(KILL, code, FOLDER=str(tmp_path), KILLS=kills)
    killed, saved, left = map(int, out.split())
    assert killed >= kills
    assert saved > 0
    print(f"{killed} kills in {saved} saves, {left} of them while a file was written")

    # What they left is removed by a later save, once it is certain that nobody writes it.
    model = load_model(tmp_path / "model")
    model.save(tmp_path / "model")
    assert len(list(tmp_path.iterdir())) == 1 + left
    for file in tmp_path.glob(".model.*"):
        os.utime(file, (0, 0))
    other = tmp_path / ".models.0.part"
    other.touch()
    model.save(tmp_path / "model")
    assert sorted(file.name for file in tmp_path.iterdir()) == [other.name, "model"]


def test_what_another_process_is_writing_stays(tmp_path):
    writing = tmp_path / ".model.0123456789abcdef.part"
    writing.touch()
    Sequential([layers.Dense(1, input_shape=(1,))]).save(tmp_path / "model")
    assert writing.exists()
    past = writing.stat().st_mtime - replacing.LEFTOVER_SECONDS
    os.utime(writing, (past, past))
    Sequential([layers.Dense(1, input_shape=(1,))]).save(tmp_path / "model")
    assert not writing.exists()


@few_or_many
def test_checkpoints_of_a_fit_that_is_killed_again_and_again(tmp_path, kills):
    """The file is always that of an epoch, and the training that goes on from it gets there."""
    code = """
    moment = random.Random(1)
    path = pathlib.Path(FOLDER, "model")
    model = new_model()
    expected = {}
    for epoch in range(1, 101):
        go_on(model, epoch)
        expected[epoch] = bits(model)

    model = new_model()
    model.save(path)
    epoch, kills, seconds = 0, 0, 0.06
    while kills < KILLS or not epoch:
        kills += 1
        kill_while(lambda: go_on(model, 100, [ModelCheckpoint(path)]), moment.uniform(0, seconds))
        model = load_model(path)
        epoch = model.trained_epochs
        assert epoch == 0 or bits(model) == expected[epoch], epoch
        seconds = 0.06 if epoch else 2 * seconds  # for a first epoch on a busy machine
    go_on(model, 100)
    assert bits(model) == expected[100]
    print(epoch)
    """
    epochs = int(child(KILL, TRAINING, code, FOLDER=str(tmp_path), KILLS=kills))
    assert epochs > 0
    print(f"{kills} kills in {epochs} epochs")


@pytest.mark.slow
def test_a_killed_training_goes_on_in_a_fresh_process(tmp_path):
    """The bits of a run in one go, in four processes of which two are killed."""
    begin = "model = new_model()"
    fit_and_die = """
    class Die(ModelCheckpoint):
        def on_train_batch_end(self, batch, logs=None):
            if (self.model.trained_epochs, batch) == (EPOCH, 3):
                os.kill(os.getpid(), signal.SIGKILL)

    go_on(model, 20, [Die(PATH)])
    """
    fit = "go_on(model, 20)"
    resume = "model = load_model(PATH)"
    show = "import hashlib; print(hashlib.sha256(b''.join(bits(model))).hexdigest())"
    options = {"PATH": str(tmp_path / "model")}
    in_one_go = child(KILL, TRAINING, begin, fit, show, **options)
    for model, epoch in ((begin, 8), (resume, 15)):
        with pytest.raises(AssertionError, match="exit code -9"):
            child(KILL, TRAINING, model, fit_and_die, EPOCH=epoch, **options)
        assert load_model(options["PATH"]).trained_epochs == epoch - 1
    assert child(KILL, TRAINING, resume, fit, show, **options) == in_one_go
    assert len(in_one_go) == 64
