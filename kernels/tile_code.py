"""The code of the tiles (:mod:`.tiles`), in LLVM's language, for the vectors of this machine."""

from functools import partial
from itertools import product, zip_longest

from llvmlite import binding, ir

from .llvm import INT, INT32, Writer, constant
from .machine import (
    CACHE_LINE,
    DOT_COLUMNS,
    DOT_ROWS,
    HALF_TILES,
    LISTED_ROWS,
    LISTED_VECTORS,
    MASKS,
    MAXIMA_ROWS,
    RUNS,
    TILE_ROWS,
    TILE_VECTORS,
    TILES,
    WINDOWS,
    WINNER_TAPS,
)

# Neighbouring rows of a tile that are found from one pointer.
GROUP = 3


def _tile_function(w, name, last="x"):
    """Begin the function of a tile; return its matrices (pointer, row, step) and sizes.

    The last argument is a scale, or how far ahead to fetch.
    """
    function = w.function(name, f"pnn pnn pnn pnn nnnnnn {last}")
    return function, [function.args[i : i + 3] for i in (0, 3, 6, 9)], function.args[12:18]


def _sum_in_registers(w, a, b, sizes, sums, step, rows=1):
    """Write the two loops of a tile; return the sums.

    ``step(places, b, sums)`` writes one step; `places` are where every third of the `rows` of `a`
    is. From one pointer LLVM would find all rows by as many additions, each after the one before:
    a tile of 12 x 1 took as long as one of 12 x 2.
    """
    (a, a_row, a_step), (b, b_row, _) = a, b
    _, _, depth, turns, a_jump, b_jump = sizes
    places = [a, *(w.opaque(w.after(a, w.times(a_row, i))) for i in range(GROUP, rows, GROUP))]
    count = len(places)

    def one_step(b, *values):
        places, sums = values[:count], values[count:]
        following = [w.after(place, a_step) for place in places]
        return [w.after(b, b_row), *following, *step(places, b, sums)]

    def one_turn(*values):
        b, *values = w.loop(depth, values, one_step)
        following = [w.after(place, a_jump) for place in values[:count]]
        return [w.after(b, b_jump), *following, *values[count:]]

    return w.loop(turns, [b, *places, *sums], one_turn)[1 + count :]


def _sum_over_list(w, a, b, sizes, sums, step):
    """Write the loop of a tile over the steps of a list; return the sums. `step` as above."""
    (a, _, a_step), (b, b_row, _) = a, b
    _, _, count, address, _, _ = sizes
    first = w.builder.inttoptr(address, INT32.as_pointer())

    def one_step(place, *sums):
        k = w.builder.sext(w.builder.load(place), INT)
        x, y = (w.after(m, w.builder.mul(k, apart)) for m, apart in ((a, a_step), (b, b_row)))
        return [w.after(place, constant(1)), *step([x], y, sums)]

    return w.loop(count, [first, *sums], one_step)[1:]


def _number_of(w, places, a_rows, i):
    """A number of one row of `a`, in every lane; `places` as `_sum_in_registers` has them."""
    group = min(i // GROUP, len(places) - 1)
    return w.splat(w.builder.load(w.after(places[group], a_rows[i - GROUP * group])))


def _add_products(w, places, a_rows, row, sums):
    """Add to the sums what a row of `b`, some vectors, adds to each row of a tile."""
    following = []
    for i in range(len(a_rows)):
        x = _number_of(w, places, a_rows, i)
        following += [w.fma(x, y, sums[i * len(row) + v]) for v, y in enumerate(row)]
    return following


def _columns(w, step, vectors, missing):
    """Where the vectors of a row begin. The last ends where the tile ends: what it shares with the
    one before it (or, if it is the only one, with memory before it) is not stored."""
    offsets = [w.times(step, v * w.lanes) for v in range(vectors)]
    offsets[-1] = w.builder.sub(offsets[-1], missing)
    return offsets


def _places(w, matrix, rows, vectors, missing):
    """Where the vectors of each row begin."""
    pointer, row, step = matrix
    rows_begin = [w.after(pointer, w.times(row, i)) for i in range(rows)]
    offsets = _columns(w, step, vectors, missing)
    return [[w.after(begin, offset) for offset in offsets] for begin in rows_begin]


def _fetching(w, step, rows):
    """A step that also fetches as many numbers, from a run of memory, as it reads rows."""

    def both(places, b, values):
        *sums, ahead = values
        for number in range(0, rows, CACHE_LINE // w.item):
            w.prefetch(w.after(ahead, constant(number)))
        return [*step(places, b, sums), w.after(ahead, constant(rows))]

    return both


def _write_tile(w, rows, vectors, kind):
    """The function of one tile shape: `rows` rows and `vectors` vectors of columns.

    The sums begin with `start`; or, in an update, with zero, and at the end they are multiplied by
    a number and added to `start`.
    """
    scaled, fetches = kind in ("update", "listed_update"), kind == "ahead"
    is_listed = kind in ("listed", "listed_update")
    name = f"{kind}_{rows}_{vectors}"
    function, (c, start, a, b), sizes = _tile_function(w, name, "n" if fetches else "x")
    missing = w.builder.sub(constant(vectors * w.lanes), sizes[1])
    lanes = w.lanes_from(missing)
    a_rows = [w.times(a[1], i) for i in range(rows)]
    # With unknown strides, places of a listed tile's rows and vectors would exceed the registers.
    b_columns = _columns(w, constant(1) if is_listed else b[2], vectors, missing)

    def starts():
        return [
            value
            for *row, last in _places(w, start, rows, vectors, missing)
            for value in [*map(w.load, row), w.load_lanes(last, lanes)]
        ]

    sums = [ir.Constant(w.type, None)] * (rows * vectors) if scaled else starts()

    def step(places, b, sums):
        row = [w.after(b, column) for column in b_columns]
        # A lone vector may begin before the array.
        row = [w.load(place) for place in row] if vectors > 1 else [w.load_lanes(*row, lanes)]
        return _add_products(w, places, a_rows, row, sums)

    if fetches:
        sums, step = [*sums, w.after(a[0], function.args[-1])], _fetching(w, step, rows)
    if is_listed:
        sums = _sum_over_list(w, a, b, sizes, sums, step)
    else:  # with more vectors the multiply-adds take longer than the additions
        sums = _sum_in_registers(w, a, b, sizes, sums, step, rows if vectors == 1 else 1)
    if scaled:
        scale = w.splat(function.args[-1])
        sums = [w.fma(scale, total, of) for total, of in zip(sums, starts(), strict=True)]
    sums = iter(sums)
    for *row, last in _places(w, c, rows, vectors, missing):
        for place in row:
            w.store(next(sums), place)
        w.store_lanes(next(sums), last, lanes)
    w.builder.ret_void()
    return function


def _write_fetch(w):
    """The function of the largest tile, all of its columns, that fetches rows of memory meanwhile.

    Each turn fetches one row, as wide as the tile, and then does its share of the steps; what is
    left of them comes after the last turn.
    """
    function = w.function("fastscratch_fetch", "pnn pnn pnn pnn pnn nn")
    c, start, (a, a_row, a_step), (b, b_row, b_step), (memory, memory_row, _) = (
        function.args[i : i + 3] for i in range(0, 15, 3)
    )
    depth, turns = function.args[15:]
    shape = TILE_ROWS, TILE_VECTORS, constant(0)
    a_rows = [w.times(a_row, i) for i in range(TILE_ROWS)]
    columns = _columns(w, b_step, *shape[1:])

    def step(b, a, *sums):
        row = [w.load(w.after(b, column)) for column in columns]
        return [w.after(b, b_row), w.after(a, a_step), *_add_products(w, [a], a_rows, row, sums)]

    def turn(memory, *values):
        for number in range(0, TILE_VECTORS * w.lanes, CACHE_LINE // w.item):
            w.prefetch(w.after(memory, constant(number)))
        return [w.after(memory, memory_row), *w.loop(share, values, step)]

    share = w.builder.sdiv(depth, turns)
    sums = [w.load(place) for row in _places(w, start, *shape) for place in row]
    values = w.loop(turns, [memory, b, a, *sums], turn)[1:]
    _, _, *sums = w.loop(w.builder.srem(depth, turns), values, step)
    places = [place for row in _places(w, c, *shape) for place in row]
    for total, place in zip(sums, places, strict=True):
        w.store(total, place)
    w.builder.ret_void()


def _write_half_tile(w, rows, kind):
    """The function of a tile of one vector of columns and at most half of another one.

    Two rows share a vector for what comes after the first one. So 24 columns of float32 take three
    quarters of the multiply-adds of 32, where a vector has 16 numbers.
    """
    fetches, half = kind == "ahead", w.lanes // 2
    function, (c, start, a, b), sizes = _tile_function(
        w, f"{kind}_{rows}_half", "n" if fetches else "x"
    )
    missing = w.builder.sub(constant(2 * w.lanes), sizes[1])
    lanes = w.lanes_from(missing)
    a_rows = [w.times(a[1], i) for i in range(rows)]
    first, last = _columns(w, b[2], 2, missing)
    last = w.builder.add(last, constant(half))
    lower, upper = list(range(half)), list(range(half, w.lanes))
    nothing = ir.Constant(w.type, ir.Undefined)

    def pairs(vectors, numbers):
        """Each two vectors as one: those lanes of the first, and the upper lanes of the second."""
        after = [w.lanes + lane for lane in upper]
        return [
            w.shuffle(*two, numbers + after)
            for two in zip(vectors[::2], vectors[1::2], strict=True)
        ]

    begin = _places(w, start, rows, 2, missing)
    sums = [w.load(row[0]) for row in begin]
    sums += pairs([w.load_lanes(row[1], lanes) for row in begin], upper)

    def step(places, b, sums):
        row, rest = w.load(w.after(b, first)), w.load_twice(w.after(b, last))
        xs = [_number_of(w, places, a_rows, i) for i in range(rows)]
        factors = [row] * rows + [rest] * (rows // 2)
        numbers = [*xs, *pairs(xs, lower)]
        return [w.fma(*each) for each in zip(numbers, factors, sums, strict=True)]

    if fetches:
        sums, step = [*sums, w.after(a[0], function.args[-1])], _fetching(w, step, rows)
    sums = _sum_in_registers(w, a, b, sizes, sums, step, rows)
    for i, (whole, part) in enumerate(_places(w, c, rows, 2, missing)):
        w.store(sums[i], whole)
        pair = sums[rows + i // 2]
        w.store_lanes(pair if i % 2 else w.shuffle(pair, nothing, lower + lower), part, lanes)
    w.builder.ret_void()
    return function


def _write_tiles(w, kind, tiles):
    """The functions of some tile shapes, by their rows and the half vectors that they have."""
    functions = {}
    for rows, most in tiles:
        for vectors in range(1, most + 1):
            tile = _write_tile(w, rows, vectors, kind)
            functions[rows, 2 * vectors - 1] = functions[rows, 2 * vectors] = tile
        if rows in HALF_TILES and w.lanes > 2 and kind in ("tile", "ahead"):
            functions[rows, 3] = _write_half_tile(w, rows, kind)
    return functions


def _elements(w, matrix, rows, columns):
    """Where the elements of a matrix are, row after row."""
    pointer, row, step = matrix
    return [
        w.after(pointer, w.builder.add(w.times(row, i), w.times(step, j)))
        for i, j in product(range(rows), range(columns))
    ]


def _sums_of_vectors(w, a, b, sizes, starts, columns):
    """Write the loops of a tile whose elements are vectors; return the sums."""
    a_rows = [w.times(a[1], i) for i in range(len(starts) // columns)]
    b_columns = [w.times(b[2], j) for j in range(columns)]

    def step(places, b, sums):
        row = [w.load(w.after(b, column)) for column in b_columns]
        following = []
        for i, a_row in enumerate(a_rows):
            x = w.load(w.after(places[0], a_row))
            following += [w.fma(x, y, sums[i * columns + j]) for j, y in enumerate(row)]
        return following

    return _sum_in_registers(w, a, b, sizes, starts, step)


def _write_dot(w, rows, columns, kind):
    """The function of one shape of the dot tile, of the lane tile or of the chain tile."""
    function, (c, start, a, b), sizes = _tile_function(w, f"{kind}_{rows}_{columns}")
    starts = [ir.Constant(w.type, None)] * (rows * columns)
    if kind == "chain":
        starts = [w.load(place) for place in _elements(w, start, rows, columns)]
    totals = _sums_of_vectors(w, a, b, sizes, starts, columns)
    if kind == "dot":
        totals = _horizontal_sums(w, totals)
    places = zip(_elements(w, start, rows, columns), _elements(w, c, rows, columns), strict=True)
    for k, (of, to) in enumerate(places):
        if kind == "chain":
            w.store(totals[k], to)
        elif kind == "lane":
            w.store(w.builder.fadd(w.load(of), totals[k]), to)
        else:
            lane = ir.Constant(INT32, k % w.lanes)
            total = w.builder.extract_element(totals[k // w.lanes], lane)
            w.builder.store(w.builder.fadd(w.builder.load(of), total), to)
    w.builder.ret_void()
    return function


def _maxima_function(w, name):
    """Begin a function of a maxima tile; return its matrices (pointer, row, step) and sizes."""
    function = w.function(name, "pnn pnn pnn pnn pnn nnnnn")
    # One column, for `_write_choice`.
    height, *sizes = function.args[15:]
    matrices = [function.args[i : i + 3] for i in range(0, 15, 3)]
    return function, matrices, [height, constant(1), *sizes]


def _write_maxima(w, rows):
    """The function of the maxima tile of this many rows."""
    function, matrices, sizes = _maxima_function(w, f"maxima_{rows}")
    (c, argmax, start, a, b), (_, _, depth, turns, b_jump, below) = matrices, sizes
    columns = [constant(0), b[2], below, w.builder.add(below, b[2])]
    a_rows = [w.times(a[1], i) for i in range(rows)]

    def step(places, b, sums):
        row = [w.load(w.after(b, column)) for column in columns]
        numbers = [w.splat(w.builder.load(w.after(places[0], a_row))) for a_row in a_rows]
        pairs = product(numbers, row)
        return [w.fma(x, y, total) for (x, y), total in zip(pairs, sums, strict=True)]

    starts = [w.load(w.after(start[0], w.times(start[1], i))) for i in range(rows)]
    starts = [value for value in starts for _ in columns]
    sizes = None, None, depth, turns, constant(0), b_jump
    sums = _sum_in_registers(w, a, b, sizes, starts, step)
    builder = w.builder
    for i in range(rows):
        largest, *others = sums[4 * i : 4 * i + 4]
        place = ir.Constant(w.type, None)
        for number, total in enumerate(others, 1):
            is_nan = builder.fcmp_unordered("uno", total, total)
            wins = builder.or_(builder.fcmp_ordered(">", total, largest), is_nan)
            largest = builder.select(wins, total, largest)
            place = builder.select(wins, w.splat(ir.Constant(w.scalar, number)), place)
        w.store(largest, w.after(c[0], w.times(c[1], i)))
        w.store(place, w.after(argmax[0], w.times(argmax[1], i)))
    builder.ret_void()
    return function


def _adam_function(w, name):
    """Begin a function of the Adam tile; return its matrices (pointer, row, step) and numbers."""
    function = w.function(name, "pnn pnn pnn pnn pnn nnnn xxx")
    return function, [function.args[i : i + 3] for i in range(0, 15, 3)], function.args[15:]


def _write_adam(w, rows, columns):
    """The function of one shape of the Adam tile: the operations are those of `adamw_step`."""
    function, matrices, numbers = _adam_function(w, f"adam_{rows}_{columns}")
    weights, paces, start, a, b = matrices
    height, width, depth, distance, *constants = numbers
    sizes = height, width, depth, constant(1), constant(0), constant(0)
    starts = [w.load(place) for place in _elements(w, start, rows, columns)]
    gradients = _sums_of_vectors(w, a, b, sizes, starts, columns)
    rate, decay = (w.load(place) for place in _elements(w, paces, 2, 1))
    renew_1, renew_2, floor = map(w.splat, constants)
    plus, minus, times, over = w.builder.fadd, w.builder.fsub, w.builder.fmul, w.builder.fdiv
    for g, place in zip(gradients, _elements(w, weights, rows, columns), strict=True):
        first, second = w.after(place, distance), w.after(place, w.times(distance, 2))
        weight, one, two = map(w.load, (place, first, second))
        one = plus(one, times(renew_1, minus(g, one)))
        two = plus(two, times(renew_2, minus(times(g, g), two)))
        w.store(one, first)
        w.store(two, second)
        kept = minus(weight, times(decay, weight))
        root = w.call(f"llvm.sqrt.{w.suffix}", w.type, two)
        w.store(minus(kept, over(times(rate, one), plus(root, floor))), place)
    w.builder.ret_void()
    return function


def _write_slide(w):
    """The function of the slide tile: eight rows at a time, then four, then each that is left."""
    _, (c, start, a, b), sizes = _tile_function(w, "fastscratch_slide")
    bias = w.load(start[0])

    def some(rows):
        """The code for this many rows; it takes and returns where they begin in `c` and `a`."""
        offsets = [w.times(a[1], i) for i in range(rows)]

        def step(places, weights, sums):
            weight = w.load(weights)
            return [
                w.fma(w.load(w.after(places[0], offset)), weight, total)
                for offset, total in zip(offsets, sums, strict=True)
            ]

        def body(to, of):
            sums = _sum_in_registers(w, (of, *a[1:]), b, sizes, [bias] * rows, step)
            for i, total in enumerate(sums):
                w.store(total, w.after(to, w.times(c[1], i)))
            return [w.after(to, w.times(c[1], rows)), w.after(of, w.times(a[1], rows))]

        return body

    places, left = [c[0], a[0]], sizes[0]
    for rows in (8, 4, 1):
        places = w.loop(w.builder.sdiv(left, constant(rows)), places, some(rows))
        left = w.builder.srem(left, constant(rows))
    w.builder.ret_void()


def _window_function(w, name):
    """Begin a function of a window tile; return its matrices (pointer, row, step) and sizes."""
    function = w.function(name, "pnn pnn pnn pnn pnn nnnnnnnnn")
    return function, [function.args[i : i + 3] for i in range(0, 15, 3)], function.args[15:]


def _write_window(w, rows, taps):
    """The function of some rows of output of a window of taps x taps.

    Each number is loaded once for all positions that see it: for each row, the sums of so many
    neighbouring positions stay in registers, and each column of the image adds its products to all
    of them. The first of them is then complete, and the next position begins.
    """
    function, matrices, sizes = _window_function(w, f"window_{rows}_{taps}")
    *sizes, missing, past_caches = sizes
    is_whole = w.builder.icmp_signed("==", missing, constant(0))
    is_small = w.builder.icmp_signed("==", past_caches, constant(0))
    with w.builder.if_else(is_whole) as (whole, part):  # masks cost a sixth of the time
        with whole, w.builder.if_else(is_small) as (small, large):
            with small:
                _slide_window(w, rows, taps, matrices, sizes, w.load, w.store)
            with large:
                _slide_window(w, rows, taps, matrices, sizes, w.load, w.store_past_caches)
        with part:
            if MASKS:
                mask = {"lanes": w.lanes_from(missing)}
                load, store = partial(w.load_lanes, **mask), partial(w.store_lanes, **mask)
                _slide_window(w, rows, taps, matrices, sizes, load, store)
    w.builder.ret_void()
    return function


def _slide_window(w, rows, taps, matrices, sizes, load, store):
    """The loop of a window tile."""
    (c, bias, zeros, a, b), (_, _, positions, left, right, above, below) = matrices, sizes
    begin = w.load(bias[0])
    seen = rows + taps - 1
    inside = w.builder.sub(constant(seen), below)
    pixels, steps = [], []
    for i in range(seen):
        row = constant(i)
        outside = w.builder.or_(w.less(row, above), w.builder.icmp_signed(">=", row, inside))
        place = w.after(a[0], w.times(a[1], i))
        pixels.append(w.builder.select(outside, zeros[0], place))
        steps.append(w.builder.select(outside, constant(0), a[2]))

    def column(values):
        """The next column: where its neighbours are, and the sums of each row after it."""
        pixels, sums = values[:seen], values[seen:]
        numbers = [load(pixel) for pixel in pixels]
        following = []
        for kx in range(taps):
            totals = sums[(kx - 1) * rows : kx * rows] if kx > 0 else [begin] * rows
            for ky in range(taps):
                place = w.after(b[0], w.builder.add(w.times(b[1], ky), w.times(b[2], kx)))
                weight = w.load(place)
                totals = [w.fma(numbers[r + ky], weight, totals[r]) for r in range(rows)]
            following += totals
        return [w.after(*pair) for pair in zip(pixels, steps, strict=True)], following

    def store_position(to, totals):
        for r, total in enumerate(totals):
            store(total, w.after(to, w.times(c[1], r)))
        return w.after(to, c[2])

    def first(*values):
        pixels, sums = column(values)
        return [*pixels, *sums[:-rows]]

    def next_position(to, *values):
        pixels, sums = column(values)
        return [store_position(to, sums[-rows:]), *pixels, *sums[:-rows]]

    def last(to, *sums):
        return [store_position(to, sums[-rows:]), *[begin] * rows, *sums[:-rows]]

    values = [*pixels, *[begin] * (rows * (taps - 1))]
    values = w.loop(w.builder.sub(constant(taps - 1), left), values, first)
    to, *values = w.loop(positions, [c[0], *values], next_position)
    w.loop(right, [to, *values[seen:]], last)


def _horizontal_sums(w, vectors):
    """The sum of each vector: a few vectors, whose lanes are the sums in order.

    Each turn adds neighbouring lanes, of two vectors into one: half of its lanes are from the
    first, half from the second. After log2(lanes) turns a lane is the sum of a whole vector, and
    `lanes` sums have cost `lanes` - 1 additions and twice as many shuffles.
    """
    even, odd = ([2 * lane + i for lane in range(w.lanes)] for i in (0, 1))
    nothing = ir.Constant(w.type, ir.Undefined)
    for _ in range(w.lanes.bit_length() - 1):
        pairs = zip_longest(vectors[::2], vectors[1::2], fillvalue=nothing)
        vectors = [w.builder.fadd(w.shuffle(*pair, even), w.shuffle(*pair, odd)) for pair in pairs]
    return vectors


def _runs_function(w, name):
    """Begin a function of sparse runs; return its matrices (pointer, row, step) and sizes."""
    function = w.function(name, "pnn pnn pnn nnn")
    return function, [function.args[i : i + 3] for i in (0, 3, 6)], function.args[9:]


def _write_runs(w, rows, vectors):
    """The function of one shape of `gather_runs`."""
    function, (c, x, found), (_, _, count) = _runs_function(w, f"gather_{rows}_{vectors}")
    builder, bits = w.builder, ir.IntType(w.lanes)
    shape = list(product(range(rows), range(vectors)))

    def places(pointer, row):
        return [
            w.after(pointer, builder.add(w.times(row, i), constant(v * w.lanes))) for i, v in shape
        ]

    def some(at, runs, left, *sums):
        """A vector of values: a number has a bit for each that is not zero."""
        is_used = builder.fcmp_unordered("!=", w.load(at), ir.Constant(w.type, None))
        used = builder.zext(builder.bitcast(is_used, bits), INT)
        few = w.less(left, constant(w.lanes))
        first = builder.sub(builder.shl(constant(1), left), constant(1))
        used = builder.select(few, builder.and_(used, first), used)

        def one(used, *sums):
            number = w.call("llvm.cttz.i64", INT, used, ir.Constant(ir.IntType(1), 1))
            here = w.after(at, number)
            value = w.splat(builder.load(here))
            place = builder.fptosi(builder.load(w.after(here, found[1])), INT)
            place = builder.add(place, builder.mul(number, x[2]))
            run = places(w.after(runs, place), x[1])
            sums = [w.fma(value, w.load(of), total) for of, total in zip(run, sums, strict=True)]
            return [builder.and_(used, builder.sub(used, constant(1))), *sums]

        _, *sums = w.loop(w.call("llvm.ctpop.i64", INT, used), [used, *sums], one)
        runs, left = w.after(runs, w.times(x[2], w.lanes)), builder.sub(left, constant(w.lanes))
        return [w.after(at, constant(w.lanes)), runs, left, *sums]

    own = places(c[0], c[1])
    turns = builder.sdiv(builder.add(count, constant(w.lanes - 1)), constant(w.lanes))
    # What is stored at `c` may not have arrived there yet: it is loaded as late as possible.
    zeros = [ir.Constant(w.type, None)] * len(own)
    _, _, _, *sums = w.loop(turns, [found[0], x[0], count, *zeros], some)
    for total, place in zip(sums, own, strict=True):
        w.store(builder.fadd(w.load(place), total), place)
    builder.ret_void()
    return function


def _winner_function(w, name):
    """Begin a function of a winner tile; return its matrices (pointer, row, step) and sizes."""
    function = w.function(name, "pnn pnn pnn nnnnn")
    # One column, for `_write_choice`.
    taps, *sizes = function.args[9:]
    return function, [function.args[i : i + 3] for i in (0, 3, 6)], [taps, constant(1), *sizes]


def _write_winner(w, taps):
    """The function of the winner tile of a filter of taps x taps."""
    function, (c, a, b), sizes = _winner_function(w, f"winner_{taps}")
    _, _, depth, turns, b_jump, argmax = sizes
    builder = w.builder
    rows = [w.times(b[1], i) for i in range(taps + 1)]
    columns = [w.times(b[2], i) for i in range(taps + 1)]

    def step(places, b, sums):
        value, place = w.load(places[0]), w.load(w.after(places[0], argmax))
        is_below = builder.fcmp_ordered(">=", place, w.splat(ir.Constant(w.scalar, 2)))
        ones = [w.splat(ir.Constant(w.scalar, number)) for number in (1, 3)]
        is_right = builder.or_(*(builder.fcmp_ordered("==", place, one) for one in ones))
        following = []
        for kx in range(taps):
            pixels = [
                builder.select(
                    is_right,
                    w.load(w.after(b, builder.add(row, columns[kx + 1]))),
                    w.load(w.after(b, builder.add(row, columns[kx]))),
                )
                for row in rows
            ]
            for upper, lower, total in zip(pixels, pixels[1:], sums[kx::taps], strict=False):
                following.append(w.fma(value, builder.select(is_below, lower, upper), total))
        return [following[kx * taps + ky] for ky in range(taps) for kx in range(taps)]

    zeros = [ir.Constant(w.type, None)] * taps**2
    sizes = None, None, depth, turns, constant(0), b_jump
    windows = b[0], w.times(b[2], 2), None
    totals = _horizontal_sums(w, _sum_in_registers(w, a, windows, sizes, zeros, step))
    for k in range(taps**2):
        ky, kx = divmod(k, taps)
        place = w.after(c[0], builder.add(w.times(c[1], ky), w.times(c[2], kx)))
        total = builder.extract_element(totals[k // w.lanes], ir.Constant(INT32, k % w.lanes))
        builder.store(builder.fadd(builder.load(place), total), place)
    builder.ret_void()
    return function


def _write_choice(w, begin, name, tiles, lanes):
    """The function that callers know: it jumps to the tile of the given shape.

    `tiles` are the functions by their shape, `begin` what begins one of them; a width counts in
    vectors of `lanes`.
    """
    function, _, (height, width, *_) = begin(w, f"fastscratch_{name}")
    builder = w.builder
    vectors = builder.sdiv(builder.add(width, constant(lanes - 1)), constant(lanes))
    unknown = builder.append_basic_block("unknown")
    choice = builder.switch(builder.add(w.times(height, 32), vectors), unknown)
    for (rows, columns), tile in tiles.items():
        block = builder.append_basic_block(f"rows{rows}_columns{columns}")
        choice.add_case(constant(32 * rows + columns), block)
        builder.position_at_end(block)
        builder.call(tile, function.args, tail="musttail")
        builder.ret_void()
    builder.position_at_end(unknown)
    builder.ret_void()


def _write_copy(w):
    """The copy of `rows` rows of `width` columns, at most two vectors."""
    function = w.function("fastscratch_copy", "pnn pnn nn")
    target, target_row, _, source, source_row, _, rows, width = function.args
    # As in the tile, the last vector ends with the panel. A narrow panel has no other.
    missing = w.builder.sub(constant(w.lanes), width)
    last = w.builder.neg(missing)
    lanes = w.lanes_from(missing)

    def wide_row(target, source):
        for column in (constant(0), last):
            w.store(w.load(w.after(source, column)), w.after(target, column))
        return [w.after(target, target_row), w.after(source, source_row)]

    def narrow_row(target, source):
        w.store(w.load_lanes(w.after(source, last), lanes), w.after(target, last))
        return [w.after(target, target_row), w.after(source, source_row)]

    with w.builder.if_else(w.less(missing, constant(0))) as (wide, narrow):
        with wide:
            w.loop(rows, [target, source], wide_row)
        with narrow:
            w.loop(rows, [target, source], narrow_row)
    w.builder.ret_void()


def _transposed(w, rows):
    """The transpose of a square, in registers.

    Stage ``s`` = 1, 2, 4, ... exchanges, between the rows ``i`` and ``i + s``, the squares of
    ``s`` x ``s`` elements off the diagonal: log2(lanes) stages of `lanes` shuffles.
    """
    lanes, rows, stage = w.lanes, list(rows), 1
    while stage < lanes:
        # Where each lane of the new rows comes from: lanes of the lower row count from `lanes` on.
        upper = [lanes + j - stage if j & stage else j for j in range(lanes)]
        lower = [lanes + j if j & stage else j + stage for j in range(lanes)]
        for i in range(lanes):
            if not i & stage:
                pair = rows[i], rows[i + stage]
                rows[i], rows[i + stage] = w.shuffle(*pair, upper), w.shuffle(*pair, lower)
        stage *= 2
    return rows


def _write_transpose(w):
    """The transpose of one square of lanes x lanes elements."""
    function = w.function("fastscratch_transpose", "pnn pnn")
    target, target_row, _, source, source_row, _ = function.args
    rows = [w.load(w.after(source, w.times(source_row, i))) for i in range(w.lanes)]
    for i, row in enumerate(_transposed(w, rows)):
        w.store(row, w.after(target, w.times(target_row, i)))
    w.builder.ret_void()


def _write_pick(w):
    """The transpose of `lanes` rows that begin anywhere, square after square."""
    function = w.function("fastscratch_pick", "pnn nn")
    target, target_row, _, addresses, width = function.args
    builder, place = w.builder, w.builder.inttoptr(addresses, INT.as_pointer())
    numbers = [builder.load(builder.gep(place, [constant(i)])) for i in range(w.lanes)]
    begins = [builder.inttoptr(number, w.pointer) for number in numbers]

    def square(to, column):
        rows = [w.load(w.after(begin, column)) for begin in begins]
        for i, row in enumerate(_transposed(w, rows)):
            w.store(row, w.after(to, w.times(target_row, i)))
        return [w.after(to, w.times(target_row, w.lanes)), builder.add(column, constant(w.lanes))]

    whole = builder.sdiv(builder.sub(width, constant(1)), constant(w.lanes))
    w.loop(whole, [target, constant(0)], square)
    # The last vectors end with the rows. Those of narrow rows begin before them: what these lanes
    # hold is stored where the first number of a row belongs, which then replaces it.
    last = builder.sub(width, constant(w.lanes))
    is_narrow = w.less(last, constant(0))
    missing = builder.select(is_narrow, builder.neg(last), constant(0))
    lanes = w.lanes_from(missing)
    rows = [w.load_lanes(w.after(begin, last), lanes) for begin in begins]
    first = builder.select(is_narrow, constant(0), last)
    for i, row in enumerate(_transposed(w, rows)):
        after = builder.sub(constant(i), missing)
        after = builder.select(w.less(after, constant(0)), constant(0), after)
        w.store(row, w.after(target, builder.mul(target_row, builder.add(first, after))))
    builder.ret_void()


def write_module(name, item):
    """The text of one of the functions, for numbers of `item` bytes."""
    module = ir.Module("fastscratch_tiles")
    module.triple = binding.get_process_triple()
    w = Writer(module, item)
    if name in ("tile", "update"):
        _write_choice(w, _tile_function, name, _write_tiles(w, name, TILES), w.lanes // 2)
    elif name in ("listed", "listed_update"):
        tiles = _write_tiles(w, name, [(LISTED_ROWS, LISTED_VECTORS)])
        _write_choice(w, _tile_function, name, tiles, w.lanes // 2)
    elif name == "ahead":
        tiles = _write_tiles(w, name, [(TILE_ROWS, TILE_VECTORS)])
        _write_choice(w, partial(_tile_function, last="n"), name, tiles, w.lanes // 2)
    elif name in ("dot", "lane", "chain"):
        shapes = product(range(1, 1 + DOT_ROWS), range(1, 1 + DOT_COLUMNS))
        dots = {shape: _write_dot(w, *shape, name) for shape in shapes}
        _write_choice(w, _tile_function, name, dots, 1)
    elif name == "maxima":
        tiles = {(rows, 1): _write_maxima(w, rows) for rows in range(1, 1 + MAXIMA_ROWS)}
        _write_choice(w, _maxima_function, name, tiles, 1)
    elif name == "fetch":
        _write_fetch(w)
    elif name == "adam":
        shapes = product(range(1, 1 + DOT_ROWS), range(1, 1 + DOT_COLUMNS))
        tiles = {shape: _write_adam(w, *shape) for shape in shapes}
        _write_choice(w, _adam_function, name, tiles, 1)
    elif name == "slide":
        _write_slide(w)
    elif name == "window":
        windows = {shape: _write_window(w, *shape) for shape in WINDOWS}
        _write_choice(w, _window_function, name, windows, 1)
    elif name == "gather":
        runs = {shape: _write_runs(w, *shape) for shape in RUNS}
        _write_choice(w, _runs_function, name, runs, w.lanes)
    elif name == "winner":
        winners = {(taps, 1): _write_winner(w, taps) for taps in WINNER_TAPS}
        _write_choice(w, _winner_function, name, winners, 1)
    elif name == "copy":
        _write_copy(w)
    elif name == "pick":
        _write_pick(w)
    else:
        _write_transpose(w)
    return str(module)
