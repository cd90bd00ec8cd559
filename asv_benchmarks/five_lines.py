"""The essay's five lines on full MNIST, here and with Keras: seconds, and digits told right.

Each has a process of its own; Keras computes with PyTorch (``pip install -e ".[bench]"``)::

    python -m asv_benchmarks.five_lines path/to/mnist --epochs 5 --rounds 3

Each turn starts from new weights. The seconds are those of `fit` alone; the first turn of each,
which compiles or loads code, is named apart.
"""

import argparse
import importlib
import os
import subprocess
import sys
import time

import numpy as np

from fastscratch.datasets import load_mnist

PACKAGES = {"fastscratch": "fastscratch", "keras": "Keras (PyTorch)"}


def train(package, folder, epochs):
    """Train with a package, once each time a line comes in; print seconds and accuracy."""
    (x_train, y_train), (x_test, y_test) = load_mnist(folder)
    x_train, x_test = (x.reshape(-1, 784).astype("float32") / 255 for x in (x_train, x_test))
    y_train = np.eye(10, dtype="float32")[y_train]
    library = importlib.import_module(package)
    Dense = library.layers.Dense
    for _ in sys.stdin:
        network = library.Sequential()
        network.add(library.layers.Input((784,)))  # Keras 3 warns of input_shape
        network.add(Dense(512, activation="relu"))
        network.add(Dense(10, activation="softmax"))
        network.compile(loss="categorical_crossentropy", optimizer=library.optimizers.RMSprop())
        start = time.perf_counter()
        network.fit(x_train, y_train, epochs=epochs, batch_size=128, verbose=0)
        seconds = time.perf_counter() - start
        predicted = network.predict(x_test, verbose=0)
        print(seconds, (predicted.argmax(axis=1) == y_test).mean(), flush=True)


def main():
    parser = argparse.ArgumentParser(prog="python -m asv_benchmarks.five_lines")
    parser.add_argument("folder", help="with the four IDX files of MNIST")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3, help="turns of each (default: 3)")
    parser.add_argument("--package", choices=PACKAGES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.package:
        train(options.package, options.folder, options.epochs)
        return
    command = [sys.executable, "-m", "asv_benchmarks.five_lines", options.folder]
    command += ["--epochs", str(options.epochs)]
    processes = {
        package: subprocess.Popen(
            [*command, "--package", package],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"KERAS_BACKEND": "torch"},
        )
        for package in PACKAGES
    }
    print(f"784-512-10 relu, RMSprop, batches of 128, {options.epochs} epochs of 60,000 digits")
    for turn in range(options.rounds):
        for package, process in processes.items():
            process.stdin.write("\n")
            process.stdin.flush()
            seconds, right = map(float, process.stdout.readline().split())
            first = " (the first turn)" if turn == 0 else ""
            print(f"{PACKAGES[package]:16} {seconds:7.2f} s  {right:.2%} right{first}")
    for process in processes.values():
        process.stdin.close()
        process.wait()


if __name__ == "__main__":
    main()
