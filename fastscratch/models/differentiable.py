"""The gradients of a model, without an update."""

import math
from typing import Any

import numpy as np

from ..engine import Differentiator, InputDifferentiator, SampleDifferentiator, are_sparse
from ..engine.program import Program
from ..kernels.threads import get_num_threads
from ..utils import derived_seed
from ..validation import as_integer
from .compiled import Compiled
from .names import name_of
from .programs import at_once, new_trainer
from .state import State
from .training_data import TrainingData


class Differentiable(Compiled):
    """A model's gradients, and the program that trains it."""

    def program(self, batch_size: int = 32) -> Program:
        """What compiled code does in a training step: ``print`` shows it, a line for each phase.

        The phases are listed in the order in which they are run, each with its operation in
        ``fastscratch.kernels.program``, the layer that it belongs to, the number of parts that
        threads share out (items), and about how many thousand floating-point operations and bytes
        of memory a mini-batch takes. The guide's chapter "How a network trains" explains them.

        Parameters
        ----------
        batch_size : int
            Samples in a mini-batch.

        Returns
        -------
        Program
            Its ``lines`` hold the same numbers. It is made anew, and shares nothing with the model.

        Raises
        ------
        RuntimeError
            If the model is not compiled.
        ValueError, TypeError
            If it does not know its input shape yet, or `batch_size` is not an integer above 0.

        Examples
        --------
        >>> import fastscratch as fs
        >>> model = fs.Sequential([fs.Input((4,)), fs.layers.Dense(3)])
        >>> model.compile("sgd", loss="mse")
        >>> print(model.program(batch_size=10))  # doctest: +SKIP
        phase  operation                   layer       items  kflop   kB
            0  epoch                                       1
            1  gather                                      1         0.3
            2  dense_forward_block         dense (3,)      1    0.2  0.3
            3  loss, mean_squared_error    loss            1    0.0  0.4
            4  totals                      loss            1         0.1
            5  dense_backward, sgd_update  dense (3,)      1    0.2  0.3
               total                                            0.5  1.5
        memory: 12.4 kB
        """
        batch_size = as_integer("batch_size", batch_size, 1)
        optimizer = self._compiled_optimizer()
        self._build(None)
        network = self._current_programs().network
        objectives = self._objectives([0] * len(self._losses))
        return new_trainer(network, objectives, optimizer, batch_size, self.dtype).program

    def gradients(
        self, x: Any, y: Any, sample_weight: Any = None
    ) -> tuple[float, list[np.ndarray]]:
        """The mean loss of some samples, and its gradient with respect to each weight.

        What the next step of :meth:`fit` would be based on, if the samples were its mini-batch:
        dropout drops, batch normalisation looks at the samples, and the penalties of regularisers
        are in both.

        Parameters
        ----------
        x, y, sample_weight
            As in :meth:`fit`.

        Returns
        -------
        loss : float
        gradients : list of ndarray
            In the order and shapes of :meth:`get_weights`; zeros for weights that are not trained.

        Raises
        ------
        ValueError, TypeError, RuntimeError
            As :meth:`fit`.
        """
        data = self._data(x, y, sample_weight)
        state, programs = self._state, self._current_programs()
        objectives = self._objectives(data.weight_axes)
        kind, sparse = Differentiator, are_sparse(data.x)
        reader, workspace = programs.borrow(state, kind, objectives, len(data), sparse=sparse)
        seed, step = derived_seed(self.seed, 1), state.iterations
        loss, flat = reader.differentiate(data.x, data.y, data.weights, seed, step)
        gradients = [placed.view(flat).copy() for placed in programs.network.placed()]
        if programs.network.moves_averages:
            workspace.holds = None
        programs.idle.append(workspace)
        return loss, gradients

    def _to_differentiate(self, x: Any, weight_axes: int) -> tuple[Differentiator, np.ndarray]:
        """A program for the gradient of as many samples at once, and the flat weights."""
        network = self._current_programs().network
        objectives = self._objectives([weight_axes])
        sparse = are_sparse((x,))
        differentiator = Differentiator(network, objectives, len(x), self.dtype, sparse=sparse)
        return differentiator, self._state.parameters.copy()

    def per_sample_gradients(self, x: Any, y: Any) -> tuple[np.ndarray, list[np.ndarray]]:
        """The loss of each sample, and its gradient with respect to each weight.

        As in prediction, nothing is dropped, and batch normalisation uses its moving averages: no
        sample depends on another. Their mean is the gradient of the mean loss, with its penalties;
        if the loss has another `reduction`, or an `ignore_class`, each sample counts as a
        mini-batch of its own.

        The result has a number for each sample and weight; where that is too much, take the samples
        in pieces. Besides it there is a copy of the program's memory for each thread. The memory of
        a result of up to 268 MB is kept for the next one, once nobody uses it any more.

        Parameters
        ----------
        x, y
            As in :meth:`fit`.

        Returns
        -------
        losses : ndarray of float64, shape (n,)
        gradients : list of ndarray, each of shape (n, ...)
            In the order and shapes of :meth:`get_weights`; zeros for weights that are not trained.

        Raises
        ------
        ValueError, TypeError, RuntimeError
            As :meth:`fit`.
        """
        data = self._dense_data(x, y)
        state, programs = self._state, self._current_programs()
        objectives = self._objectives(data.weight_axes)
        threads = get_num_threads()
        reader, workspace = programs.borrow(state, SampleDifferentiator, objectives, threads)
        losses, flat = reader.differentiate(data.x, data.y, data.weights)
        programs.idle.append(workspace)
        losses += self._penalty(state)
        return losses, [
            flat[:, placed.offset : placed.stop].reshape(len(data), *placed.weight.shape)
            for placed in programs.network.placed()
        ]

    def _dense_data(self, x: Any, y: Any) -> TrainingData:
        """Samples and targets for results that have a number for each weight or input."""
        if hasattr(x, "tocsr"):
            raise TypeError(
                "x must be an array, because the results are dense, got a sparse matrix; its "
                "toarray() makes one"
            )
        return self._data(x, y)

    def input_gradients(self, x: Any, y: Any) -> Any:
        """The gradient of each sample's loss with respect to what the model is given.

        It shows which inputs matter. As in prediction, nothing is dropped, and batch normalisation
        uses its moving averages.

        Parameters
        ----------
        x, y
            As in :meth:`fit`.

        Returns
        -------
        ndarray of the shape of `x`, or a list of them for several inputs

        Raises
        ------
        ValueError, TypeError, RuntimeError
            As :meth:`fit`.
        """
        data = self._dense_data(x, y)
        size = at_once(len(data), None)
        state, programs = self._state, self._current_programs()
        objectives = self._objectives(data.weight_axes)
        reader, workspace = programs.borrow(state, InputDifferentiator, objectives, size)
        gradients = reader.differentiate(data.x, data.y, data.weights)
        programs.idle.append(workspace)
        return gradients[0] if len(gradients) == 1 else gradients

    def gradient_norms(self, x: Any, y: Any) -> dict[str, float]:
        """How large the gradient of each layer's weights is: whether it vanishes or explodes.

        Parameters
        ----------
        x, y
            As in :meth:`fit`.

        Returns
        -------
        dict
            From the names of the layers with weights that are trained, in order, to the Euclidean
            norm of the mean gradient of these weights.
        """
        _, gradients = self.gradients(x, y)
        of_layer: dict[str, list[np.ndarray]] = {}
        for (layer, placed), gradient in zip(self._named_weights(), gradients, strict=True):
            if layer.trainable and placed.weight.trainable:
                of_layer.setdefault(name_of(layer), []).append(gradient.reshape(-1))
        return {name: _norm(np.concatenate(flat)) for name, flat in of_layer.items()}

    def _penalty(self, state: State) -> float:
        """Regularisation of all weights."""
        total = 0.0
        for layer, placed in self._named_weights():
            regularizer = placed.weight.regularizer
            if regularizer is not None and layer.trainable:
                total += regularizer(placed.view(state.parameters))
        return total


def _norm(vector: np.ndarray) -> float:
    """Euclidean norm of a vector whose squares may be too large, or too small, for their type."""
    largest = float(np.abs(vector).max(initial=0))
    if largest == 0 or not math.isfinite(largest):
        return largest
    return largest * float(np.sqrt(np.sum(np.square(vector / largest, dtype=np.float64))))
