"""A vector for each of many things."""

from fastscratch.reference.layers.base import Layer
from fastscratch.reference.nested import elementwise, numbers_of, rows_of, shape_of, zeros


class Embedding(Layer):
    """In place of each index, that row of a table; the table is learned."""

    def __init__(self, input_dim, output_dim, **config):
        super().__init__(**config)
        self.input_dim = input_dim
        self.output_dim = output_dim
        self.weight_names = ["embeddings"]

    def weight_shapes(self, shape):
        return {"embeddings": (self.input_dim, self.output_dim)}

    def forward(self, inputs, weights, run):
        (indices,) = inputs
        (table,) = weights
        return elementwise(lambda index: list(table[int(index)]), [indices]), (indices,)

    def backward(self, doutput, kept, weights):
        (indices,) = kept
        dtable = zeros(shape_of(weights[0]))
        for index, gradient in zip(numbers_of(indices), rows_of(doutput), strict=True):
            row = dtable[int(index)]
            for o in range(self.output_dim):
                row[o] += gradient[o]
        return [None], [dtable]
