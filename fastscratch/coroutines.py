"""Functions that stop in the middle and go on later, each in a thread of its own, one at a time.

So code that knows nothing of it, such as a search of scikit-learn that fits one estimator after the
other, can ask for many things, get them all at once, and go on.
"""

import contextvars
import threading
import time
from collections.abc import Callable
from typing import Any

from .kernels.threads import get_num_threads, set_num_threads

__all__ = ["Coroutine", "current"]

_CURRENT: contextvars.ContextVar["Coroutine | None"] = contextvars.ContextVar(
    "coroutine", default=None
)


class Cancelled(BaseException):
    """Raised in a function that waits for what will not come."""


class Coroutine:
    """A function that is run piece by piece.

    Parameters
    ----------
    function : callable
        Without arguments.

    Attributes
    ----------
    request : object or None
        What the function waits for; None while it has not asked for anything, and at its end.
    has_ended : bool
    waited : float
        Seconds that it has waited for what it asked for.
    result : object
        What the function returned.
    error : BaseException or None
        What it raised.
    """

    def __init__(self, function: Callable[[], Any]):
        self._function = function
        # Each is released by the other thread: semaphores are slower, as they are made of locks.
        self._go, self._stopped = threading.Lock(), threading.Lock()
        self._go.acquire()
        self._stopped.acquire()
        self.result: Any = None
        self.error: BaseException | None = None
        self._is_cancelled = self.has_ended = False
        self.request: Any = None
        self.waited = 0.0
        self._n_threads = get_num_threads()
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._run,), daemon=True)

    def resume(self) -> None:
        """Run the function until it asks for something or ends."""
        self.request = None
        if self._thread.ident is None:
            self._thread.start()
        else:
            self._go.release()
        self._stopped.acquire()
        if self.has_ended:
            self._thread.join()

    def cancel(self) -> None:
        """End a function that waits."""
        if self._thread.ident is not None and not self.has_ended:
            self._is_cancelled = True
            self.resume()

    def ask(self, request: Any) -> None:
        """Stop until someone resumes it, who is expected to have done what it asks for."""
        self.request, began = request, time.perf_counter()
        self._stopped.release()
        self._go.acquire()
        self.waited += time.perf_counter() - began
        if self._is_cancelled:
            raise Cancelled

    def _run(self) -> None:
        _CURRENT.set(self)
        set_num_threads(self._n_threads)  # the number is one of each thread
        try:
            self.result = self._function()
        except BaseException as error:  # whoever asks for the result gets it
            self.error = error
        self.has_ended = True
        self._stopped.release()


def current() -> Coroutine | None:
    """The coroutine that the caller runs in, if it does."""
    return _CURRENT.get()
