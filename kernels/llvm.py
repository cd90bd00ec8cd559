"""Functions written in LLVM's own language, with llvmlite's builder.

The Python code that uses a `Writer` runs once and *writes instructions*. An ordinary
``for i in range(12)`` in it writes twelve instructions one after the other, so loops are unrolled
that way.

**A vector value** is an LLVM value of a type such as ``<16 x float>``: it comes from a load, stays
in a register, and ends in a store.

**A value that changes in a loop.** LLVM has no variables, only values. What changes from one
iteration to the next is a *phi* at the top of the loop: "the start value when coming from before
the loop, the new value when coming from its end".
"""

from llvmlite import ir

from .machine import MASKS, VECTOR_BYTES

INT = ir.IntType(64)
INT32 = ir.IntType(32)


def constant(value):
    return ir.Constant(INT, value)


class Writer:
    """Writes functions into one LLVM module, one after the other, for vectors of one type."""

    def __init__(self, module, item):
        self.module = module
        self.item = item
        self.lanes = VECTOR_BYTES // item
        self.scalar = ir.FloatType() if item == 4 else ir.DoubleType()
        self.pointer = self.scalar.as_pointer()
        self.type = ir.VectorType(self.scalar, self.lanes)
        self.indices = ir.VectorType(INT32, self.lanes)
        self.suffix = f"v{self.lanes}f{8 * item}"
        self.builder = None

    def function(self, name, kinds):
        """Begin a function; each letter of `kinds` is an argument: `p` a pointer, `n` an integer,
        `x` a number.

        What is written from now on goes to its body.
        """
        types = {"p": self.pointer, "n": INT, "x": self.scalar}
        arguments = [types[kind] for kind in kinds.replace(" ", "")]
        kind = ir.FunctionType(ir.VoidType(), arguments)
        function = ir.Function(self.module, kind, f"{name}_{self.suffix}")
        self.builder = ir.IRBuilder(function.append_basic_block("entry"))
        return function

    def call(self, name, result, *arguments):
        """Call one of LLVM's own intrinsics, declaring it first."""
        return call_by_name(self.builder, self.module, name, result, arguments)

    def times(self, a, count):
        return self.builder.mul(a, constant(count))

    def less(self, a, b):
        return self.builder.icmp_signed("<", a, b)

    def after(self, pointer, offset):
        """The place `offset` elements after another."""
        return self.builder.gep(pointer, [offset])

    def opaque(self, pointer):
        """The pointer, of which LLVM no longer knows how it was computed."""
        kind = ir.FunctionType(self.pointer, [self.pointer])
        return self.builder.asm(kind, "", "=r,0", [pointer], False)

    def load(self, pointer):
        place = self.builder.bitcast(pointer, self.type.as_pointer())
        return self.builder.load(place, align=self.item)

    def load_twice(self, pointer):
        """A vector whose lower and upper lanes are both the numbers at a place: half a vector."""
        half = ir.VectorType(self.scalar, self.lanes // 2)
        place = self.builder.bitcast(pointer, half.as_pointer())
        nothing, numbers = ir.Constant(half, ir.Undefined), list(range(self.lanes // 2))
        twice = ir.Constant(self.indices, numbers + numbers)
        return self.builder.shuffle_vector(
            self.builder.load(place, align=self.item), nothing, twice
        )

    def prefetch(self, pointer):
        """Fetch the cache line of a number that is read later to the second-level cache."""
        place = self.builder.bitcast(pointer, ir.IntType(8).as_pointer())
        how = [ir.Constant(INT32, number) for number in (0, 2, 1)]  # to read, as data
        self.call("llvm.prefetch.p0", ir.VoidType(), place, *how)

    def store(self, value, pointer):
        place = self.builder.bitcast(pointer, self.type.as_pointer())
        self.builder.store(value, place, align=self.item)

    def store_past_caches(self, value, pointer):
        """Store at a place that begins a vector's width; see `past_caches`."""
        place = self.builder.bitcast(pointer, self.type.as_pointer())
        store = self.builder.store(value, place, align=VECTOR_BYTES)
        store.set_metadata("nontemporal", self.module.add_metadata([ir.Constant(INT32, 1)]))

    def splat(self, x, kind=None):
        """A vector with `x` in every lane."""
        nothing = ir.Constant(kind or self.type, ir.Undefined)
        one = self.builder.insert_element(nothing, x, ir.Constant(INT32, 0))
        return self.shuffle(one, nothing, [0] * self.lanes)

    def shuffle(self, a, b, lanes):
        """The lanes asked for, those of `b` counting from `self.lanes` on."""
        return self.builder.shuffle_vector(a, b, ir.Constant(self.indices, lanes))

    def fma(self, a, b, c):
        """a * b + c: one instruction, rounded once, where the machine has one."""
        return self.call(f"llvm.fmuladd.{self.suffix}", self.type, a, b, c)

    def lanes_from(self, first):
        """Lanes `first`, `first` + 1, ... of a vector, for `load_lanes` and `store_lanes`.

        That is a mask, or, on a machine without masks, where LLVM would test every lane by itself,
        the lane that each lane shares its place with: those before `first` share that of `first`.
        """
        if not MASKS:
            lanes = map(constant, range(self.lanes))
            return [self.builder.select(self.less(lane, first), first, lane) for lane in lanes]
        first = self.splat(self.builder.trunc(first, INT32), self.indices)
        lane = ir.Constant(self.indices, list(range(self.lanes)))
        return self.builder.icmp_signed(">=", lane, first)

    def load_lanes(self, pointer, lanes):
        """Some lanes of a vector; of the others no memory is touched, and they hold anything."""
        if not MASKS:
            vector = ir.Constant(self.type, ir.Undefined)
            for number, lane in enumerate(lanes):
                x = self.builder.load(self.after(pointer, lane))
                vector = self.builder.insert_element(vector, x, ir.Constant(INT32, number))
            return vector
        place = self.builder.bitcast(pointer, self.type.as_pointer())
        rest = ir.Constant(INT32, self.item), lanes, ir.Constant(self.type, None)
        return self.call(f"llvm.masked.load.{self.suffix}.p0", self.type, place, *rest)

    def store_lanes(self, value, pointer, lanes):
        """Store some lanes of a vector, and nothing beside them."""
        if not MASKS:
            # In their order: what lanes before the first leave in its place, it replaces.
            for number, lane in enumerate(lanes):
                x = self.builder.extract_element(value, ir.Constant(INT32, number))
                self.builder.store(x, self.after(pointer, lane))
            return
        place = self.builder.bitcast(pointer, self.type.as_pointer())
        rest = ir.Constant(INT32, self.item), lanes
        self.call(f"llvm.masked.store.{self.suffix}.p0", ir.VoidType(), value, place, *rest)

    def loop(self, turns, carried, body):
        """Write ``for _ in range(turns)``; return the values after it.

        `carried` are start values; ``body(*values)`` writes one turn, returning the next ones.
        """
        builder = self.builder
        before = builder.block
        loop, done = (builder.append_basic_block(name) for name in ("loop", "done"))
        builder.cbranch(builder.icmp_signed(">", turns, constant(0)), loop, done)
        builder.position_at_end(loop)
        first = [turns, *carried]
        phis = [builder.phi(value.type) for value in first]
        left = builder.sub(phis[0], constant(1))
        following = [left, *body(*phis[1:])]
        end = builder.block  # not `loop`, if the body has a loop of its own
        builder.cbranch(builder.icmp_signed(">", left, constant(0)), loop, done)
        builder.position_at_end(done)
        after = [builder.phi(value.type) for value in first]
        for i, value in enumerate(first):
            for phi in (phis[i], after[i]):
                phi.add_incoming(value, before)
                phi.add_incoming(following[i], end)
        return after[1:]


def call_by_name(builder, module, name, result, arguments):
    """Call a function that LLVM or the machine knows by name, declaring it first."""
    function = module.globals.get(name)
    if function is None:
        kind = ir.FunctionType(result, [argument.type for argument in arguments])
        function = ir.Function(module, kind, name)
        function.attributes.add("nounwind")
    return builder.call(function, arguments)
