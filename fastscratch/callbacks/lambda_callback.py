"""A callback made of functions."""

from collections.abc import Callable
from typing import Any

from ..validation import as_function
from .callback import Callback

HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_"))


class LambdaCallback(Callback):
    """A callback made of functions.

    Parameters
    ----------
    on_epoch_begin, on_epoch_end, on_train_begin, on_train_end, on_train_batch_begin, \
on_train_batch_end : callable, optional
        Called with the arguments of the hook of the same name, ``(epoch, logs)``, ``(logs)`` or
        ``(batch, logs=logs)``.
    **kwargs
        Functions for the other hooks of :class:`Callback`.

    Raises
    ------
    TypeError
        If one is no function, or there is no such hook.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, callbacks, layers
    >>> x = np.linspace(-1, 1, 20)[:, None]
    >>> model = Sequential([layers.Input((1,)), layers.Dense(1)])
    >>> model.compile("sgd", "mean_squared_error")
    >>> tell = callbacks.LambdaCallback(on_train_end=lambda logs: print("done"))
    >>> history = model.fit(x, x, epochs=2, verbose=0, callbacks=[tell])
    done
    """

    _adds = None

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **kwargs: Callable[..., Any] | None,
    ):
        given = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **kwargs,
        }
        for name, function in given.items():
            if name not in HOOKS:
                raise TypeError(f"LambdaCallback has no hook {name!r}, only {', '.join(HOOKS)}")
            if function is not None:
                setattr(self, name, as_function(name, function))

    def __repr__(self) -> str:
        """The hooks that have functions."""
        return f"LambdaCallback({', '.join(sorted(name for name in vars(self) if name in HOOKS))})"
