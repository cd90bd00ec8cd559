"""Every kernel against its naive twin: the truth is plain Python arithmetic in float64.

The table at the end of a run has the worst error of each kernel.
"""

import inspect

import numpy as np
import pytest

import fastscratch
from fastscratch.cases import CASES, kernel_call
from fastscratch.comparison import DTYPES, compare, same_bits

each_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=["float32", "float64"])
each_case = pytest.mark.parametrize("case", CASES, ids=str)


@each_dtype
@each_case
def test_kernel_equals_twin(case, dtype, comparisons):
    comparison = compare(case, dtype)
    comparisons.append(comparison)
    assert not comparison.trouble


@each_dtype
@each_case
def test_all_threads_give_the_bits_of_one(case, dtype):
    if fastscratch.get_num_threads() < 2:
        pytest.skip("only one thread here")
    assert same_bits(case, dtype)


@each_case
def test_arguments_have_the_names_and_the_order_of_the_kernel(case):
    kernel, _ = kernel_call(case, np.float64)
    assert list(case.arguments(np.float64)) == list(inspect.signature(kernel).parameters)
