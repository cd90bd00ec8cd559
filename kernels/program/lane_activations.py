"""Activations of several models at once, in place, and derivatives that read only activations.

Each lane of a vector gets the bits that the functions of :mod:`..activations` give a number. Those
write to another array. Given the same array twice they would be computed number by number, because
a vectorised loop is used for arrays that do not overlap.
"""

from .. import activations
from ..elementary import sigmoid, tanh
from ..jit import njit


@njit
def relu_forward(a):
    zero = a.dtype.type(0)
    for i in range(a.size):
        a[i] = zero if a[i] < zero else a[i]


@njit
def relu_backward(da, a):
    zero = a.dtype.type(0)
    for i in range(a.size):
        da[i] = da[i] if a[i] > zero else zero


@njit
def sigmoid_forward(a):
    for i in range(a.size):
        a[i] = sigmoid(a[i])


@njit
def sigmoid_backward(da, a):
    one = a.dtype.type(1)
    for i in range(a.size):
        da[i] = da[i] * a[i] * (one - a[i])


@njit
def tanh_forward(a):
    for i in range(a.size):
        a[i] = tanh(a[i])


@njit
def tanh_backward(da, a):
    one = a.dtype.type(1)
    for i in range(a.size):
        da[i] = da[i] * (one - a[i] * a[i])


#: What takes the place of an activation, or of its derivative.
IN_PLACE = {
    activations.relu_forward: relu_forward,
    activations.relu_backward: relu_backward,
    activations.sigmoid_forward: sigmoid_forward,
    activations.sigmoid_backward: sigmoid_backward,
    activations.tanh_forward: tanh_forward,
    activations.tanh_backward: tanh_backward,
}
