"""Training a network of dense layers: how it becomes a program, and a run of its steps.

A step of the program: forward through the layers, the loss, backward through the layers. Each is
one phase; a layer's backward phase computes the gradient of its input and of its weights and
updates the weights at once, while they are in the cache.
"""

from itertools import pairwise

import numpy as np

from . import activations as activations_module
from . import dense
from . import losses as loss_kernels
from .codes import CROSSENTROPIES, LINEAR, SGD
from .matmul import scratch_size
from .operations import address
from .optimizers import MAX_SLOTS, clip_norm_item
from .program import (
    ACTIVATE,
    ACTIVATION,
    ADDRESS,
    CLIPVALUE,
    COLUMNS,
    DA,
    FIRST_FREE,
    GRADIENT,
    ITEMS,
    NONE,
    OPTIMIZER,
    PARAMETERS,
    UNITS,
    UNITS_AN_ITEM,
    UPDATE,
    A,
    Z,
    run_steps,
)
from .simd import TILE_VECTORS, VECTOR_BYTES
from .threads import get_num_threads

__all__ = ["optimize_steps", "train_steps"]

# Multiply-adds that are worth an item. More items balance better, but each reads all inputs again.
ITEM_WORK = 200_000
MAX_ITEMS = 8
# Multiply-adds in a step that are worth a second thread: 784-100-10 gains nothing at batch 10 (2.4
# million, 54 us) and 12% at batch 20, for half of the weights change hands between the cores.
PARALLEL_WORK = 4_000_000
ALIGNMENT = 64  # bytes: a cache line, and the widest vector


class _Layout:
    """Hands out places in memory."""

    def __init__(self, dtype):
        self.unit = ALIGNMENT // dtype.itemsize
        self.end = FIRST_FREE

    def take(self, size):
        place = self.end
        self.end += -(-size // self.unit) * self.unit
        return place


def _aligned_zeros(size, dtype):
    block = np.zeros(size + ALIGNMENT // dtype.itemsize, dtype)
    first = -block.ctypes.data % ALIGNMENT // dtype.itemsize
    return block[first : first + size]


def _lower(
    sizes, activations, loss, optimizer, hyper, clipvalue, clipnorm, batch_size, dtype, workers
):
    """The program of a network, the size of its memory, and the places in it.

    Returns
    -------
    program : (phases, COLUMNS) int64 array
    memory_size : int
    parameters : int
        Place of the parameters, in their flat order.
    length : int
        How far behind them their gradient stands, behind that the first slot, and so on.
    places : (int, int, int)
        Of a mini-batch's inputs, targets and losses.
    """
    layout = _Layout(dtype)
    n_parameters = sum((n_in + 1) * n_out for n_in, n_out in pairwise(sizes))
    parameters = layout.take(n_parameters)
    length = layout.take(n_parameters) - parameters
    layout.take(MAX_SLOTS * length)
    x = layout.take(batch_size * sizes[0])
    y = layout.take(batch_size * sizes[-1])
    losses = layout.take(batch_size)
    outputs = [x, *(layout.take(batch_size * units) for units in sizes[1:])]
    doutputs = [NONE, *(layout.take(batch_size * units) for units in sizes[1:])]
    largest = max(*sizes, batch_size)
    worker_scratch = scratch_size(largest, largest, dtype.itemsize)
    scratch = layout.take(worker_scratch * workers)

    codes = list(activations)
    if loss in CROSSENTROPIES:
        codes[-1] = LINEAR  # they take logits
    # Scores apart from activations: some derivatives want the one, some the other.
    scores = [
        output if code == LINEAR else layout.take(batch_size * units)
        for output, code, units in zip(outputs, [LINEAR, *codes], sizes, strict=True)
    ]

    def units_an_item(units, work):
        """Units of an item, a multiple of a tile's width, where a unit is so many multiply-adds."""
        width = TILE_VECTORS * VECTOR_BYTES // dtype.itemsize
        items = max(1, min(MAX_ITEMS, units * work // ITEM_WORK))
        return min(units, width * -(-units // (width * items)))

    rows = []

    def add(operation, items, columns):
        row = np.full(COLUMNS, NONE)
        row[ADDRESS], row[ITEMS], row[GRADIENT] = address(operation, dtype), items, length
        for column, value in columns.items():
            row[column] = value
        rows.append(row)

    def activation(code, operation):
        if code == LINEAR:
            return {}
        return {ACTIVATION: code, ACTIVATE: address(operation, dtype)}

    numbers = np.array([clipvalue, clipnorm, *hyper])
    update = {
        UPDATE: address(dense.dense_update_item, dtype),
        PARAMETERS: parameters,
        OPTIMIZER: optimizer,
        **dict(enumerate(numbers.view(np.int64).tolist(), CLIPVALUE)),
    }
    if clipnorm < np.inf:  # no weight may move before the norm of the whole gradient is known
        update_later, update[UPDATE] = update[UPDATE], NONE
    layers, place = [], parameters
    for n_in, n_out in pairwise(sizes):
        layers.append(
            {
                dense.KERNEL: place,
                dense.BIAS: place + n_in * n_out,
                dense.SCRATCH: scratch,
                dense.SCRATCH_SIZE: worker_scratch,
            }
        )
        place += (n_in + 1) * n_out

    for depth, layer in enumerate(layers):
        n_in, n_out = sizes[depth], sizes[depth + 1]
        units = units_an_item(n_out, batch_size * n_in)
        add(
            dense.dense_forward_item,
            -(-n_out // units),
            layer
            | activation(codes[depth], activations_module.activation_forward_item)
            | {
                UNITS: n_out,
                UNITS_AN_ITEM: units,
                Z: scores[depth + 1],
                A: outputs[depth + 1],
                dense.OTHER_UNITS: n_in,
                dense.INPUT: outputs[depth],
            },
        )

    read_out = {
        UNITS: sizes[-1],
        UNITS_AN_ITEM: sizes[-1],
        Z: scores[-1],
        A: outputs[-1],
        DA: doutputs[-1],
    }
    add(
        loss_kernels.loss_item,
        -(-batch_size // loss_kernels.SAMPLES_AN_ITEM),
        read_out | {loss_kernels.LOSS: loss, loss_kernels.TARGETS: y, loss_kernels.LOSSES: losses},
    )
    if codes[-1] != LINEAR:
        backward = activations_module.activation_backward_item
        add(backward, 1, read_out | activation(codes[-1], backward))

    first_backward = len(rows)
    for depth, layer in reversed(list(enumerate(layers))):
        n_in, n_out = sizes[depth], sizes[depth + 1]
        units = units_an_item(n_in, 2 * batch_size * n_out)
        below = codes[depth - 1] if depth > 0 else LINEAR
        add(
            dense.dense_backward_item,
            -(-n_in // units),
            layer
            | update
            | activation(below, activations_module.activation_backward_item)
            | {
                UNITS: n_in,
                UNITS_AN_ITEM: units,
                Z: scores[depth],
                A: outputs[depth],
                DA: doutputs[depth],
                dense.OTHER_UNITS: n_out,
                dense.DOUTPUT: doutputs[depth + 1],
            },
        )
    if clipnorm < np.inf:
        backward_rows = rows[first_backward:]
        add(clip_norm_item, 1, update)
        for row in backward_rows:
            rows.append(row.copy())
            rows[-1][ADDRESS] = update_later
    return np.array(rows), layout.end, parameters, length, (x, y, losses)


def optimize_steps(
    parameters,
    slots,
    losses,
    order,
    x,
    y,
    sizes,
    activations,
    loss,
    optimizer,
    hyper,
    clipvalue,
    clipnorm,
    batch_size,
    learning_rates,
    iterations,
    shuffle_rows,
    seed,
    first_step,
):
    """Steps of mini-batch training with any optimiser, one for each of `learning_rates`.

    A run is one sequence of steps, ``ceil(n / batch_size)`` to an epoch, and can be cut into
    calls anywhere: the rows of an epoch are shuffled by its number, on its first step.

    Parameters
    ----------
    parameters : (p,) array
        Flat parameters, updated in place when the steps are done.
    slots : (n_slots, p) array
        What the optimiser remembers, as ``optimizers.optimizer_step`` takes it; updated likewise.
    losses : (epochs,) float64 array
        Mean loss of each epoch so far, each batch's taken before its update; updated in place.
    order : (n,) int array
        Order of the rows in the current epoch; kept between calls.
    x : (n, n_in) array
        Inputs.
    y : (n, n_out) array
        Targets.
    sizes : (layers + 1,) int array
    activations : (layers,) int array
        Places in ``codes.ACTIVATIONS``.
    loss : int
        Place in ``codes.LOSSES``.
    optimizer : int
        Place in ``codes.OPTIMIZERS``.
    hyper : (h,) float64 array
        As ``optimizers.optimizer_step`` takes it; the learning rate in it is not read.
    clipvalue, clipnorm : float
        Largest element of a gradient, or its largest norm; infinity for no bound, and at least
        one of them is infinity.
    batch_size : int
        The last batch of an epoch may be smaller.
    learning_rates : (n_steps,) float64 array
        Learning rate of each step.
    iterations : int
        Steps that the optimiser had taken before this run began.
    shuffle_rows : bool
        Otherwise the rows come in their own order.
    seed : int
        Seed of the shuffles.
    first_step : int
        Number of the first step within the run.
    """
    batch_size = min(batch_size, len(x))
    is_large = 3 * batch_size * parameters.size > PARALLEL_WORK
    workers = get_num_threads() if is_large else 1
    program, memory_size, place, length, places = _lower(
        sizes.tolist(),
        activations.tolist(),
        loss,
        optimizer,
        hyper,
        clipvalue,
        clipnorm,
        batch_size,
        parameters.dtype,
        workers,
    )
    memory = _aligned_zeros(memory_size, parameters.dtype)
    kept = [parameters, *slots]
    first = [place, *(place + (2 + k) * length for k in range(len(slots)))]
    for vector, at in zip(kept, first, strict=True):
        memory[at : at + vector.size] = vector
    run_steps(
        workers,
        program,
        memory,
        places,
        x,
        y,
        order,
        losses,
        batch_size,
        learning_rates,
        iterations,
        shuffle_rows,
        seed,
        first_step,
    )
    for vector, at in zip(kept, first, strict=True):
        vector[:] = memory[at : at + vector.size]


def train_steps(
    parameters,
    losses,
    order,
    x,
    y,
    sizes,
    activations,
    loss,
    batch_size,
    learning_rate,
    shuffle_rows,
    seed,
    first_step,
    n_steps,
):
    """Steps ``first_step ... first_step + n_steps - 1`` of plain stochastic gradient descent.

    The essay's ``SGD``: :func:`optimize_steps` with the plainest optimiser and one learning rate.

    Parameters
    ----------
    parameters : (p,) array
        Flat parameters, updated in place when the steps are done.
    losses : (epochs,) float64 array
        Mean loss of each epoch so far; updated in place.
    order : (n,) int array
        Order of the rows in the current epoch; kept between calls.
    x : (n, n_in) array
        Inputs.
    y : (n, n_out) array
        Targets.
    sizes : (layers + 1,) int array
    activations : (layers,) int array
        Places in ``codes.ACTIVATIONS``.
    loss : int
        Place in ``codes.LOSSES``.
    batch_size : int
        The last batch of an epoch may be smaller.
    learning_rate : float
    shuffle_rows : bool
        Otherwise the rows come in their own order.
    seed : int
        Seed of the shuffles.
    first_step, n_steps : int
    """
    optimize_steps(
        parameters,
        np.empty((0, parameters.size), parameters.dtype),
        losses,
        order,
        x,
        y,
        sizes,
        activations,
        loss,
        SGD,
        np.zeros(2),
        np.inf,
        np.inf,
        batch_size,
        np.full(n_steps, float(learning_rate)),
        0,
        shuffle_rows,
        seed,
        first_step,
    )
