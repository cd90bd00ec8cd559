"""What training makes small: the loss of a mini-batch, and its gradient at the outputs."""

from fastscratch.reference.losses import LOSSES
from fastscratch.reference.nested import numbers_of, rows_of, shape_of, shaped, zeros

#: The activation that belongs to a cross-entropy: together they have the gradient a - y.
READ_OUTS = {
    "binary_crossentropy": "sigmoid",
    "multilabel_crossentropy": "sigmoid",
    "categorical_crossentropy": "softmax",
    "binary_focal_crossentropy": "sigmoid",
    "categorical_focal_crossentropy": "softmax",
}

#: Losses whose outputs along the last axis belong together.
OF_ROWS = ("categorical", "kl_divergence", "cosine_similarity")

#: Losses whose targets are -1 and 1; where all are 0 or 1, the 0 stand for -1.
OF_SIGNS = ("hinge", "squared_hinge")


class Loss:
    """A loss under its Keras name and arguments.

    Parameters
    ----------
    name : str
        A loss of `losses`, or "sparse_categorical_crossentropy", whose targets are labels; or
        "custom".
    from_logits : bool
        Whether a cross-entropy is given scores and not probabilities.
    label_smoothing : float
        By how much the targets of a cross-entropy are moved towards equal shares, or one half.
    ignore_class : int, optional
        Label of rows that do not count.
    reduction : str
        "sum_over_batch_size" or "mean" for the mean over the rows of the mini-batch, "sum" for
        their sum, "mean_with_sample_weight" for the sum divided by that of the weights.
    axis : int
        That of the rows: the last one.
    value, gradient : function, optional
        The user's own loss of the outputs of one sample, and its gradient.
    alpha : float, or list of float, optional
        Of a focal loss; for each class, what its targets are multiplied with.
    **constants
        Numbers that the loss takes, such as `delta` of Huber's.
    """

    def __init__(
        self,
        name,
        from_logits=False,
        label_smoothing=0.0,
        ignore_class=None,
        reduction="sum_over_batch_size",
        axis=-1,
        value=None,
        gradient=None,
        **constants,
    ):
        self.name = name.removeprefix("sparse_")
        self.takes_labels = name.startswith("sparse_") or "generalized" in name
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.ignore_class = ignore_class
        self.reduction = reduction
        self.functions = value, gradient
        self.factors = None
        if isinstance(constants.get("alpha"), (list, tuple)):
            self.factors, constants = constants["alpha"], {**constants, "alpha": 1.0}
        self.constants = constants

    def takes_scores(self, activation):
        """Return whether the loss takes the scores before this activation, its own."""
        return not self.from_logits and READ_OUTS.get(self.name) == activation

    def of_mini_batch(self, outputs, y, takes_scores, sample_weight=None):
        """Return the loss of a mini-batch, and the gradient with respect to the outputs.

        This is the one place where a gradient is divided by the number of samples.

        Parameters
        ----------
        outputs : nested lists of float, a sample each
            Scores before the last activation if the loss `takes_scores`, else outputs.
        y : list
            Targets like the outputs; for a sparse loss a label in place of the last axis.
        takes_scores : bool
        sample_weight : list, optional
            What the loss of each sample is multiplied with; or lists, for each of its rows.
        """
        name = self.name
        if name in READ_OUTS and not (takes_scores or self.from_logits):
            name = name.replace("crossentropy", "log_loss")  # of probabilities
        n = len(outputs)
        self.weighs_rows = sample_weight is not None and isinstance(sample_weight[0], list)
        counts = [self._which_count(y[i], len(self._rows(outputs[i]))) for i in range(n)]
        weights = [
            self._weights(sample_weight[i] if sample_weight else 1.0, len(counts[i]))
            for i in range(n)
        ]
        divisor = self._divisor(counts, weights)
        y = self._as_signs(y)
        total, gradient = 0.0, []
        for i in range(n):
            rows = self._rows(outputs[i])
            targets = self._targets(y[i], rows)
            drows = zeros(shape_of(rows))
            for r in range(len(rows)):
                share = weights[i][r] * counts[i][r] / divisor if divisor else 0.0
                total += share * self._forward_and_backward(drows[r], rows[r], targets[r], name)
                drows[r] = [share * d for d in drows[r]]
            gradient.append(shaped(numbers_of(drows), shape_of(outputs[i])))
        return total, gradient

    def _which_count(self, y, n_rows):
        """Return 1 for each row of a sample that counts, and 0 for one whose label is ignored."""
        if self.ignore_class is None:
            return [1] * n_rows
        return [int(label != self.ignore_class) for label in numbers_of(y)]

    def _weights(self, given, n_rows):
        """Return the weight of each row of a sample: its own, or that of the sample."""
        return numbers_of(given) if isinstance(given, list) else [given] * n_rows

    def _divisor(self, counts, weights):
        """Return what the sum over all rows is divided by."""
        if self.reduction == "sum":
            return 1.0
        if self.reduction == "mean_with_sample_weight":
            return sum(
                weights[i][r] * counts[i][r]
                for i in range(len(counts))
                for r in range(len(counts[i]))
            )
        return sum(map(sum, counts))

    def _as_signs(self, y):
        """Return the targets of a mini-batch; of a hinge loss -1 and 1."""
        if self.name not in OF_SIGNS or not set(numbers_of(y)) <= {0, 1}:
            return y
        return shaped([2 * target - 1 for target in numbers_of(y)], shape_of(y))

    def _rows(self, output):
        """Return the rows of a sample's output, each with a loss.

        The classes of a categorical loss are along the last axis.  For the other losses all
        numbers are outputs alike, unless each row has a weight of its own.
        """
        if self.name.startswith(OF_ROWS) or self.weighs_rows:
            return rows_of(output)
        return [numbers_of(output)]

    def _targets(self, y, rows):
        """Return the targets as the formula takes them, row by row."""
        units = len(rows[0])
        if self.takes_labels:
            targets = [[float(o == label) for o in range(units)] for label in numbers_of(y)]
        else:
            targets = self._rows(y if isinstance(y, list) else [y])
        shares = units if self.name.startswith("categorical") else 2
        keep, spread = 1 - self.label_smoothing, self.label_smoothing / shares
        factors = self.factors or [1.0] * units
        return [[factors[o] * (keep * row[o] + spread) for o in range(units)] for row in targets]

    def _forward_and_backward(self, drow, row, targets, name):
        """Write the gradient of a row, and return its loss."""
        if name == "custom":
            value, gradient = self.functions
            gradient(drow, row, targets, **self.constants)
            return value(row, targets, **self.constants)
        forward, backward, constants = LOSSES[name]
        constants = self._constants_of(name, constants)
        backward(drow, row, targets, *constants)
        return forward(row, targets, *constants)

    def _constants_of(self, name, constants):
        """Return the constants in the order of the formula, those that were given and others."""
        given = self.constants
        if name == "huber":
            return [given.get("delta", *constants)]
        if name.startswith("binary_focal"):
            alpha = given.get("alpha", 0.25)
            weights = [alpha, 1 - alpha] if given.get("apply_class_balancing") else [1.0, 1.0]
            return [given.get("gamma", constants[0]), *weights]
        if name.startswith("categorical_focal"):
            return [given.get("alpha", constants[0]), given.get("gamma", constants[1])]
        if name.startswith("categorical_generalized"):
            return [given.get("q", *constants)]
        return constants


def as_loss(given):
    """Return the loss for its name, or for a dict of its arguments.

    Parameters
    ----------
    given : str or dict

    Returns
    -------
    Loss
    """
    return Loss(given) if isinstance(given, str) else Loss(**given)
