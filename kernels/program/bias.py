"""The gradient of a bias by itself."""

from ..sums import sum_rows
from .columns import ARGUMENTS, COUNT, DOUTPUT, PLACE, UNITS, fields, operation

# The length of the bias, and where the sums of the samples go, one after the other.
CHANNELS, PARTIAL = fields(ARGUMENTS, channels=COUNT, partial=PLACE)


@operation(DOUTPUT, UNITS, CHANNELS, PARTIAL)
def bias_gradient_item(memory, row, samples, item, worker, step):
    """The sum of a sample's gradient over all its places; zeros after the last sample."""
    channels, units = row[CHANNELS], row[UNITS]
    total = memory[row[PARTIAL] + item * channels :][:channels]
    if item >= samples:
        total[:] = 0
        return
    dout = memory[row[DOUTPUT] + item * units :][:units]
    sum_rows(total, dout.reshape(units // channels, channels))
