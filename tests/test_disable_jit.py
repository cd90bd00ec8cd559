"""The kernels as plain Python: under ``NUMBA_DISABLE_JIT=1`` they still equal their twins.

Compiled code checks no index, and Numba's own bounds check does not see parallel loops; Python
raises IndexError. So every kernel runs uncompiled in a child process, on its small cases, once as
they are and once cut into as many chunks as there are items; and so do the operations of programs,
in the networks of `test_gradients`.
"""

import pathlib

import numpy as np
import pytest
from test_gradients import ROUNDING, SMALL_DRAWS, Draw

from fastscratch.layers import Dropout

CHILD = """
import numpy as np

from fastscratch.cases import CASES
from fastscratch.comparison import compare
from fastscratch.kernels import KERNELS, chunks

assert not hasattr(KERNELS["dense_forward"], "py_func"), "the kernels are compiled"


def is_small(case):
    arrays = [v for v in case.arguments(np.float64).values() if isinstance(v, np.ndarray)]
    return not case.typical and sum(array.size for array in arrays) <= 5000


# random_bits has but one case; Python's own exp overflows where the compiled one gives infinity.
cases = [case for case in CASES if is_small(case) or case.kernel == "random_bits"]
cases = [case for case in cases if case.label != "extreme"]
assert {case.kernel for case in cases} == set(KERNELS)

np.seterr(over="ignore")  # the random numbers are modulo 2**64 on purpose
for chunks.CHUNK_WORK in (chunks.CHUNK_WORK, 1):
    chunks.SERIAL_WORK = chunks.CHUNK_WORK
    for case in cases:
        for dtype in (np.float32, np.float64):
            comparison = compare(case, dtype)
            assert not comparison.trouble, str(comparison)
print(len(cases))
"""


@pytest.mark.slow
def test_kernels_equal_their_twins_uncompiled(child):
    assert int(child(CHILD, NUMBA_DISABLE_JIT="1")) > 100


NETWORKS_CHILD = """
import numpy as np
from test_gradients import SMALL_DRAWS, Draw

np.seterr(over="ignore")
steps = {}
for draw in SMALL_DRAWS:
    for step, (_, loss, gradient, *_) in enumerate(Draw(*draw.values).steps()):
        steps[f"{draw.id} {step}"] = np.append(gradient, loss)
np.savez(FILE, **steps)
"""


@pytest.mark.slow
def test_networks_train_uncompiled(child, tmp_path):
    file = tmp_path / "steps.npz"
    folder = str(pathlib.Path(__file__).parent)
    code = NETWORKS_CHILD.replace("FILE", repr(str(file)))
    child(code, NUMBA_DISABLE_JIT="1", PYTHONPATH=folder)
    with np.load(file) as uncompiled:
        for param in SMALL_DRAWS:
            draw = Draw(*param.values)
            network = draw.network
            if len(network.shapes[0]) == 3 and any(type(d) is Dropout for d in network.layers):
                continue  # the layout, and so the dice, follow the width of the machine's vectors
            for step, (_, loss, gradient, *_) in enumerate(draw.steps()):
                expected = np.append(gradient, loss)
                bound = ROUNDING * max(1, abs(expected).max())
                found = uncompiled[f"{param.id} {step}"]
                assert found == pytest.approx(expected, rel=0, abs=bound), draw
