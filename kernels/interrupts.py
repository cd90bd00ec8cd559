"""Ctrl-C, delayed while Numba or LLVM hold what they must release."""

import contextlib
import signal
import threading

__all__ = ["ctrl_c_later"]


@contextlib.contextmanager
def ctrl_c_later():
    """A context that delays Ctrl-C until it ends; only the main thread receives Ctrl-C at all."""
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    pressed = []
    signal.signal(signal.SIGINT, lambda *arguments: pressed.append(arguments))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if pressed:
            handler(*pressed[0])
