"""A network as a program: a table of operations, and the one compiled loop that runs it.

A program is an int64 table with a row for each phase of a training step: the address of its
operation, the number of its items, and then whatever the operation needs to know (sizes, and
places in one flat memory). The loop (:mod:`.run`) walks through the rows; every operation is
compiled once, alone, when a network first needs it, so a new architecture compiles nothing.

Every operation has the one signature ``operation(memory, row, samples, item, worker, step)``:

memory
    One flat array that holds everything: parameters, gradients, activations, scratch.
row
    The operation's row of the table. Columns that operations share are declared in
    :mod:`.columns`, others beside the operation.
samples
    How many samples the mini-batch has: the last of an epoch may have fewer.
item
    Which part of the work to do, from 0 to the number of items less one. What an item is depends
    on the problem alone, never on the number of threads, so neither do the bits.
worker
    Who does it: which scratch to use.
step
    Number of the step within the run, from 0.

=============== ================================================================================
file            operations
=============== ================================================================================
`data`          shuffle an epoch, gather a mini-batch, hand out results, exchange layouts
`dense`         dense layers, forward and backward with the update of the weights
`wide`          dense layers whose weights come from memory
`conv2d`        convolutions and their derivatives
`pooling`       maximum and average of windows, global average
`normalization` batch and layer normalisation
`elementwise`   activations that stand alone, dropout
`softmax`       the softmax of short rows
`noise`         normal noise, dropout of channels
`strided`       copies of boxes: padding, cropping, repeating, transposing, concatenating
`resize`        bilinear interpolation
`rescaling`     numbers brought to a scale
`merge`         two tensors merged, number by number
`embedding`     rows of a table
`loss`          losses, their gradient, and the totals of an epoch
`update`        regularisation, clipping and the optimiser over ranges of the parameters
`constraints`   constraints of weights, after the update
=============== ================================================================================

:mod:`.many` trains many models in one parallel region, one on each thread, and :mod:`.lanes`
several small dense ones on each thread, with the models innermost (`lane_columns`, `lane_layers`,
`lane_activations`, `lane_losses`).

A layer's backward phase hands down the gradient of its *input*, already multiplied with the
derivative of the activation there: so each phase reads what it needs while it is in the cache.
"""
