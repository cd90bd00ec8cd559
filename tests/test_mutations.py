"""A fault of one part in a thousand, in any operation of a program, is found by the comparison.

An operation is called by the address in its row. So one faulty operation serves for all: it stands
in the row in place of the original, calls that, and then multiplies one number in one of its
outputs by 1.001. In float64, where the bounds are below 1e-10 of the largest number.

The number is the first that is not zero. Where that makes no difference, because a ReLU after it is
closed, say, a later one is tried.

``FASTSCRATCH_MUTATIONS=all pytest tests/test_mutations.py`` tries each fault in every example.
"""

import bisect
import os

import numpy as np
import pytest
from numba import config, njit
from programs import OPERATIONS, WIDE, programs_of

from fastscratch.engine.plan import Plan
from fastscratch.engine.program import Phase
from fastscratch.examples import EXAMPLES, comparison
from fastscratch.examples.comparison import compare_training
from fastscratch.kernels.call import array_at, call
from fastscratch.kernels.program import columns as col

if config.DISABLE_JIT:
    pytest.skip("operations without addresses", allow_module_level=True)

#: What each operation computes: fields of its row that name a place (or the address of an array
#: outside the memory), or one of these:
#:
#: weights
#:     if the phase updates them.
#: gradient
#:     of the weights, where it waits for others.
#: squares
#:     the second half of float64 partial sums.
#: nothing
#:     It computes no number itself: the fault is that it leaves out its first item.
OUTPUTS = {
    "accumulate": ["sum"],
    "activation_backward": ["dz"],
    "activation_forward": ["a"],
    "add": ["a"],
    "average_pool2d_backward": ["dz"],
    "average_pool2d_forward": ["a"],
    "batch_norm_backward": ["dz", "partial"],
    "batch_norm_forward": ["a", "inverse", "moving_mean", "moving_variance"],
    "batch_norm_frozen_backward": ["dz"],
    "batch_norm_inference": ["a"],
    "batch_norm_mean": ["sums"],
    "batch_norm_sums": ["sums", "squares"],
    "batch_norm_variance": ["squares", "mean"],
    "bias_gradient": ["partial"],
    "bilinear_backward": ["dz"],
    "bilinear_forward": ["a"],
    "block_in_turn": ["nothing"],
    "bundle": ["nothing"],
    "average": ["average"],
    "chain": ["nothing"],
    "clip_norm": ["gradient"],
    "conv2d_backward_input": ["dz"],
    "conv2d_backward_weight": ["partial", "gradient", "weights"],
    "conv2d_forward": ["a"],
    "conv2d_maxima": ["a"],
    "conv2d_pack": ["packed"],
    "conv2d_transform": ["packed"],
    "conv2d_winner_pixels": ["partial"],
    "conv2d_winners": ["dz", "partial"],
    "copy": ["a"],
    "copy_backward": ["dz"],
    "denormalize": ["a"],
    "denormalize_backward": ["dz"],
    "dense_arrange": ["columns"],
    "dense_backward": ["dz", "gradient", "weights"],
    "dense_forward": ["a"],
    "dense_forward_block": ["a"],
    "dense_forward_few": ["a"],
    "dense_forward_outside": ["a"],
    "dense_forward_outside_few": ["a"],
    "dense_forward_part": ["parts"],
    "dense_hand_down_block": ["dz"],
    "dense_pack": ["panels"],
    "dense_sum_parts": ["a"],
    "dropout_backward": ["dz"],
    "dropout_forward": ["a"],
    "elu_backward": ["dz"],
    "elu_forward": ["a"],
    "embedding_backward": ["gradient", "weights"],
    "embedding_forward": ["a"],
    "epoch": ["nothing"],
    "from_lanes": ["a"],
    "gather": ["source_0_place", "source_1_place", "source_2_place"],
    "gather_block": ["source_0_place"],
    "gaussian_noise": ["a"],
    "global_average_pool2d_backward": ["dz"],
    "global_average_pool2d_forward": ["a"],
    "hand_down": ["dz"],
    "layer_norm_backward": ["dz", "partial"],
    "layer_norm_forward": ["a", "mean", "variance"],
    "loss": ["losses_at", "da"],
    "loss_of_rows": ["losses_at", "da"],
    "max_pool2d_backward": ["dz"],
    "max_pool2d_forward": ["a"],
    "maximum": ["a"],
    "maximum_backward": ["dz"],
    "minimum": ["a"],
    "min_max_norm": ["constrained"],
    "minimum_backward": ["dz"],
    "mostly_zeros_backward": ["gradient", "weights"],
    "mostly_zeros_forward_block": ["a"],
    "mostly_zeros_forward_part": ["parts"],
    "multiply": ["a"],
    "multiply_backward": ["dz"],
    "non_negative": ["constrained"],
    "normalize": ["a"],
    "normalize_backward": ["dz"],
    "penalty": ["totals"],
    "prelu_backward": ["dz", "partial"],
    "prelu_forward": ["a"],
    "rectifier_backward": ["dz"],
    "rectifier_forward": ["a"],
    "rescale": ["a"],
    "rescale_backward": ["dz"],
    "scale": ["a"],
    "scale_backward": ["dz"],
    "scatter": ["results"],
    "scatter_block": ["results"],
    "sparse_backward": ["gradient", "weights"],
    "sparse_forward": ["a"],
    "sparse_sort": ["nothing"],
    "short_softmax": ["a"],
    "spatial_dropout_backward": ["dz"],
    "spatial_dropout_forward": ["a"],
    "subtract": ["a"],
    "sum_gradients": ["dz"],
    "to_lanes": ["da", "dz"],
    "totals": ["totals"],
    "update": ["gradient", "weights"],
    "winners_pack": ["packed"],
}
#: What can be wrong in an example without any effect, and why.
UNSEEN = {
    ("epoch", "nothing"): "the mini-batches may have the same samples, in another order",
    ("gather", "source_0_place"): "a class number that is a little too large is the same class",
    ("gather", "source_1_place"): "so is a label",
    ("layer_norm_backward", "partial"): "a frozen layer has no use for it",
}
FAULTS = [(operation, output) for operation, outputs in OUTPUTS.items() for output in outputs]

# This many numbers that are not zero are passed over before one gets the fault.
PASSED_OVER = (0, 1, 3, 7, 15, 40, 100, 400)

ALL = os.environ.get("FASTSCRATCH_MUTATIONS") == "all"

# The column of a row that no operation uses: the address of what `faulty_item` must know.
FAULT = col.COLUMNS - 1
# The original's address; how many numbers to pass over; where its output is; in that, where to
# begin and how many numbers to see.
ORIGINAL, PASSED, KIND, WHERE, START, SIZE = range(6)
IN_MEMORY, OUTSIDE, LEFT_OUT = range(3)


@njit  # Numba's own: the package's cache does not see a change of this file
def faulty_item(memory, row, samples, item, worker, step):
    """The original operation, with a fault in what its first item computes."""
    fault = array_at(row[FAULT], 6, np.int64)
    if item > 0 or fault[KIND] != LEFT_OUT:
        call(fault[ORIGINAL], memory, row, samples, item, worker, step)
    if item > 0 or fault[KIND] == LEFT_OUT:
        return
    start, stop = fault[START], fault[START] + fault[SIZE]
    if fault[KIND] == IN_MEMORY:
        numbers = memory[fault[WHERE] :][start:stop]
    else:
        numbers = array_at(row[fault[WHERE]], stop, np.float64)[start:]
    passed = 0
    for i in range(numbers.size):
        if numbers[i] != 0:
            if passed == fault[PASSED]:
                numbers[i] *= 1.001
                break
            passed += 1


def where(output, phase, ends):
    """Where a phase has an output: `KIND`, `WHERE`, `START`, `SIZE`; None if it has not.

    `ends` are the places in the memory where something else begins.
    """
    record = {field.name: value for field, value in phase.record.items()}
    columns = {field.name: column for column, field in phase.operation.fields.items()}
    updates = record.get("update", col.NONE) != col.NONE
    if output == "nothing":
        return LEFT_OUT, 0, 0, 0
    if output == "totals":  # the float64 pair of an output, or of the penalties
        return OUTSIDE, columns["totals"], 2 * record["pair"], 1
    if output == "results":
        return OUTSIDE, columns["results"], 0, record["units"]
    start = 0
    if output == "weights":
        place = record["kernel"] if updates else col.NONE
    elif output == "gradient":
        has_one = "length" in record and not updates
        place = record["kernel"] + record["length"] if has_one else col.NONE
    elif output == "squares":
        place, start = record["sums"], phase.items * record["channels"]
    else:
        place = record.get(output, col.NONE)
    if place == col.NONE:
        return None
    return IN_MEMORY, place, start, ends[bisect.bisect(ends, place)] - place - start


def address_of_fault(dtype):
    """Where the machine code of the faulty operation starts."""
    kinds = col.operation_kinds(dtype)
    faulty_item.compile(kinds)
    compiled = faulty_item.overloads[kinds]
    return compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)


@pytest.fixture
def plant(monkeypatch):
    """Return a function that puts a fault into all programs that are made from then on.

    It returns the list of the rows that are faulty.
    """
    row, finish, ends, kept = Phase.row, Plan.finish, [], []

    def finish_and_note_ends(self, *arguments):
        ends[:] = [*sorted(self.sizes), self.end]
        return finish(self, *arguments)

    def plant(operation, output, passed=0):
        def faulty_row(self, dtype):
            made = row(self, dtype)
            if self.operation.__name__ == f"{operation}_item":
                place = where(output, self, ends)
                if place is not None:
                    kept.append(np.array([made[col.ADDRESS], passed, *place]))
                    made[FAULT] = kept[-1].ctypes.data
                    made[col.ADDRESS] = address_of_fault(dtype)
            return made

        kept.clear()
        monkeypatch.setattr(Phase, "row", faulty_row)
        monkeypatch.setattr(Plan, "finish", finish_and_note_ends)
        monkeypatch.setattr(comparison, "get_num_threads", lambda: 1)
        return kept

    return plant


@pytest.fixture(scope="module")
def examples_of():
    """Return a function that gives the examples whose programs have an operation."""
    reached = {
        name: set().union(*(one.program.operations() for one in programs_of(example, "float64")))
        for name, example in EXAMPLES.items()
    }
    return lambda operation: [name for name in EXAMPLES if operation in reached[name]]


def errors(name):
    """The errors of an example that are too large."""
    compared = compare_training(EXAMPLES[name], "float64")
    return {kind: error for kind, error in compared.errors.items() if not error <= compared.bound}


@pytest.mark.slow
@pytest.mark.parametrize(("operation", "output"), FAULTS)
def test_a_fault_is_found(plant, examples_of, operation, output):
    with_output, missed = [], []
    for name in examples_of(operation):
        for passed in PASSED_OVER:
            rows = plant(operation, output, passed)
            found = errors(name)
            if found or not rows:
                break
        if rows:
            with_output.append(name)
            if not found:
                missed.append(name)
            if not ALL:
                break
    assert with_output, "no example has the output"
    if ALL and (operation, output) in UNSEEN:
        assert missed != with_output
    else:
        assert not missed


def test_every_operation_has_a_fault():
    assert set(OUTPUTS) == set(OPERATIONS) - WIDE


@pytest.mark.parametrize("operation", OPERATIONS)
def test_operations_leave_the_column_of_the_fault_free(operation):
    assert FAULT not in OPERATIONS[operation].fields


def test_without_a_fault_nothing_is_found(plant):
    rows = plant("none", "a")
    assert not errors(next(iter(EXAMPLES)))
    assert not rows
