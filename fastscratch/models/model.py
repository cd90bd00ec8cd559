"""The model: what a person calls."""

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..callbacks import BackupAndRestore, Callback, History, ProgbarLogger, TerminateOnNaN
from ..callbacks.callback_list import CallbackList
from ..engine import Evaluator, Predictor, are_sparse
from ..layers import Layer, SymbolicTensor
from ..validation import as_array, as_flag, as_integer, as_model_path
from .batches import Batches, are_batches, refuse_beside_batches
from .configured import Configured
from .fit_data import to_train_on, to_validate
from .fitting import Fit, fit
from .graph import as_inputs, as_tensors, copied_network, network_of
from .head import Heads, logs_of
from .names import all_named, name_layers
from .progress import Shown, as_level
from .resuming import resumed
from .state import Holder
from .streaming import StreamedFit, evaluate_batches, predict_batches
from .training_data import TrainingData

__all__ = ["Model"]


class Model(Configured):
    """Layers that read each other's outputs, as ``keras.Model``.

    Parameters
    ----------
    inputs : Input or list of Input
    outputs : SymbolicTensor or list of SymbolicTensor
        What layers return that are called on the inputs, or on what other layers return.
    name : str, optional
    dtype : {"float32", "float64"}
        Of the weights and of everything that is computed with them.
    trainable : bool
        False freezes all layers.

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
        name: str | None = None,
        dtype: str = "float32",
        trainable: bool = True,
    ):
        self._start("model" if name is None else name, dtype)
        trainable = as_flag("trainable", trainable)
        given = as_inputs(inputs)
        network = network_of(given, as_tensors("outputs", outputs))
        self.input_names = all_named("input", ["Input"] * len(given), [x.name for x in given])
        self._check_dtypes(network.layers)
        name_layers(network.layers)
        self._take_network(network)
        if not trainable:
            self.trainable = False

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
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Collection[int] = 1,
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
            take no time. So also in `evaluate`, `predict` and `gradients`. Or an object that
            yields batches, tuples (x, y) or (x, y, sample_weight): a generator, a loader, a
            :class:`fastscratch.utils.PyDataset`. A thread takes them from it, a few ahead of
            their use.
        y : array_like, shape (n, ...), or (n,) for one output; a list or dict for several
            Targets: one-hot for the categorical cross-entropy (``utils.to_categorical``), labels
            of shape (n,) for the sparse one.
        batch_size : int, optional
            Samples in a mini-batch, by default 32; the last of an epoch may have fewer. Not for an
            `x` that yields batches.
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
            Measured after each epoch. Or an object that yields batches.
        shuffle : bool
            Shuffle the rows before each epoch; of an object with numbered batches, the batches.
        class_weight : dict, optional
            Weight of the samples of each class; 1 for classes that are not named. Validation data
            do not have them.
        sample_weight : array_like, shape (n,), optional; a list or dict for several outputs
            Weights of the samples in the loss; the gradient is still divided by their number. One
            array weights the samples at all outputs. Of outputs with more axes it may have a weight
            for each row along the last one, as for each pixel of an image, shape (n, h, w).
        initial_epoch : int
            Number of the epoch before the first.
        steps_per_epoch : int, optional
            Mini-batches in an epoch; the next epoch goes on after them. By default as many as `x`
            has. Arrays then become batches in Python, which is slower.
        validation_steps : int, optional
            Mini-batches that are measured of the validation data; by default all.
        validation_batch_size : int, optional
            Samples in each of these, by default as in `batch_size`.
        validation_freq : int or collection of int
            Measure the validation data once in this many epochs, or after the epochs of these
            numbers, from 1.
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
        if batch_size is not None:
            batch_size = as_integer("batch_size", batch_size, 1)
        epochs = as_integer("epochs", epochs, 0)
        initial_epoch = as_integer("initial_epoch", initial_epoch, 0)
        shuffle = as_flag("shuffle", shuffle)
        terminate_on_nan = as_flag("terminate_on_nan", terminate_on_nan)
        level, callbacks = as_level(verbose), as_callbacks(callbacks)
        for callback in callbacks:
            terminate_on_nan |= isinstance(callback, TerminateOnNaN)
            if isinstance(callback, ProgbarLogger):
                level = max(level, 1)
        remaining = max(0, epochs - initial_epoch)
        size = batch_size or 32
        if validation_batch_size is not None:
            size = as_integer("validation_batch_size", validation_batch_size, 1)
        optimizer = self._compiled_optimizer()
        how = batch_size, steps_per_epoch, shuffle, remaining
        data = to_train_on(self, (x, y, sample_weight), class_weight, *how)
        if validation_data is None and validation_split:
            if isinstance(data, Batches):
                raise ValueError("validation_split needs arrays, got batches; give validation_data")
            data, validation_data = data.split(validation_split)
        if isinstance(data, TrainingData):
            data = data.weighted_by_class()
            self._check_metrics(data, "")
        elif remaining == 0:
            return History()
        of_validation = validation_data, size, validation_steps, validation_freq, remaining
        backups = [c for c in callbacks if isinstance(c, BackupAndRestore)] if callbacks else []
        streamed = None
        self._check_not_training()
        here = os.getpid()
        try:
            self._holder.trained_in = here
            begin = resumed(self, backups, initial_epoch) if backups else initial_epoch
            remaining = max(0, epochs - begin)
            if isinstance(data, Batches):  # the first one may be needed to build the model
                streamed = StreamedFit(self, data, class_weight, remaining, terminate_on_nan)
            validation = to_validate(self, *of_validation)
            if gradient_accumulation_steps is not None:
                optimizer.gradient_accumulation_steps = gradient_accumulation_steps
            if isinstance(data, TrainingData):
                run = Fit(self, data, batch_size or 32, remaining, shuffle, terminate_on_nan)
            history = fit(streamed or run, validation, callbacks, level, begin)
            for backup in backups:
                backup.delete()
            return history
        finally:
            self._holder.trained_in = None  # without a call, in which Ctrl-C would take effect
            if streamed is not None:
                streamed.close()

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
        self._check_not_training()
        here = os.getpid()
        try:
            self._holder.trained_in = here
            run = Fit(self, data, len(data), 1, False, terminate_on_nan)
            run.run(0, 1)
            logs = run.logs(0)
        finally:
            self._holder.trained_in = None  # without a call, in which Ctrl-C would take effect
        return logs if return_dict else _as_result(logs)

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

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = 0,
        steps: int | None = None,
        callbacks: Sequence[Callback] = (),
    ) -> Any:
        """Outputs of the last layer.

        Parameters
        ----------
        x : array_like, shape (n, ...); a list or dict of them for several inputs
            Or an object that yields batches, see :meth:`fit`: of what it yields, only the samples
            are looked at.
        batch_size : int, optional
            At most this many samples go through the network at once; the outputs are the same.
        verbose : {"auto", 0, 1, 2}
            0 shows nothing. 2 prints a line in the end; 1, as "auto" is, also shows a bar, if it
            takes more than a second and the output is a terminal or a notebook.
        steps : int, optional
            Only this many mini-batches are predicted, of `batch_size` samples or 32.
        callbacks : sequence of Callback
            Their hooks of predictions are called, for mini-batches of `batch_size` samples or 32.

        Returns
        -------
        ndarray, shape (n, ...), or a list of them for several outputs

        Raises
        ------
        ValueError, TypeError
            If `x` has another shape than the model's inputs or is not finite.
        """
        at_length = verbose or callbacks or steps is not None
        if at_length or (type(x) is not np.ndarray and are_batches(x)):
            return self._predict_at_length(x, batch_size, verbose, steps, callbacks)
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
        size = programs.predicted_at_once(len(samples), batch_size)
        zeros = programs.leaves_out_zeros((samples,), size)
        reader, workspace = programs.borrow(state, Predictor, size, mostly_zeros=zeros)
        is_finite = reader.run((out,), (samples,))
        programs.idle.append(workspace)
        if not is_finite:
            self._samples("x", x)  # raises, and says where
        return out

    def _predict_at_length(
        self,
        x: Any,
        batch_size: int | None,
        verbose: int | str,
        steps: int | None,
        callbacks: Sequence[Callback],
    ) -> Any:
        """As :meth:`predict`, with what it shows, of some batches or of data that yield them."""
        steps = None if steps is None else as_integer("steps", steps, 1)
        shown, heard = Shown("predict", verbose), None
        if callbacks:
            params = {"epochs": 1, "steps": steps, "verbose": verbose}
            heard = CallbackList(as_callbacks(callbacks), self, params)
        if are_batches(x):
            outs, n = predict_batches(self, Batches("x", x, steps), shown, heard)
        else:
            self._build_for(x)
            samples = self._samples("x", x)
            self._current_programs().network.check_inputs("x", samples)
            if steps is not None:
                size = as_integer("batch_size", batch_size or 32, 1)
                samples = tuple(array[: steps * size] for array in samples)
            n = len(samples[0])
            if heard is not None:
                heard.predict_begin()
            outs, _ = self._predict(samples, batch_size, shown, heard)
        if heard is not None:
            heard.predict_end()
        shown.end(n, {})
        return outs if len(outs) > 1 else outs[0]

    def _build_for(self, x: Any) -> None:
        """Make the first weights, before samples are predicted."""
        self._build(None)

    def _predict(
        self,
        samples: tuple[np.ndarray, ...],
        batch_size: int | None,
        shown: Shown | None = None,
        callbacks: CallbackList | None = None,
    ) -> tuple[list[np.ndarray], bool]:
        """Each output for checked samples, and whether all of these are finite.

        Callbacks, if any, hear of each mini-batch.
        """
        n, state, programs = len(samples[0]), self._state, self._current_programs()
        outs = [np.empty((n, *shape), self.dtype) for shape in programs.network.output_shapes]
        sparse = are_sparse(samples)
        if callbacks is None:
            size = programs.predicted_at_once(n, batch_size, sparse)
        else:
            size = batch_size or 32
        kind = {"sparse": sparse, "mostly_zeros": programs.leaves_out_zeros(samples, size)}
        reader, workspace = programs.borrow(state, Predictor, size, **kind)

        def run(first: int, count: int) -> bool:
            rows = slice(first * size, (first + count) * size)
            return reader.run([out[rows] for out in outs], [x[rows] for x in samples])

        if callbacks is not None:
            is_finite = True
            for batch in range(-(-n // size)):
                callbacks.predict_batch_begin(batch)
                is_finite &= run(batch, 1)
                rows = slice(batch * size, (batch + 1) * size)
                callbacks.predict_batch_end(batch, [out[rows] for out in outs])
        elif shown is None:
            is_finite = reader.run(outs, samples)
        else:
            is_finite = shown.run(-(-n // size), run)
        programs.idle.append(workspace)
        return outs, is_finite

    def predict_on_batch(self, x: Any) -> Any:
        """Outputs of the last layer, as :meth:`predict`."""
        return self.predict(x)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> float | list[float] | dict[str, float]:
        """Loss and metrics of some samples, as :meth:`evaluate`."""
        return self.evaluate(x, y, sample_weight=sample_weight, return_dict=return_dict)

    def evaluate(
        self,
        x: Any,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = 0,
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Sequence[Callback] = (),
        return_dict: bool = False,
    ) -> float | list[float] | dict[str, float]:
        """Mean loss over the samples, and the metrics.

        Parameters
        ----------
        x, y, sample_weight : array_like
            As in :meth:`fit`; `x` may yield batches.
        batch_size : int, optional
            At most this many samples go through the network at once.
        verbose : {"auto", 0, 1, 2}
            As of :meth:`predict`.
        steps : int, optional
            Only this many mini-batches are measured, of `batch_size` samples or 32.
        callbacks : sequence of Callback
            Their hooks of tests are called.
        return_dict : bool

        Returns
        -------
        float, or list of float if there are metrics, or dict

        Raises
        ------
        ValueError, TypeError, RuntimeError
            As :meth:`fit`.
        """
        return_dict, shown = as_flag("return_dict", return_dict), Shown("evaluate", verbose)
        steps = None if steps is None else as_integer("steps", steps, 1)
        tested = None
        if callbacks:
            params = {"epochs": 1, "steps": steps, "verbose": verbose}
            tested = CallbackList(as_callbacks(callbacks), self, params)
        if are_batches(x):
            refuse_beside_batches(y=y, sample_weight=sample_weight, batch_size=batch_size)
            data: TrainingData | Batches = Batches("x", x, steps)
        else:
            arrays = self._data(x, y, sample_weight)
            if steps is not None:
                size = as_integer("batch_size", batch_size or 32, 1)
                arrays = arrays.rows(slice(steps * size))
            self._check_metrics(arrays, "")
            data = arrays
        if tested is not None:
            tested.test_begin()
        if isinstance(data, Batches):
            logs, n = evaluate_batches(self, data, tested, shown)
        else:
            at_a_time = batch_size if tested is None else batch_size or 32
            logs, n = self._evaluate(data, at_a_time, tested, shown), len(data)
        if tested is not None:
            tested.test_end(logs)
        shown.end(n, logs)
        return logs if return_dict else _as_result(logs)

    def _check_metrics(self, data: TrainingData, prefix: str) -> None:
        """Check that the metrics can be computed for checked data, whatever is predicted."""
        heads = self._heads(self._current_programs().network)
        if not heads.have_metrics:
            return
        for head, y, weights in zip(heads, data.y, data.weights, strict=True):
            if head.measures:
                of_output = f" of {head.name}" if len(heads) > 1 else ""
                head.check_metrics(f"{prefix}y{of_output}", y, weights)

    def _evaluate(
        self,
        data: TrainingData,
        batch_size: int | None,
        callbacks: CallbackList | None = None,
        shown: Shown | None = None,
    ) -> dict[str, float]:
        """Loss and metrics of checked data; callbacks, if any, hear of each mini-batch."""
        return self._losses_of(data, batch_size, callbacks, shown) | self._measure(data)

    def _losses_of(
        self,
        data: TrainingData,
        batch_size: int | None = None,
        callbacks: CallbackList | None = None,
        shown: Shown | None = None,
    ) -> dict[str, float]:
        """The losses, and the metrics that the engine counts."""
        programs, sparse = self._current_programs(), are_sparse(data.x)
        size = programs.measured_at_once(len(data), batch_size, sparse)
        if callbacks is not None and batch_size is not None:
            size = batch_size
        heads = self._heads(programs.network)
        totals, order = np.zeros((1, len(heads) + 1, 2)), np.empty(len(data), np.int64)
        state = self._state
        objectives = self._objectives(data.weight_axes)
        kind = {"sparse": sparse, "mostly_zeros": programs.leaves_out_zeros(data.x, size)}
        reader, workspace = programs.borrow(state, Evaluator, objectives, size, **kind)
        reader.bind(data.x, data.y, data.weights, order, totals)
        n, n_steps = len(data), -(-len(data) // size)
        penalty = self._penalty(state)
        if callbacks is not None:
            for step in range(n_steps):
                callbacks.test_batch_begin(step)
                reader.run(step, 1)
                n_seen = min((step + 1) * size, n)
                totals[0, -1, 0] = penalty * n_seen / n
                callbacks.test_batch_end(step, logs_of(heads, totals[0], n, n_seen))
        elif shown is None:
            reader.run(0, n_steps)
        else:
            shown.run(n_steps, reader.run)
        programs.idle.append(workspace)
        totals[0, -1, 0] = penalty
        return logs_of(heads, totals[0], n, n)

    def _measure(
        self, data: TrainingData, predicted: list[np.ndarray] | None = None
    ) -> dict[str, float]:
        """Metrics that are computed from predictions, which may be known already."""
        heads = self._heads(self._network)
        if not heads.need_predictions:
            return {}
        if predicted is None:
            predicted, _ = self._predict(data.x, None)
        logs: dict[str, float] = {}
        for head, y, weights, out in zip(heads, data.y, data.weights, predicted, strict=True):
            measured = head.measure(y, out, weights)
            logs |= {head.prefix + name: value for name, value in measured.items()}
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

    def _check_save(self, filepath: str | Path, weights_only: bool = False) -> None:
        """Raise what :meth:`save` or :meth:`save_weights` would raise, and write nothing."""
        from .replacing import replaceable
        from .saving import described

        replaceable(as_model_path("filepath", filepath))
        if not weights_only:
            described(self)

    def __getstate__(self) -> dict[str, Any]:
        """Everything, the state as one that is not being trained, and heads to be found out anew.

        While a model is being pickled, another thread may find out more of its heads.
        """
        return self.__dict__ | {
            "_holder": Holder(self._holder.state),
            "_heads_of": None,
            "_known_heads": Heads(),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self._holder.state is not None:
            for layer in self.layers:
                layer._belongs_to(self)


def as_callbacks(callbacks: Any) -> list[Callback]:
    """One callback or several, as a list; None is none."""
    several = [callbacks] if isinstance(callbacks, Callback) else list(callbacks or ())
    for callback in several:
        if not isinstance(callback, Callback):
            raise TypeError(f"callbacks must be Callbacks, got {type(callback).__name__}")
    return several


def _as_result(logs: dict[str, float]) -> float | list[float]:
    """The loss alone, or a list of loss and metrics."""
    values = list(logs.values())
    return values if len(values) > 1 else values[0]
