"""Train for a long time while everything disturbs: nothing may be lost, not a bit.

    python tests/long_run.py --minutes 30

Models are trained under Ctrl-C at random moments and random changes of the number of threads, while
other threads predict with them. After each fit, ended by Ctrl-C or of itself, its model predicts,
and a second process, which nothing disturbs, takes the same steps and predicts too: the same bits,
or it is wrong. So is a prediction in the middle of a fit that is no distribution over the classes.
"""

import argparse
import collections
import math
import multiprocessing
import random
import signal
import sys
import threading
import time

import numpy as np

import fastscratch
from fastscratch import Sequential, layers, utils
from fastscratch.callbacks import LambdaCallback
from fastscratch.models.fitting import Fit

SAMPLES, CLASSES, BATCH, PREDICTED = 600, 10, 32, 50
SECONDS_TO_CTRL_C = 0.03  # on average
PREDICTING_THREADS = 3

# The first is trained by one thread, the others by a team.
SHAPES = [(20,), (300,), (12, 12, 3)]
BODIES = [
    [layers.Dense(50, "relu"), layers.Dropout(0.3)],
    [layers.Dense(256, "relu"), layers.Dropout(0.5)],
    [layers.Conv2D(32, 3), layers.BatchNormalization(), layers.MaxPooling2D(2), layers.Flatten()],
]


def make_models():
    """The models, each with its samples and labels."""
    utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    labels = rng.integers(CLASSES, size=SAMPLES)
    models = []
    for shape, body in zip(SHAPES, BODIES, strict=True):
        model = Sequential([layers.Input(shape), *body, layers.Dense(CLASSES, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy")
        model.count_params()  # builds it
        models.append((model, rng.random((SAMPLES, *shape), np.float32), labels))
    return models


def outcome(model, x):
    """What is compared: the weights and the counters, and what the model predicts."""
    weights = np.concatenate([weight.ravel() for weight in model.get_weights()])
    counts = model.iterations, model.trained_epochs
    return counts, weights.tobytes(), model.predict(x[:PREDICTED]).tobytes()


def take_the_same_steps(fits):
    """The second process: repeats the fits it is told of, and tells how many came out otherwise."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    fastscratch.set_num_threads(1)
    models, wrong = make_models(), 0
    while (told := fits.recv()) is not None:
        number, steps, disturbed = told
        model, x, y = models[number]
        if steps:
            data = model._data(x, y)
            epochs = math.ceil(steps * BATCH / SAMPLES) + 1
            Fit(model, data, BATCH, epochs, shuffle=True, terminate_on_nan=True).run(0, steps)
        wrong += outcome(model, x) != disturbed
    fits.send(wrong)


class Disturbances:
    """Threads that press Ctrl-C and predict; what happened is counted."""

    def __init__(self, models, seed):
        self.models, self.seed = models, seed
        self.counts = collections.Counter()
        self.is_fitting = self.is_over = False
        signal.signal(signal.SIGINT, self._hear)
        self._threads = [threading.Thread(target=self._press, daemon=True)]
        self._threads += [
            threading.Thread(target=self._predict, args=(seed + i,), daemon=True)
            for i in range(PREDICTING_THREADS)
        ]
        for thread in self._threads:
            thread.start()

    def end(self):
        self.is_over = True
        for thread in self._threads:
            thread.join()

    def change_threads(self, rng):
        fastscratch.set_num_threads(rng.randint(1, 2))
        self.counts["thread changes"] += 1

    def _hear(self, *_):
        if self.is_fitting:
            raise KeyboardInterrupt

    def _press(self):
        rng = random.Random(self.seed)
        while not self.is_over:
            time.sleep(rng.expovariate(1 / SECONDS_TO_CTRL_C))
            signal.raise_signal(signal.SIGINT)

    def _predict(self, seed):
        rng = random.Random(seed)
        while not self.is_over:
            model, x, _ = rng.choice(self.models)
            self.change_threads(rng)
            predicted = model.predict(x[: rng.randint(1, SAMPLES)], rng.choice([1, 16, 128]))
            self.counts["predictions"] += 1
            self.counts["wrong"] += not np.allclose(predicted.sum(axis=1), 1, atol=1e-5)


def train(models, seconds, seed, fits):
    """Train under disturbances, and tell the second process of each fit; what happened."""
    rng = random.Random(seed)
    all_around = Disturbances(models, seed)
    end = time.monotonic() + seconds
    counts = all_around.counts
    change = LambdaCallback(on_epoch_begin=lambda *_: all_around.change_threads(rng))
    while time.monotonic() < end:
        number = rng.randrange(len(models))
        model, x, y = models[number]
        before, epochs = model.iterations, rng.choice([1, 3, 10**6])
        callbacks = rng.choice([[], [change]])
        all_around.change_threads(rng)
        try:
            all_around.is_fitting = True
            model.fit(x, y, BATCH, epochs, callbacks=callbacks, verbose=0)
            all_around.is_fitting = False
        except KeyboardInterrupt:
            all_around.is_fitting = False
            counts["interrupts"] += 1
        steps = model.iterations - before
        counts["fits"] += 1
        counts["steps"] += steps
        fits.send((number, steps, outcome(model, x)))
    all_around.end()
    fits.send(None)
    counts["wrong"] += fits.recv()
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    second = context.Process(target=take_the_same_steps, args=(there,), daemon=True)
    second.start()
    models = make_models()
    counts = train(models, 60 * options.minutes, options.seed, here)
    second.join()
    print(
        f"{options.minutes:g} minutes on {fastscratch.threading_layer()}: "
        + ", ".join(
            f"{name} {counts[name]:,}"
            for name in ("steps", "fits", "interrupts", "thread changes", "predictions", "wrong")
        )
    )
    sys.exit(counts["wrong"] > 0)


if __name__ == "__main__":
    main()
