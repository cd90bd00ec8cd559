"""Every kernel against its naive twin: the truth is plain Python arithmetic in float64.

The table at the end of a run has the worst error of each kernel.
"""

import numpy as np
import pytest

import fastscratch
from fastscratch.cases import CASES, kernel_call
from fastscratch.comparison import DTYPES, compare, outputs, same_bits
from fastscratch.kernels import KERNELS

SMALL, TYPICAL = (
    {
        name: [case for case in CASES if case.kernel == name and case.typical == typical]
        for name in KERNELS
    }
    for typical in (False, True)
)

each_dtype = pytest.mark.parametrize(
    "dtype",
    [DTYPES[0], pytest.param(DTYPES[1], marks=pytest.mark.slow)],
    ids=["float32", "float64"],
)
SIZES = ["small", "typical"]
each_kernel = pytest.mark.parametrize("kernel", KERNELS)


@each_dtype
@pytest.mark.parametrize("cases", [SMALL, pytest.param(TYPICAL, marks=pytest.mark.slow)], ids=SIZES)
@each_kernel
def test_kernel_equals_twin(kernel, cases, dtype, show_comparison):
    comparisons = [compare(case, dtype) for case in cases[kernel]]
    for comparison in comparisons:
        show_comparison(comparison)
    assert [str(comparison) for comparison in comparisons if comparison.trouble] == []


@each_dtype
@each_kernel
def test_all_threads_give_the_bits_of_one(kernel, dtype):
    if fastscratch.get_num_threads() < 2:
        pytest.skip("only one thread here")
    cases = SMALL[kernel] + TYPICAL[kernel]
    assert [str(case) for case in cases if not same_bits(case, dtype)] == []


def in_one_block(arguments, distance, backwards):
    """The arguments, their arrays in one block of memory, this many bytes from one to the next."""
    arguments = list(arguments)
    places = [i for i, value in enumerate(arguments) if isinstance(value, np.ndarray)]
    block = np.empty(sum(arguments[i].nbytes + distance + 8 for i in places), np.uint8)
    start = 0
    for i in reversed(places) if backwards else places:
        array = arguments[i]
        arguments[i] = block[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
        arguments[i][...] = array
        start += -(-array.nbytes // 8) * 8 + distance
    return arguments


@each_kernel
def test_bits_do_not_hang_on_where_arrays_stand(kernel):
    """Arrays that stand close together get the scalar copy of a loop, which may add otherwise."""
    for case in SMALL[kernel]:
        for dtype in DTYPES:
            found = set()
            for distance in (0, 64, 4096):
                for backwards in (False, True):
                    function, arguments = kernel_call(case, dtype)
                    placed = in_one_block(arguments, distance, backwards)
                    results = outputs(case, function, placed)
                    found.add(b"".join(result.tobytes() for result in results))
            assert len(found) == 1, (str(case), dtype)
