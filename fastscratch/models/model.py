"""The model: what a person calls."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..callbacks import Callback, History
from ..callbacks.callback_list import CallbackList
from ..engine import Evaluator, Predictor, Trainer, Workspace, are_sparse
from ..layers import Layer, SymbolicTensor
from ..validation import as_array, as_flag, as_integer, as_model_path
from .differentiable import Differentiable
from .fitting import Fit, fit
from .graph import as_inputs, as_tensors, copied_network, network_of
from .head import Head, logs_of, prefixes
from .names import all_named, name_layers
from .programs import at_once
from .state import Holder
from .training_data import TrainingData

__all__ = ["Model"]


class Model(Differentiable):
    """Layers that read each other's outputs, as ``keras.Model``.

    Parameters
    ----------
    inputs : Input or list of Input
    outputs : SymbolicTensor or list of SymbolicTensor
        What layers return that are called on the inputs, or on what other layers return.
    name : str
    dtype : {"float32", "float64"}
        Of the weights and of everything that is computed with them.

    Attributes
    ----------
    layers : list of Layer
    dtype : str
    optimizer : Optimizer or None
    loss : Loss, list of Loss, or None
        One for each output.
    iterations, trained_epochs : int
        Steps and epochs of all fits so far.
    seed : int
        Of the first weights, the shuffles and dropout.
    trainable : bool
        Whether training changes any layer; what it is set to is set for all layers.
    metadata : dict
        Anything else that belongs to the model, such as names of classes; saved with it as JSON.
    stop_training : bool
        Set to True, by a callback, a signal handler or another thread, it ends the fit.

    Raises
    ------
    ValueError
        If an output needs an Input that is not given, or two layers or inputs have one name.
    TypeError
        If a layer is of a kind that cannot be computed.

    Examples
    --------
    >>> import fastscratch as fs
    >>> x = fs.Input((4,))
    >>> h = fs.layers.Dense(4, activation="relu")(x)
    >>> y = fs.layers.Dense(3, activation="softmax")(fs.layers.Add()([x, h]))
    >>> fs.Model(x, y).count_params()
    35
    """

    def __init__(
        self,
        inputs: SymbolicTensor | Sequence[SymbolicTensor],
        outputs: SymbolicTensor | Sequence[SymbolicTensor],
        name: str = "model",
        dtype: str = "float32",
    ):
        self._start(name, dtype)
        given = as_inputs(inputs)
        network = network_of(given, as_tensors("outputs", outputs))
        self.input_names = all_named("input", ["Input"] * len(given), [x.name for x in given])
        name_layers(network.layers)
        self._take_network(network)

    def submodel(self, layer: str | int) -> "Model":
        """A model of the layers up to one of them, with copies of their weights.

        What its ``predict`` returns are the features that the network has learned there.

        Parameters
        ----------
        layer : str or int
            Name or place of the last layer that is taken.

        Raises
        ------
        ValueError
            If there is no such layer.
        """
        self._build(None)
        network, last = self._network, self.layers[self._place_of(layer)]
        place = max(i for i, node in enumerate(network.nodes) if node.layer is last)
        body = Model.__new__(Model)
        body._start(f"{self.name}_body", self.dtype)
        copied, inputs = copied_network(network, network.n_inputs + place)
        body._take_network(copied)
        body.input_names = [self.input_names[k] for k in inputs]
        body._take_weights(self._weights_by_name())
        return body

    def fit(
        self,
        x: Any,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Sequence[Callback] = (),
        validation_split: float = 0.0,
        validation_data: tuple[Any, ...] | None = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        terminate_on_nan: bool = True,
        gradient_accumulation_steps: int | None = None,
    ) -> History:
        """Train by mini-batch stochastic gradient descent.

        All steps run in compiled code, in slices of about 0.1 s: Ctrl-C takes effect between them,
        and the model stays as it was after the last slice; the next fit begins a new epoch. Other
        threads may predict or save meanwhile, with the weights after a slice.

        Parameters
        ----------
        x : array_like, shape (n, ...); a list or dict of them for several inputs
            Samples; not copied if they are of the model's dtype and C-contiguous. Or a sparse
            matrix of SciPy, if one Dense layer reads it: it is never made dense, and its zeros
            take no time. So also in `evaluate`, `predict` and `gradients`.
        y : array_like, shape (n, ...), or (n,) for one output; a list or dict for several
            Targets: one-hot for the categorical cross-entropy (``utils.to_categorical``), labels
            of shape (n,) for the sparse one.
        batch_size : int, optional
            Samples in a mini-batch, by default 32; the last of an epoch may have fewer.
        epochs : int
            Number of the last epoch.
        verbose : {"auto", 0, 1, 2}
            0 shows nothing. 2 prints a line for each epoch: its number, its time, its losses and
            metrics. 1, as "auto" is, also shows a bar within epochs of more than a second, if the
            output is a terminal or a notebook.
        callbacks : sequence of Callback
        validation_split : float
            This large a share of the samples, the last ones, is held out as validation data.
        validation_data : tuple (x, y) or (x, y, sample_weight), optional
            Measured after each epoch.
        shuffle : bool
            Shuffle the rows before each epoch.
        class_weight : dict, optional
            Weight of the samples of each class; 1 for classes that are not named. Validation data
            do not have them.
        sample_weight : array_like, shape (n,), optional; a list or dict for several outputs
            Weights of the samples in the loss; the gradient is still divided by their number. One
            array weights the samples at all outputs.
        initial_epoch : int
            Number of the epoch before the first.
        terminate_on_nan : bool
            Whether a loss or a weight that is no longer finite ends the fit; else it goes on, as
            Keras does, and the losses are NaN.
        gradient_accumulation_steps : int, optional
            Sets the attribute of this name of the optimiser: the weights are updated only once in
            this many mini-batches, by the mean of their gradients.

        Returns
        -------
        History

        Raises
        ------
        ValueError, TypeError
            If shapes do not fit, numbers are not finite or out of range; nothing has changed then.
        FloatingPointError
            If the loss or a weight is no longer finite, unless `terminate_on_nan` is False; the
            model keeps the weights from before that step.
        RuntimeError
            If the model is not compiled, or is being trained already.
        """
        batch_size = 32 if batch_size is None else as_integer("batch_size", batch_size, 1)
        epochs = as_integer("epochs", epochs, 0)
        initial_epoch = as_integer("initial_epoch", initial_epoch, 0)
        shuffle = as_flag("shuffle", shuffle)
        terminate_on_nan = as_flag("terminate_on_nan", terminate_on_nan)
        if verbose not in ("auto", 0, 1, 2):
            raise ValueError(f"verbose must be 'auto', 0, 1 or 2, got {verbose!r}")
        callbacks = [callbacks] if isinstance(callbacks, Callback) else list(callbacks or ())
        for callback in callbacks:
            if not isinstance(callback, Callback):
                raise TypeError(f"callbacks must be Callbacks, got {type(callback).__name__}")
        data = self._data(x, y, sample_weight, class_weight)
        validation = None
        if validation_data is not None:
            if not isinstance(validation_data, (tuple, list)) or len(validation_data) not in (2, 3):
                raise ValueError(
                    "validation_data must be (x, y) or (x, y, sample_weight), got a "
                    f"{type(validation_data).__name__}"
                )
            x_val, y_val, weights = (*validation_data, None)[:3]
            validation = self._data(x_val, y_val, weights, prefix="validation ")
        elif validation_split:
            data, validation = data.split(validation_split)
        data = data.weighted_by_class()
        self._check_metrics(data, "")
        if validation is not None:
            self._check_metrics(validation, "validation ")
        if gradient_accumulation_steps is not None:
            self._compiled_optimizer().gradient_accumulation_steps = gradient_accumulation_steps
        remaining = max(0, epochs - initial_epoch)
        level = 1 if verbose == "auto" else int(verbose)

        def train() -> History:
            run = Fit(self, data, batch_size, remaining, shuffle, terminate_on_nan)
            return fit(run, validation, callbacks, level, initial_epoch)

        return self._train(train)

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        return_dict: bool = False,
        terminate_on_nan: bool = True,
    ) -> float | list[float] | dict[str, float]:
        """Take one step on the given samples.

        Parameters
        ----------
        x, y, sample_weight, class_weight, terminate_on_nan
            As in :meth:`fit`.
        return_dict : bool

        Returns
        -------
        float, or list of float if accuracy is a metric, or dict
            The loss before the step, and the accuracy.

        Raises
        ------
        ValueError, TypeError, FloatingPointError, RuntimeError
            As :meth:`fit`.
        """
        return_dict = as_flag("return_dict", return_dict)
        terminate_on_nan = as_flag("terminate_on_nan", terminate_on_nan)
        data = self._data(x, y, sample_weight, class_weight).weighted_by_class()

        def train() -> dict[str, float]:
            run = Fit(self, data, len(data), 1, False, terminate_on_nan)
            run.run(0, 1)
            return run.logs(0)

        logs = self._train(train)
        return logs if return_dict else _as_result(logs)

    def _train(self, train: Callable[[], Any]) -> Any:
        """Call what trains the model, unless something else does already."""
        self._check_not_training()
        here = os.getpid()
        try:
            self._holder.trained_in = here
            return train()
        finally:  # without a call, in which Ctrl-C would take effect
            self._holder.trained_in = None

    def _to_train(
        self, data: TrainingData, batch_size: int
    ) -> tuple[list[Head], Trainer, Workspace, Holder]:
        """A fit needs heads, the program that trains, its workspace, and the state's holder."""
        programs = self._current_programs()
        heads = self._heads(programs.network)
        objectives = self._objectives(data.is_weighted)
        optimizer = self._compiled_optimizer()
        trainer = programs.trainer(objectives, optimizer, batch_size, are_sparse(data.x))
        return heads, *trainer, self._holder

    def __call__(self, x: Any) -> Any:
        """Outputs for arrays, as :meth:`predict`.

        Raises
        ------
        TypeError
            If it is called on a symbolic tensor: a model is no layer.
        """
        if isinstance(x, SymbolicTensor):
            raise TypeError(
                f"{self.name!r} is a model and no layer: it can be called on arrays only; call its "
                "layers one by one"
            )
        return self.predict(x)

    def predict(self, x: Any, batch_size: int | None = None, verbose: int = 0) -> Any:
        """Outputs of the last layer.

        Parameters
        ----------
        x : array_like, shape (n, ...); a list or dict of them for several inputs
        batch_size : int, optional
            At most this many samples go through the network at once; the outputs are the same.
        verbose : int
            Ignored; Keras has it.

        Returns
        -------
        ndarray, shape (n, ...), or a list of them for several outputs

        Raises
        ------
        ValueError, TypeError
            If `x` has another shape than the model's inputs or is not finite.
        """
        state, programs = self._holder.state, self._programs
        if state is None or programs is None:
            self._build_for(x)
            state, programs = self._state, self._current_programs()
        if programs.network.checked_at != Layer.changes_of_all:  # spares a call
            programs = self._current_programs()
        network = programs.network
        if not network.is_plain or isinstance(x, dict) or hasattr(x, "tocsr"):
            several = self._samples("x", x)
            network.check_inputs("x", several)
            outs, _ = self._predict(several, batch_size)
            return outs if len(outs) > 1 else outs[0]
        # As fast as possible, for single samples: what follows does the same as `_predict`.
        samples = as_array("x", x, self._dtype, writeable=False, finite=False)
        if samples.shape[1:] != network.input_shapes[0]:
            (samples,) = self._samples("x", x)  # raises, or adds a last axis
        if network.checked_inputs:
            network.check_inputs("x", (samples,))
        out = np.empty((len(samples), *network.output_shapes[0]), self._dtype)
        reader, workspace = programs.borrow(state, Predictor, at_once(len(samples), batch_size))
        is_finite = reader.run((out,), (samples,))
        programs.idle.append(workspace)
        if not is_finite:
            self._samples("x", x)  # raises, and says where
        return out

    def _build_for(self, x: Any) -> None:
        """Make the first weights, before samples are predicted."""
        self._build(None)

    def _predict(
        self, samples: tuple[np.ndarray, ...], batch_size: int | None
    ) -> tuple[list[np.ndarray], bool]:
        """Each output for checked samples, and whether all of these are finite."""
        n, state, programs = len(samples[0]), self._state, self._current_programs()
        outs = [np.empty((n, *shape), self.dtype) for shape in programs.network.output_shapes]
        size, sparse = at_once(n, batch_size), are_sparse(samples)
        reader, workspace = programs.borrow(state, Predictor, size, sparse=sparse)
        is_finite = reader.run(outs, samples)
        programs.idle.append(workspace)
        return outs, is_finite

    def predict_on_batch(self, x: Any) -> Any:
        """Outputs of the last layer, as :meth:`predict`."""
        return self.predict(x)

    def evaluate(
        self,
        x: Any,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int = 0,
        sample_weight: Any = None,
        return_dict: bool = False,
    ) -> float | list[float] | dict[str, float]:
        """Mean loss over the samples, and the metrics.

        Parameters
        ----------
        x, y, sample_weight : array_like
            As in :meth:`fit`.
        batch_size : int, optional
            At most this many samples go through the network at once.
        verbose : int
            Ignored; Keras has it.
        return_dict : bool

        Returns
        -------
        float, or list of float if there are metrics, or dict

        Raises
        ------
        ValueError, TypeError, RuntimeError
            As :meth:`fit`.
        """
        return_dict = as_flag("return_dict", return_dict)
        data = self._data(x, y, sample_weight)
        self._check_metrics(data, "")
        logs = self._evaluate(data, batch_size)
        return logs if return_dict else _as_result(logs)

    def _check_metrics(self, data: TrainingData, prefix: str) -> None:
        """Check that the metrics can be computed for checked data, whatever is predicted."""
        heads = self._heads(self._current_programs().network)
        for head, y, name in zip(heads, data.y, self.output_names, strict=True):
            of_output = f" of {name}" if len(heads) > 1 else ""
            head.check_metrics(f"{prefix}y{of_output}", y)

    def _evaluate(
        self, data: TrainingData, batch_size: int | None, callbacks: CallbackList | None = None
    ) -> dict[str, float]:
        """Loss and metrics of checked data; callbacks, if any, hear of each mini-batch."""
        size = at_once(len(data), batch_size)
        if callbacks is not None and batch_size is not None:
            size = batch_size
        programs = self._current_programs()
        heads = self._heads(programs.network)
        totals, order = np.zeros((1, len(heads) + 1, 2)), np.empty(len(data), np.int64)
        state = self._state
        objectives = self._objectives(data.is_weighted)
        sparse = are_sparse(data.x)
        reader, workspace = programs.borrow(state, Evaluator, objectives, size, sparse=sparse)
        reader.bind(data.x, data.y, data.weights, order, totals)
        names, n, n_steps = self.output_names, len(data), -(-len(data) // size)
        penalty = self._penalty(state)
        if callbacks is not None:
            for step in range(n_steps):
                callbacks.test_batch_begin(step)
                reader.run(step, 1)
                n_seen = min((step + 1) * size, n)
                totals[0, -1, 0] = penalty * n_seen / n
                callbacks.test_batch_end(step, _floats(logs_of(heads, names, totals[0], n, n_seen)))
        else:
            reader.run(0, n_steps)
        programs.idle.append(workspace)
        totals[0, -1, 0] = penalty
        return _floats(logs_of(heads, names, totals[0], n, n)) | self._measure(data)

    def _measure(self, data: TrainingData) -> dict[str, float]:
        """Metrics that are computed from predictions."""
        heads = self._heads(self._network)
        if not any(head.measured for head in heads):
            return {}
        predicted, _ = self._predict(data.x, None)
        logs: dict[str, float] = {}
        for prefix, head, y, out in zip(
            prefixes(self.output_names), heads, data.y, predicted, strict=True
        ):
            logs |= {prefix + name: value for name, value in head.measure(y, out).items()}
        return logs

    def save(self, filepath: str | Path, overwrite: bool = True) -> None:
        """Save the model; see :func:`fastscratch.load_model`.

        One safetensors file: the weights, what the optimiser remembers, and in its header the
        layers, the loss, the optimiser, the seed and the metadata. It is written under
        another name and renamed, so that at every moment the old file or the new one is there. A
        model that is being trained is saved as it was after the last slice of steps.

        Parameters
        ----------
        filepath : path
            Without a suffix, or with one that is not of another format; ``.safetensors`` is right.
            A file that is there is replaced, and keeps its mode; a symbolic link is followed.
        overwrite : bool
            Whether a file may be replaced.

        Raises
        ------
        FileExistsError
            If there is a file and it may not be replaced.
        OSError
            If the path is a folder, a device or a pipe, or cannot be written.
        TypeError
            If the metadata is no dict, or JSON cannot hold it.
        ValueError
            If ``load_model`` would refuse the file, because a weight is not finite or a layer, the
            loss or the optimiser is of a class of your own. Nothing has been written then.
        """
        from .saving import save_model

        save_model(self, filepath, overwrite)

    def _check_save(self, filepath: str | Path) -> None:
        """Raise what :meth:`save` would raise, and write nothing."""
        from .replacing import replaceable
        from .saving import described

        replaceable(as_model_path("filepath", filepath))
        described(self)

    def __getstate__(self) -> dict[str, Any]:
        """Everything, the state as one that is not being trained."""
        return self.__dict__ | {"_holder": Holder(self._holder.state)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self._holder.state is not None:
            for layer in self.layers:
                layer._belongs_to(self)


def _floats(logs: dict[str, Any]) -> dict[str, float]:
    """NumPy's numbers as Python's."""
    return {name: float(value) for name, value in logs.items()}


def _as_result(logs: dict[str, float]) -> float | list[float]:
    """The loss alone, or a list of loss and metrics."""
    values = list(logs.values())
    return values if len(values) > 1 else values[0]
