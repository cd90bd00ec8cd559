"""How a transposed convolution becomes phases: the passes of a convolution, exchanged.

Forward it computes the input gradient of a convolution, and its own input gradient is that
convolution. Its kernel is learned as the convolution's, with input and gradient exchanged.
"""

from ..kernels.conv2d import Conv2D as Geometry
from ..kernels.conv2d import transposed_conv2d
from ..kernels.program import bias as bias_op
from ..kernels.program import columns as col
from ..kernels.program import conv2d as op
from ..layers import Conv2DTranspose
from ..layers.conv2d_transpose import transposed_places
from .convolution import convolve, described, hand_down_by, kernel_for, learn_kernel
from .parameters import Parameters
from .plan import Plan, Tensor
from .registry import LayerCall, Lowered, lowers


@lowers(Conv2DTranspose, takes_activation=True)
def lower_conv2d_transpose(plan: Plan, call: LayerCall[Conv2DTranspose]) -> Lowered:
    """Every pixel spread over a window of the output, plus the bias."""
    t, layer = call.input, call.layer
    _, padding = transposed_places(layer, t.shape[:2])
    g = Geometry(
        *call.shape,
        *t.shape,
        *layer.kernel_size,
        *layer.strides,
        *padding,
        *layer.dilation_rate,
        *(1, 1, 1, 1),
    )
    back = transposed_conv2d(g)
    kernel, bias = Parameters.of(plan, call, 0, 1), Parameters.of(plan, call, 1)
    packed = plan.take(kernel.size)
    record = kernel.place | {op.PACKED: packed}
    plan.add(op.conv2d_pack_item, 1, described(g), record, when="early")
    used = Parameters.of(plan, call).place | {op.PACKED: kernel_for(plan, back, packed)}
    u = convolve(plan, call, back, used, t.is_differentiated or kernel.learns)

    def backward() -> None:
        if t.is_differentiated:
            hand_down_by(plan, g, kernel_for(plan, g, kernel.kernel), t, u)
        if kernel.learns:
            learn_kernel(plan, g, kernel, {col.INPUT: u.dz, col.DOUTPUT: t.a})
        if bias.learns:
            _learn_bias(plan, bias, u)

    return u, backward


def _learn_bias(plan: Plan, bias: Parameters, u: Tensor) -> None:
    """Its gradient: the sums over all places, image by image."""
    images, size = plan.batch_size, bias.size
    partial = plan.take(images * size)
    record = {
        col.DOUTPUT: u.dz,
        col.UNITS: u.units,
        bias_op.CHANNELS: size,
        bias_op.PARTIAL: partial,
    }
    plan.add(bias_op.bias_gradient_item, images, record)
    bias.add_sum(images, partial, size)
