"""What the decorator promises of every kernel."""

import ast
import copy
import importlib
import inspect
import math
import pathlib
import pickle
import pkgutil
import signal
import threading

import numpy as np
import pytest
from children import run
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic

from fastscratch import kernels
from fastscratch.kernels import cache, losses
from fastscratch.kernels.jit import njit

if config.DISABLE_JIT:
    pytest.skip("nothing is compiled under NUMBA_DISABLE_JIT", allow_module_level=True)

from fastscratch.kernels import machine_code
from fastscratch.kernels.call import address, kind_of, values
from fastscratch.kernels.jit import Kernel, ParallelKernel

MODULES = [
    importlib.import_module(module.name)
    for module in pkgutil.walk_packages(kernels.__path__, "fastscratch.kernels.")
]
ALL_KERNELS = {
    f"{module.__name__.removeprefix('fastscratch.kernels.')}.{name}": kernel
    for module in MODULES
    for name, kernel in vars(module).items()
    if isinstance(kernel, Kernel) and kernel.__module__ == module.__name__
}


def compiled(function):
    """A kernel for one test, which is not kept on disk."""
    kernel = njit(function)
    kernel._cache.disable()
    return kernel


def test_every_public_kernel_is_compiled_by_the_policy():
    assert set(kernels.KERNELS.values()) <= set(ALL_KERNELS.values())


def test_flags():
    for name, kernel in ALL_KERNELS.items():
        options = kernel.targetoptions
        assert options["error_model"] == "numpy", name
        assert options["nogil"], name
        assert not (options["fastmath"] or set()) & {"fast", "nnan", "ninf"}, name


@pytest.fixture
def ctrl_c():
    """As in a process of one's own: one started in the background ignores it."""
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, handler)


@pytest.mark.parametrize("fails", [False, True])
def test_ctrl_c_is_heard_when_a_kernel_is_compiled(monkeypatch, ctrl_c, fails):
    """Numba, interrupted halfway, would crash later."""

    def press_and_load(*_):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        if fails:
            raise ZeroDivisionError

    @compiled
    def increment(x):
        return x + 1

    monkeypatch.setattr(increment._cache, "load_overload", press_and_load)
    with pytest.raises(KeyboardInterrupt):
        increment(1)
    assert len(increment.signatures) == (not fails)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_is_heard_when_the_address_of_a_kernel_is_known(monkeypatch, ctrl_c):
    """Else a lock of llvmlite may stay held, and other threads wait for it for ever."""

    @compiled
    def increment(x):
        return x + 1

    load, known = machine_code.load, []

    def press_and_load(*arguments):
        signal.raise_signal(signal.SIGINT)
        known.append(load(*arguments))
        return known[0]

    monkeypatch.setattr(machine_code, "load", press_and_load)
    with pytest.raises(KeyboardInterrupt):
        address(increment, types.int64)
    assert known == [address(increment, types.int64)]


CHOSEN = """
import numpy as np
from fastscratch import ops
from fastscratch.kernels import activations, losses
from fastscratch.kernels.jit import Kernel
ops.relu([1.0])
ops.huber_delta([1.0], [2.0])
for module in activations, losses:
    for name in module.__all__:
        if getattr(module, name)._addresses:
            print(name)
"""


def test_only_the_activation_that_is_called_is_compiled():
    loaded, _ = run(CHOSEN)
    assert loaded.split() == ["relu_forward", "huber_backward"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_losses_that_are_called_by_address_return_float64(dtype):
    for name, loss in losses.LOSSES.items():
        kinds = *(values(dtype),) * 2, *map(kind_of, loss.constants)
        assert loss.forward.compile_code(kinds).signature.return_type == types.float64, name


def test_another_thread_compiles_and_ignored_ctrl_c_stays_so():
    @compiled
    def increment(x):
        return x + 1

    worker = threading.Thread(target=increment, args=(1,))
    worker.start()
    worker.join()
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert increment(1.0) == 2.0
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, handler)
    assert len(increment.signatures) == 2


def test_division_by_zero_follows_numpy():
    @compiled
    def divide(out, x, y):
        for i in range(x.size):
            out[i] = x[i] / y[i]

    x = np.array([1.0, -1.0, 0.0, 1.0])
    y = np.array([0.0, 0.0, 0.0, np.inf])
    out = np.empty(4)
    divide(out, x, y)
    np.testing.assert_array_equal(out, [np.inf, -np.inf, np.nan, 0.0])


def test_nan_and_infinity_keep_their_meaning():
    @compiled
    def classify(out, x):
        for i in range(x.size):
            out[i] = math.isnan(x[i]) + 2 * math.isinf(x[i]) + 4 * (x[i] != x[i])

    x = np.array([1.0, np.nan, np.inf, -np.inf] * 9)  # long enough to be vectorised
    out = np.empty(x.size, np.int64)
    classify(out, x)
    np.testing.assert_array_equal(out, [0, 5, 2, 2] * 9)


@pytest.mark.parametrize("name", ["sigmoid_forward", "relu_forward", "tanh_forward"])
def test_nan_survives_a_kernel(name):
    z = np.array([0.5, np.nan, -0.5] * 9, np.float32)
    a = np.zeros_like(z)
    kernels.KERNELS[name](a, z)
    np.testing.assert_array_equal(np.isnan(a), np.isnan(z))


def test_keyword_arguments():
    z = np.zeros(3, np.float32)
    a = np.empty_like(z)
    kernels.KERNELS["sigmoid_forward"](z=z, a=a)
    assert a.tolist() == [0.5, 0.5, 0.5]


def test_kernels_are_pickled_by_name_and_look_like_their_functions():
    for name, kernel in ALL_KERNELS.items():
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            pickled = pickle.dumps(kernel, protocol)
            assert pickle.loads(pickled) is kernel, name
            assert len(pickled) < 200, name
        assert copy.deepcopy(kernel) is kernel, name
        assert inspect.signature(kernel) == inspect.signature(kernel.py_func), name
        assert kernel.__name__ == kernel.py_func.__name__, name
        assert kernel.__doc__ == kernel.py_func.__doc__, name


def test_python_function_gives_the_numbers_of_the_kernel():
    sigmoid_forward = kernels.KERNELS["sigmoid_forward"]
    z = np.linspace(-5, 5, 11)
    a, expected = np.empty(11), np.empty(11)
    sigmoid_forward(a, z)
    sigmoid_forward.py_func(expected, z)
    np.testing.assert_allclose(a, expected, rtol=1e-15)


def called_parallel_kernels(tree, module):
    """Names of the parallel kernels that a piece of code calls."""
    names = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    return {name for name in names if isinstance(vars(module).get(name), ParallelKernel)}


def functions_of_kernels():
    """Each function of the kernels' sources, with its module."""
    for module in MODULES:
        tree = ast.parse(pathlib.Path(module.__file__).read_text(encoding="utf-8"))
        yield from ((module, node) for node in tree.body if isinstance(node, ast.FunctionDef))


def test_parallel_kernels_are_called_where_they_may_be():
    for module, function in functions_of_kernels():
        called = called_parallel_kernels(function, module)
        if called:
            # Or its call from Python would not pass the guard.
            assert isinstance(vars(module)[function.name], ParallelKernel), (
                f"{function.name} calls {called}: wanted @njit(calls_parallel=True)"
            )
        for loop in (node for node in ast.walk(function) if isinstance(node, ast.For)):
            if isinstance(loop.iter, ast.Call) and getattr(loop.iter.func, "id", "") == "prange":
                # The workqueue layer aborts at a region within a region.
                assert not called_parallel_kernels(loop, module), f"in a prange of {function.name}"


@intrinsic
def is_counted(typingctx, array):
    """Whether Numba counts the references to an array."""

    def codegen(context, builder, signature, arguments):
        struct = context.make_array(array)(context, builder, arguments[0])
        return cgutils.is_not_null(builder, struct.meminfo)

    return types.boolean(array), codegen


def test_references_to_arrays_from_python_are_not_counted(monkeypatch):
    # Each slice of one would cost two atomic additions. Numba counts in the process that compiles.
    monkeypatch.setattr(cache, "load", lambda name, shipped=True: None)
    monkeypatch.setattr(cache, "save", lambda name, payload: None)
    assert not njit(lambda x: is_counted(x))(np.zeros(3))
