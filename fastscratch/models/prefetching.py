"""Items that a thread takes from an iterator, a few ahead of their use."""

import queue
import threading
from collections.abc import Iterator
from typing import Any

#: Items that are ready at most, besides the one in use.
AHEAD = 2
# How often a thread that waits looks whether it is still needed.
_PATIENCE = 0.1


class _Ended:
    """What stands in the queue after the last item, with what the iterator has raised, if that."""

    def __init__(self, error: BaseException | None = None):
        self.error = error


class Prefetcher:
    """The items of an iterator, which runs in a thread of its own.

    Compiled steps let other threads run: so the next mini-batch is made while they are at work.

    Parameters
    ----------
    items : iterator
        Used by the thread only, from now on.
    """

    def __init__(self, items: Iterator[Any]):
        self._items = items
        self._ready: queue.Queue[Any] = queue.Queue(AHEAD)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._take_all, daemon=True)
        self._thread.start()

    def _take_all(self) -> None:
        try:
            for item in self._items:
                self._put(item)
                if self._stopped.is_set():
                    return
        except BaseException as error:
            self._put(_Ended(error))
        else:
            self._put(_Ended())

    def _put(self, item: Any) -> None:
        while not self._stopped.is_set():
            try:
                self._ready.put(item, timeout=_PATIENCE)
                return
            except queue.Full:
                continue

    def __iter__(self) -> Iterator[Any]:
        while True:
            item = self._ready.get()
            if isinstance(item, _Ended):
                if item.error is not None:
                    raise item.error
                return
            yield item

    def close(self) -> None:
        """End the thread, after the item that it is making."""
        self._stopped.set()
        self._thread.join()
