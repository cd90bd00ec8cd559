"""Data that come in batches: generators, loaders, and objects with numbered batches."""

from collections.abc import Callable, Iterator, Mapping, Set
from itertools import chain
from typing import Any

import numpy as np

from ..conversion import is_array_like
from .training_data import TrainingData

#: What stands between two epochs.
END_OF_EPOCH = object()


def are_batches(x: Any) -> bool:
    """Whether data are no arrays, but an object that yields batches of them."""
    if type(x) is np.ndarray:  # the usual case
        return False
    if isinstance(x, (Mapping, Set)) or is_array_like(x) or hasattr(x, "toarray"):
        return False
    return hasattr(x, "__iter__") or hasattr(x, "__getitem__")


class Batches:
    """An object that yields batches: an iterator, or one that can be iterated again and again.

    Parameters
    ----------
    name : str
        What it is called in messages.
    source : object
        An iterator; or with `__iter__`, such as a loader; or with `__getitem__` and a number of
        batches, which are then shuffled.
    steps : int, optional
        Batches of an epoch. The next epoch goes on after them, and a source that can be iterated
        again begins again at its end. By default an epoch is all that an iteration yields.
    shuffle : bool
    seed : int
        Of the order of numbered batches.
    """

    def __init__(
        self, name: str, source: Any, steps: int | None, shuffle: bool = False, seed: int = 0
    ):
        self.name, self._source, self._given = name, source, steps
        self._shuffle, self._seed = shuffle, seed
        self._rounds = 0
        self._is_iterator = hasattr(source, "__next__")

    def check_times(self, times: int, argument: str) -> None:
        """Check that the batches can be read this many times.

        Parameters
        ----------
        times : int
            Epochs.
        argument : str
            What says how many batches are read each time.

        Raises
        ------
        ValueError
            If the source is an iterator, which would be at its end after the first time.
        """
        if self._is_iterator and self._given is None and times > 1:
            raise ValueError(
                f"{self.name} must be an object that can be iterated again, because there are "
                f"{times} epochs; a {type(self._source).__name__} cannot: give {argument}"
            )

    @property
    def steps(self) -> int | None:
        """Batches of an epoch, if that is known."""
        return self._given or self._number()

    def _number(self) -> int | None:
        """Batches of one iteration, if that is known."""
        if hasattr(self._source, "num_batches"):
            number = self._source.num_batches
        else:
            try:
                number = len(self._source)
            except TypeError:
                return None
        return None if number is None else int(number)

    def _once(self) -> Iterator[Any]:
        """What one iteration yields."""
        source, self._rounds = self._source, self._rounds + 1
        if not hasattr(source, "__getitem__") or self._is_iterator:
            yield from chain(source)  # which is not closed together with this one, as `source` is
            return
        if hasattr(source, "on_epoch_begin"):
            source.on_epoch_begin()
        number = self._number()
        if number is None:
            raise ValueError(
                f"{self.name} has batches by their numbers, but says neither by its num_batches "
                "nor by its len how many there are"
            )
        order = np.arange(number)
        if self._shuffle:
            order = np.random.default_rng((self._seed, self._rounds)).permutation(number)
        for k in order.tolist():
            yield source[k]
        if hasattr(source, "on_epoch_end"):
            source.on_epoch_end()

    def epochs(self, number: int) -> Iterator[Any]:
        """The batches of some epochs, with :data:`END_OF_EPOCH` after each.

        It ends early if the source is exhausted.
        """
        if self._given is None:
            for _ in range(number):
                yield from self._once()
                yield END_OF_EPOCH
            return
        seen, rest = 0, self._once()
        for _ in range(number):
            for _ in range(self._given):
                try:
                    item = next(rest)
                except StopIteration:
                    if self._is_iterator or not seen:
                        return
                    rest, seen = self._once(), 0
                    item = next(rest, END_OF_EPOCH)
                    if item is END_OF_EPOCH:
                        return
                seen += 1
                yield item
            yield END_OF_EPOCH


def refuse_beside_batches(**arguments: Any) -> None:
    """Refuse arguments that belong to arrays.

    Raises
    ------
    ValueError
        If one of them is not None.
    """
    for name, value in arguments.items():
        if value is not None:
            raise ValueError(
                f"{name} must not be given beside an x that yields batches, got "
                f"{type(value).__name__}"
            )


def unpacked(name: str, item: Any) -> tuple[Any, Any, Any]:
    """Samples, targets and sample weights of a batch.

    Raises
    ------
    ValueError
        If it is none.
    """
    if not isinstance(item, (tuple, list)):
        return item, None, None
    if not 1 <= len(item) <= 3:
        raise ValueError(
            f"{name} must yield (x,), (x, y) or (x, y, sample_weight), got {len(item)} of them"
        )
    x, y, weights = (*item, None, None)[:3]
    return x, y, weights


def parts_of(data: TrainingData, batch_size: int, shuffle: bool, seed: int) -> Iterator[Any]:
    """Arrays as batches without an end: epoch after epoch, in another order each time."""
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(len(data)) if shuffle else np.arange(len(data))
        for first in range(0, len(data), batch_size):
            yield data.rows(order[first : first + batch_size])


class Prepared:
    """The batches of some epochs, each as a model takes it; the next ones are made meanwhile.

    Parameters
    ----------
    batches : Batches
    epochs : int
    prepare : callable
        Makes of a batch what is yielded. The first one is prepared before the first is used.
    """

    def __init__(self, batches: Batches, epochs: int, prepare: Callable[[Any], Any]):
        from .prefetching import Prefetcher

        items = batches.epochs(epochs)
        first = next(items, END_OF_EPOCH)
        if first is END_OF_EPOCH:
            raise ValueError(f"{batches.name} must yield at least one batch, got none")
        self.first = prepare(first)

        def rest() -> Iterator[Any]:
            for item in items:
                yield item if item is END_OF_EPOCH else prepare(item)

        self._prefetcher = Prefetcher(rest())
        self._rest = iter(self._prefetcher)
        self._has_first = True
        self.is_exhausted = False

    def epoch(self) -> Iterator[Any]:
        """The batches up to the end of the epoch, or of all."""
        if self._has_first:
            self._has_first = False
            yield self.first
        for item in self._rest:
            if item is END_OF_EPOCH:
                return
            yield item
        self.is_exhausted = True

    def close(self) -> None:
        """End the thread that makes batches."""
        self._prefetcher.close()
