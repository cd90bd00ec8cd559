"""The README's table of speeds: naive twin, NumPy, and this package on 1 and 2 threads.

Run ``python asv_benchmarks/speed_table.py`` on a quiet machine. The sides take turns, each figure
is the minimum of its turns, and compile time is not counted. NumPy is written as one would write
it there: whole arrays, a loop over steps.
"""

import itertools
import platform
import time

import numba
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

import fastscratch
from fastscratch import Sequential, layers, optimizers
from fastscratch.kernels import KERNELS
from fastscratch.reference.conv2d import conv2d_image_forward as naive_conv
from fastscratch.reference.gradient_descent import gradient_descent as naive_descent
from fastscratch.reference.layers import Dense as NaiveDense
from fastscratch.reference.network import sequential as naive_network
from fastscratch.reference.train import Optimizer
from fastscratch.reference.train import update_mini_batch as naive_update

TURNS = 7
REST = 0.2  # seconds: idle threads of one side go on spinning for a while, on the other's time


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def training(sizes, batch_size, n_steps):
    """Steps of SGD on a network of sigmoids: naive, NumPy, `Sequential.fit`."""
    rng = np.random.default_rng(0)
    n = 10 * batch_size
    x = rng.random((n, sizes[0]), np.float32)
    y = np.eye(sizes[-1], dtype=np.float32)[rng.integers(sizes[-1], size=n)]
    names = ["sigmoid"] * (len(sizes) - 1)
    model = Sequential([layers.Input(sizes[:1])])
    for units, name in zip(sizes[1:], names, strict=True):
        model.add(layers.Dense(units, name))
    model.compile(optimizers.SGD(0.1), "multilabel_crossentropy")
    start = np.concatenate([weights.ravel() for weights in model.get_weights()])

    def ours():
        model.fit(x, y, batch_size, n_steps // 10, verbose=0)

    def vectorised():
        weights, offset = [], 0
        for n_in, n_out in itertools.pairwise(sizes):
            end = offset + n_in * n_out
            bias = start[end : end + n_out]
            weights.append([start[offset:end].reshape(n_in, n_out).copy(), bias.copy()])
            offset = end + n_out
        rate = np.float32(0.1)
        for step in range(n_steps):
            if step % 10 == 0:
                rows = rng.permutation(n)
            batch = rows[step % 10 * batch_size :][:batch_size]
            activations = [x[batch]]
            for kernel, bias in weights:
                activations.append(sigmoid(activations[-1] @ kernel + bias))
            dz = (activations[-1] - y[batch]) / np.float32(batch_size)
            for layer in reversed(range(len(weights))):
                kernel, bias = weights[layer]
                a = activations[layer]
                below = dz @ kernel.T * a * (1 - a) if layer else None
                kernel -= rate * (a.T @ dz)
                bias -= rate * dz.sum(axis=0)
                dz = below

    def naive(steps):
        net = naive_network([NaiveDense(units, "sigmoid") for units in sizes[1:]])
        flat = [array.tolist() for array in model.get_weights()]
        weights = [flat[i : i + 2] for i in range(0, len(flat), 2)]
        batch = ([x[:batch_size].tolist()], [y[:batch_size].tolist()], ["multilabel_crossentropy"])
        begin = time.perf_counter()
        for _ in range(steps):
            naive_update(net, weights, *batch, Optimizer(), 0.1)
        return (time.perf_counter() - begin) / steps

    return naive(3), n_steps, vectorised, ours


def descent():
    """Iterations of the essay's logistic regression: 100 rows, 3 columns, float64."""
    rng = np.random.default_rng(0)
    X, y = rng.random((100, 3)), rng.integers(2, size=(100, 1)).astype(float)
    n_iterations = 20_000

    def kernel():
        KERNELS["gradient_descent"](np.zeros((3, 1)), X, y, 1, 0.1, n_iterations)

    def vectorised():
        b = np.zeros((3, 1))
        for _ in range(n_iterations):
            b -= 0.1 / 100 * (X.T @ (sigmoid(X @ b) - y))

    begin = time.perf_counter()
    naive_descent([[0.0]] * 3, X.tolist(), y.tolist(), "sigmoid", 0.1, 100)
    return (time.perf_counter() - begin) / 100, n_iterations, vectorised, kernel


def convolution():
    """One 3 x 3 filter over an image of 1024 x 1024, float32."""
    rng = np.random.default_rng(0)
    image = rng.random((1024, 1024), np.float32)
    filter_ = rng.random((3, 3), np.float32)
    out = np.empty((1022, 1022), np.float32)

    def vectorised():
        np.einsum("yxab,ab->yx", sliding_window_view(image, (3, 3)), filter_, out=out)

    crop = [[0.0] * 126 for _ in range(126)]
    begin = time.perf_counter()
    naive_conv(crop, image[:128, :128].tolist(), filter_.tolist())
    naive = (time.perf_counter() - begin) * out.size / 126**2
    return naive, 1, vectorised, lambda: KERNELS["conv2d_image_forward"](out, image, filter_)


def measure(naive, repeats, vectorised, kernel):
    """Seconds per repeat: naive, NumPy, kernel on one thread and on two."""
    best = [np.inf] * 3
    for _ in range(TURNS):
        for place, (function, threads) in enumerate(((vectorised, 1), (kernel, 1), (kernel, 2))):
            if place:
                fastscratch.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
            time.sleep(REST)
            begin = time.perf_counter()
            function()
            best[place] = min(best[place], (time.perf_counter() - begin) / repeats)
    return [naive, *best]


def micro(seconds):
    us = seconds * 1e6
    return f"{us:,.1f} µs" if us < 100 else f"{us:,.0f} µs" if us < 1e5 else f"{seconds:,.2f} s"


def main():
    print(
        f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, "
        f"NumPy {np.__version__}, Numba {numba.__version__}, {fastscratch.threading_layer()}\n"
    )
    print("| | naive twin | NumPy | 1 thread | 2 threads | over naive | over NumPy |")
    print("|---|---|---|---|---|---|---|")
    for title, case in (
        ("logistic regression, an iteration, 100 x 3", descent()),
        ("4-40-3 sigmoid, a step, batch 10", training([4, 40, 3], 10, 5000)),
        ("784-100-10 sigmoid, a step, batch 10", training([784, 100, 10], 10, 500)),
        ("784-512-10 sigmoid, a step, batch 128", training([784, 512, 10], 128, 30)),
        ("3 x 3 filter over 1024 x 1024", convolution()),
    ):
        times = measure(*case)
        ours = min(times[2:])
        ratios = f"{times[0] / ours:,.0f}x | {times[1] / ours:.1f}x"
        print(f"| {title} | {' | '.join(map(micro, times))} | {ratios} |")


if __name__ == "__main__":
    main()
