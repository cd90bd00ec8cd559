"""What training makes small: the mean loss of a mini-batch, and its gradient at the outputs."""

from fastscratch.reference.losses import (
    huber_backward,
    huber_forward,
    loss_backward,
    loss_forward,
)
from fastscratch.reference.nested import numbers_of, rows_of, shape_of, shaped, zeros

#: The activation that belongs to a cross-entropy: together they have the gradient a - y.
READ_OUTS = {
    "binary_crossentropy": "sigmoid",
    "multilabel_crossentropy": "sigmoid",
    "categorical_crossentropy": "softmax",
}


class Loss:
    """A loss under its Keras name and arguments.

    Parameters
    ----------
    name : str
        A loss of `losses`, or "sparse_categorical_crossentropy", whose targets are labels.
    from_logits : bool
        Whether a cross-entropy is given scores and not probabilities.
    label_smoothing : float
        By how much the targets of a cross-entropy are moved towards equal shares, or one half.
    delta : float
        Largest residual that Huber's loss squares.
    """

    def __init__(self, name, from_logits=False, label_smoothing=0.0, delta=1.0):
        self.takes_labels = name.startswith("sparse_")
        self.name = name.removeprefix("sparse_")
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.delta = delta

    def takes_scores(self, activation):
        """Return whether the loss takes the scores before this activation, its own."""
        return not self.from_logits and READ_OUTS.get(self.name) == activation

    def of_mini_batch(self, outputs, y, takes_scores, sample_weight=None):
        """Return the mean loss of the samples, and the gradient with respect to the outputs.

        This is the one place where a gradient is divided by the number of samples.

        Parameters
        ----------
        outputs : nested lists of float, a sample each
            Scores before the last activation if the loss `takes_scores`, else outputs.
        y : list
            Targets like the outputs; for a sparse loss a label in place of the last axis.
        takes_scores : bool
        sample_weight : list of float, optional
            What the loss of each sample is multiplied with.
        """
        name = self.name
        if name in READ_OUTS and not (takes_scores or self.from_logits):
            name = name.replace("crossentropy", "log_loss")  # of probabilities
        n = len(outputs)
        total, gradient = 0.0, []
        for i in range(n):
            weight = 1.0 if sample_weight is None else sample_weight[i]
            rows = self._rows(outputs[i])
            targets = self._targets(y[i], rows)
            losses, drows = [0.0] * len(rows), zeros(shape_of(rows))
            self._forward_and_backward(losses, drows, rows, targets, name)
            total += weight * sum(losses) / len(rows)
            numbers = [weight * d / len(rows) / n for d in numbers_of(drows)]
            gradient.append(shaped(numbers, shape_of(outputs[i])))
        return total / n, gradient

    def _rows(self, output):
        """Return the rows of a sample's output, each with a loss; the sample has their mean.

        The classes of a categorical loss are along the last axis.  For the other losses all
        numbers are outputs alike.
        """
        return rows_of(output) if self.name.startswith("categorical") else [numbers_of(output)]

    def _targets(self, y, rows):
        """Return the targets as the formula takes them, row by row."""
        units = len(rows[0])
        if self.takes_labels:
            targets = [[float(o == label) for o in range(units)] for label in numbers_of(y)]
        else:
            targets = self._rows(y if isinstance(y, list) else [y])
        if self.label_smoothing == 0:
            return targets
        shares = units if self.name.startswith("categorical") else 2
        keep, spread = 1 - self.label_smoothing, self.label_smoothing / shares
        return [[keep * target + spread for target in row] for row in targets]

    def _forward_and_backward(self, losses, drows, rows, targets, name):
        if name == "huber":
            for r in range(len(rows)):
                losses[r] = huber_forward(rows[r], targets[r], self.delta)
                huber_backward(drows[r], rows[r], targets[r], self.delta)
        else:
            loss_forward(losses, rows, targets, name)
            loss_backward(drows, rows, targets, name)


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
