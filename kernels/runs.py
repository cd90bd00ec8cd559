"""Means of a few runs of numbers, a vector of each at a time; speaks LLVM.

LLVM makes narrower vectors of loops over short runs, and adds up the last numbers of each one by
one: 5 of 37. Here they are one more vector, of which some lanes are left out.
"""

from numba import config, types
from numba.extending import intrinsic

from .llvm import Writer, constant

# Vectors of long runs that are added up at once.
AT_ONCE = 4


@intrinsic
def mean_of_runs(typingctx, means, to, size, values, at, step, count, weight):
    """A weight times the sum of some runs of numbers, added up one after the other.

    ``means[to + i] = weight * sum over k of values[at + k step + i]`` for i below `size`.

    Parameters
    ----------
    means : (m,) array
        Output from `to` on.
    to, size : int
    values : (n,) array
        Of the same type.
    at, step, count : int
        Where the first run begins; how far apart they are; how many there are, at least one.
    weight : float
    """

    def codegen(context, builder, signature, arguments):
        out, to, size, numbers, at, step, count, weight = arguments
        out, numbers = (
            context.make_helper(builder, kind, array).data
            for kind, array in ((means, out), (values, numbers))
        )
        w = Writer(builder.module, means.dtype.bitwidth // 8)
        w.builder = builder
        out, factor = w.after(out, to), w.splat(weight)

        def means_from(place, vectors, load):
            """The means of this many vectors of the runs, from a place in them on."""
            offsets = [constant(k * w.lanes) for k in range(vectors)]

            def add(run, *sums):
                run = w.after(run, step)
                new = [load(w.after(run, offset)) for offset in offsets]
                return run, *(builder.fadd(a, b) for a, b in zip(sums, new, strict=True))

            first = w.after(numbers, builder.add(at, place))
            sums = [load(w.after(first, offset)) for offset in offsets]
            _, *sums = w.loop(builder.sub(count, constant(1)), [first, *sums], add)
            return [builder.fmul(factor, total) for total in sums]

        def write(place, vectors):
            """Write as many whole groups of vectors as there are; return the place after them."""
            group = constant(vectors * w.lanes)

            def turn(place):
                for k, vector in enumerate(means_from(place, vectors, w.load)):
                    w.store(vector, w.after(out, builder.add(place, constant(k * w.lanes))))
                return [builder.add(place, group)]

            return w.loop(builder.sdiv(builder.sub(size, place), group), [place], turn)[0]

        rest = builder.sub(size, write(write(constant(0), AT_ONCE), 1))
        with builder.if_then(builder.icmp_signed(">", rest, constant(0))):
            last = builder.sub(size, constant(w.lanes))
            lanes = w.lanes_from(builder.sub(constant(w.lanes), rest))
            (vector,) = means_from(last, 1, lambda pointer: w.load_lanes(pointer, lanes))
            w.store_lanes(vector, w.after(out, last), lanes)
        return context.get_dummy_value()

    integers = (types.int64,) * 3
    return types.void(means, *integers[:2], values, *integers, means.dtype), codegen


if config.DISABLE_JIT:

    def mean_of_runs(means, to, size, values, at, step, count, weight):
        total = values[at : at + size].copy()
        for k in range(1, count):
            total += values[at + k * step :][:size]
        means[to : to + size] = weight * total
