"""The one place that knows Numba's decorators and their flags.

Every kernel is compiled through :func:`njit` below, so that the policy stands once:

* ``error_model="numpy"``: with Python's, every division has a test for zero, and its loop does not
  vectorise (8 times slower for the sigmoid).
* ``fastmath`` is a short list, never ``True``: sums may be regrouped and fused
  (``reassoc``, ``contract``) and the sign of zero dropped (``nsz``), but NaN and infinity keep
  their meaning. Where ``a*b + c*d`` is fused the compiler chooses which product is rounded. It may
  choose differently in the scalar copy of a loop (which computes its tail, or all of it if arrays
  are close together in memory), or in the copy that is compiled into a caller. A kernel whose
  results must not depend on that is ``exact``: it has none of these flags.
* ``nogil``: other Python threads run meanwhile.
* Compiled code is kept on disk under the content of *all* kernels (see :mod:`.cache`).
* A call from Python that enters a parallel region passes :func:`.threads.region` first, so that
  no threading layer can abort the process (see :mod:`.threads`).
* Ctrl-C takes effect after a kernel has been compiled or loaded, not while it is: Numba would be
  left with incomplete code, or with a lock that nobody releases, and would crash or hang later.
"""

from threading import get_ident

from numba import config, get_thread_id, prange, types
from numba.core import typing
from numba.core.compiler_lock import global_compiler_lock
from numba.core.errors import NumbaError as CompileError
from numba.core.registry import CPUDispatcher
from numba.np.ufunc.parallel import _iget_num_threads

from . import cache, machine_code, threads
from .entry import entry_of
from .interrupts import ctrl_c_later
from .threads import inside

# All but njit and python_function are for use inside of kernels.
__all__ = [
    "CompileError",
    "get_thread_id",
    "njit",
    "prange",
    "python_function",
    "thread_count",
    "users",
]

FASTMATH = {"contract", "reassoc", "nsz"}


class Kernel(CPUDispatcher):
    """A compiled function with this package's disk cache."""

    targetdescr = machine_code.TARGET

    #: Whether other processes can load what one has compiled.
    is_shared = True

    def __init__(self, *args, **kwargs):
        CPUDispatcher.__init__(self, *args, **kwargs)
        self._code = {}
        self._addresses = {}
        self._entries = {}  # Numba's table of them does not keep them alive

    def enable_caching(self):
        self._cache = cache.KernelCache(self.py_func, self.targetoptions["parallel"])

    def compile(self, sig):
        """Compile for calls from Python: machine code, and the way into it."""
        with ctrl_c_later(), global_compiler_lock:
            # Once, when several threads call first: with two entries of one signature Numba's table
            # would find none, and each call would compile anew.
            if sig not in self._entries:
                self.address(sig)
                code = self._code[sig]
                self._entries[sig] = entry = entry_of(code, self._cache.entry_name(code.symbol))
                self._insert([kind._code for kind in sig], entry, False)
            return self._entries[sig]

    def address(self, sig):
        """Compile for calls by address; return where the machine code starts."""
        place = self._addresses.get(sig)
        return self._load(sig) if place is None else place

    def _load(self, sig):
        with ctrl_c_later(), global_compiler_lock:
            if sig not in self._addresses:
                self._code[sig] = code = self._cache.machine_code(sig, self.compile_code)
                for prepare in code.needs:
                    prepare()
                place = machine_code.load(code.object_code, code.symbol, code.environments)
                self._addresses[sig] = place
            return self._addresses[sig]

    def compile_code(self, sig):
        """Compile for calls from other kernels, into which the LLVM code is copied."""
        with ctrl_c_later(), global_compiler_lock:
            if sig not in self.overloads:
                with self._cache.claimed(sig):
                    CPUDispatcher.compile(self, sig)
            return self.overloads[sig]

    def is_loaded(self, sig):
        """Whether this process has the machine code of a specialisation."""
        return sig in self._addresses

    def is_kept(self, sig):
        """Whether the machine code of a specialisation is on disk."""
        return self._cache.is_kept(sig)

    def add_overload(self, cres):
        self.overloads[tuple(cres.signature.args)] = cres

    def get_call_template(self, args, kws):
        """How another kernel calls this one: with literal numbers as with any other numbers.

        Numba would compile a specialisation for each value, which takes 0.1 s. Where that is worth
        it, LLVM does it anyway, when it copies a function into its caller.
        """
        signature, args = self._compiler.fold_argument_types(args, kws)
        args = tuple(types.unliteral(kind) for kind in args)
        self.compile_code(args)
        name = self.py_func.__name__
        template = typing.make_concrete_template(name, name, self.nopython_signatures)
        return template, signature, args, {}

    def __reduce__(self):
        """Pickle as functions are, by name: another process then loads its own from disk.

        Numba would pickle the source, and compile it again in every process that receives it.
        """
        return self.__qualname__


class UsersKernel(Kernel):
    """A function that a user wrote.

    It is compiled anew in each process: nothing tells whether the code that it was compiled from,
    or what that calls, has changed.
    """

    is_shared = False

    def enable_caching(self):
        Kernel.enable_caching(self)
        self._cache.disable()


class ParallelKernel(Kernel):
    """A kernel that enters parallel regions: a call from Python passes the guard."""

    def __init__(self, *args, **kwargs):
        Kernel.__init__(self, *args, **kwargs)
        # What Python calls after the guard: by way of its base class, a call took 0.1 µs longer.
        self._guarded = CPUDispatcher(*args, **kwargs)
        self._guarded.compile = self.compile
        self._insert = self._guarded._insert

    def __call__(self, *args, **kwargs):
        # The open guard without its calls, which take 0.25 µs.
        me = get_ident()
        try:
            inside.add(me)
            if threads.is_open:
                return self._guarded(*args, **kwargs)
        finally:
            inside.discard(me)
        with threads.region():
            return self._guarded(*args, **kwargs)


def njit(function=None, *, parallel=False, calls_parallel=False, exact=False, inline=False):
    """Compile a kernel, lazily, one specialisation for each set of argument types.

    Parameters
    ----------
    function : callable
        The kernel.
    parallel : bool
        The function has ``prange`` loops.
    calls_parallel : bool
        The function has none itself, but calls kernels that have.
    exact : bool
        Every operation is rounded as it is written. This costs nothing in a loop over elements
        that is limited by memory or by divisions; but a sum does not vectorise.
    inline : bool
        Copy it into its callers, however long it is, so that their loops vectorise.
    """
    if function is None:
        return lambda function: njit(
            function,
            parallel=parallel,
            calls_parallel=calls_parallel,
            exact=exact,
            inline=inline,
        )
    if config.DISABLE_JIT:
        return function
    kind = ParallelKernel if parallel or calls_parallel else Kernel
    return _compiled(kind, function, parallel=parallel, exact=exact, inline=inline)


def users(function, *, inline=False):
    """Compile a function that a user wrote, in the same way, but do not keep it on disk."""
    if config.DISABLE_JIT:
        return function
    return _compiled(UsersKernel, function, inline=inline)


def python_function(kernel):
    """What a kernel is compiled from: Python runs it on a few numbers before it were compiled."""
    return getattr(kernel, "py_func", kernel)


def _compiled(kind, function, parallel=False, exact=False, inline=False):
    kernel = kind(
        function,
        targetoptions={
            "nopython": True,
            "nogil": True,
            "parallel": parallel,
            "fastmath": False if exact else FASTMATH,
            "error_model": "numpy",
            "forceinline": inline,
            "no_cpython_wrapper": True,  # see `entry`
            "no_cfunc_wrapper": True,  # nobody calls a kernel as a C function
            "boundscheck": None,  # None lets the environment variable NUMBA_BOUNDSCHECK decide
        },
    )
    kernel.enable_caching()
    return kernel


if config.DISABLE_JIT:

    def thread_count():
        """Number of threads that parallel regions use."""
        return 1
else:
    # What numba.get_num_threads() calls. That function itself contains an address of this process,
    # so that none of its callers could be kept on disk.
    thread_count = _iget_num_threads
