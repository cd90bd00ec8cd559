"""Dense networks of one kind with the models innermost, as many as a vector has lanes.

A network of 280 weights fills no vector, but sixteen such networks do. Number k of sixteen models
lies side by side in a memory of the worker: there an activation is one function of a longer array,
and a product of matrices is a tile whose elements are vectors (`chain_tile`).

The sums are those of the operations in :mod:`.dense`, in the same order and with the same
roundings, so that a model ends with the same bits. What is done for a model alone stays as it is:
each model has a memory of its own as well, in which the operations of its program shuffle an epoch,
add up its losses, and compute those that are not in :mod:`.lane_losses`. Between the two memories
numbers are transposed.

Each model has its own order, learning rate and step; only the sizes are the same. A model that ends
gives its lane to the next. If a mini-batch has fewer samples than that of another model, the
gradients of those that are missing are zeros. After an epoch, a validation set that is one step of
its program goes through all models at once; each program computes the losses of the outputs.

With models of several kinds, each worker trains one kind after the other. It begins one that no
other worker has begun, as long as there is one, because at the end of a kind some lanes are empty.
"""

import numpy as np

from ..call import array_at, call
from ..denormals import restore_denormals, set_denormals_flushed
from ..finite import is_finite
from ..jit import njit, prange
from ..machine import VECTOR_BYTES
from ..optimizers import adam_rate
from ..powers import lane_powers
from ..schedules import scheduled_rates
from ..tiles import Matrix, pick_rows, transpose_square
from .atomics import atomic_add, atomic_load
from .columns import ADDRESS, ITEMS, NONE
from .data import BATCH_SIZE, MAX_SOURCES, N_SAMPLES, ORDER, SOURCE_ADDRESS, SOURCE_COLUMNS
from .data import SOURCES as SOURCES_OF_ROW
from .lane_columns import (
    ADAM,
    ADDRESSES,
    AT_A_TIME,
    BATCH,
    BEFORE,
    BIAS,
    BIAS_L1,
    BIAS_L2,
    BIAS_PUSH,
    BIAS_SLOPE,
    BLOCKS,
    CHOSEN,
    DECAY,
    DISTANCE,
    FIRST_SOURCE,
    GATHER_ROW,
    GRADIENT,
    GRADIENT_AT,
    HAS_PENALTIES,
    IS_BY_UNIT,
    KERNEL,
    L1,
    L2,
    LEVEL,
    LOSS,
    LOSS_ROW,
    LOSS_SCRATCH,
    LOSS_WEIGHT,
    LOSSES,
    LOSSES_AT,
    MEASURED,
    MEASURED_AT,
    METRIC,
    N_IN,
    N_LAYERS,
    N_OUT,
    N_OUTPUTS,
    N_PACES,
    NEXT_MODEL,
    NEXT_STEP,
    ORDER_AT,
    OUTPUTS,
    OUTPUTS_AT,
    OWN_DISTANCE,
    PENALTY,
    PENALTY_OF_SUM,
    PUSH,
    RATE,
    REPEATED,
    RIGHT,
    RIGHT_AT,
    RULE_OF_ALL,
    SAMPLE_WEIGHTS,
    SEEN,
    SHARES,
    SLOPE,
    SOURCES,
    SOURCES_AT,
    STOP,
    TAKES_LABELS,
    TARGETS,
    TOTALS_ROW,
    VALIDATION_BLOCKS,
    VALIDATION_GATHER_ROW,
    VALIDATION_LOSS_ROW,
    VALIDATION_TOTALS_ROW,
    WEIGHTS,
    WEIGHTS_AT,
    WIDTHS,
    Y,
)
from .lane_layers import backward, forward
from .lane_losses import count_right, lane_loss, weigh
from .loss import ARGMAX, add_penalty
from .many import (
    DONE,
    EPOCHS,
    FIRST_EPOCH,
    HAS_DIVERGED,
    HAS_ENDED,
    N_NUMBERS,
    N_PARAMETERS,
    N_SLOTS,
    NEXT,
    NUMBERS,
    RATE_STEP,
    SCHEDULE,
    STEP_WORK,
    STINT,
    TAKEN,
    TOTALS,
    TRAINING,
    VALIDATION,
    WORK,
    WORKED,
    begin,
    end_epoch,
    reads_weights,
    row_of,
    slots_of,
    steps_of,
    store,
    totals_of,
    train_alone,
)


@njit
def _interleave(memory, to, own, at, count):
    """Take some numbers of each model to the memory of the worker."""
    lanes = VECTOR_BYTES // memory.itemsize
    size = own.size // lanes
    for j in range(0, count, lanes):
        transpose_square(Matrix(memory, (to + j) * lanes, lanes, 1), Matrix(own, at + j, size, 1))


@njit
def _return(memory, of, own, at, count):
    """Take them back to the memories of the models."""
    lanes = VECTOR_BYTES // memory.itemsize
    size = own.size // lanes
    for j in range(0, count, lanes):
        transpose_square(Matrix(own, at + j, size, 1), Matrix(memory, (of + j) * lanes, lanes, 1))


@njit
def _memory_of(own, lane):
    """The memory of the model in a lane."""
    size = own.size // (VECTOR_BYTES // own.itemsize)
    return own[lane * size : (lane + 1) * size]


@njit
def _run(model, program, place, blocks, memory, samples, step):
    """Run a row of a program for some blocks of samples, whose items it has."""
    row = row_of(model, program, place)
    for item in range(blocks * row[ITEMS]):
        call(row[ADDRESS], memory, row, samples, item, 0, step)


@njit
def _set_pace(paces, lane, kind, hyper, penalties, rate, samples, updates):
    """The numbers of a lane in a step, as the model alone has them."""
    paces[DECAY, lane] = rate * hyper[1]
    if kind[RULE_OF_ALL] == ADAM:
        rate = adam_rate(rate, hyper[2], hyper[3], updates)
    paces[RATE, lane] = rate
    if kind[HAS_PENALTIES]:
        divisor = samples if kind[PENALTY_OF_SUM] else 1
        paces[PUSH, lane], paces[SLOPE, lane] = (
            penalties[L1] / divisor,
            2 * (penalties[L2] / divisor),
        )
        paces[BIAS_PUSH, lane] = penalties[BIAS_L1] / divisor
        paces[BIAS_SLOPE, lane] = 2 * (penalties[BIAS_L2] / divisor)


@njit
def _repeat_paces(paces, kind, lanes):
    """Write the numbers of the lanes again and again after the first, if they have changed."""
    for number in range(N_PACES if kind[HAS_PENALTIES] else PUSH):
        row, changed = paces[number], False
        for lane in range(lanes):
            changed |= row[lane] != row[lanes + lane]
        if not changed:
            continue
        for start in range(lanes, REPEATED, lanes):
            for lane in range(lanes):
                row[start + lane] = row[lane]


@njit
def _lose_together(memory, kind, hyper, own, seen, doubles, batch):
    """Losses of all models, and their gradient."""
    lanes, units = VECTOR_BYTES // memory.itemsize, kind[N_OUTPUTS] // kind[BATCH]
    size, n_outputs = batch * lanes, batch * units * lanes
    outputs, y = memory[kind[OUTPUTS] * lanes :][:n_outputs], memory[kind[Y] * lanes :][:n_outputs]
    gradient = memory[kind[GRADIENT] * lanes :][:n_outputs]
    losses, right = memory[kind[LOSSES] * lanes :][:size], memory[kind[RIGHT] * lanes :][:size]
    shares, weights = memory[kind[SHARES] * lanes :][:size], memory[:0]
    scratch = memory[kind[LOSS_SCRATCH] * lanes :][: 3 * size]
    targets = memory[kind[TARGETS] * lanes :]
    if kind[TAKES_LABELS]:
        one, zero = memory.dtype.type(1), memory.dtype.type(0)
        for first in range(0, n_outputs, size):
            label, of_class = memory.dtype.type(first // size), y[first : first + size]
            for i in range(size):
                of_class[i] = one if targets[i] == label else zero
    else:
        for n in range(batch):
            for o in range(units):
                to, of = y[(o * batch + n) * lanes :][:lanes], targets[(n * units + o) * lanes :]
                for lane in range(lanes):
                    to[lane] = of[lane]
    if kind[SAMPLE_WEIGHTS] != NONE:
        weights = memory[kind[SAMPLE_WEIGHTS] * lanes :][:size]
    for lane in range(seen.size):
        share = memory.dtype.type(hyper[LOSS_WEIGHT] / max(seen[lane], 1))
        for n in range(batch):
            shares[n * lanes + lane] = share if n < seen[lane] else memory.dtype.type(0)
    lane_loss(kind[LOSS], losses, gradient, outputs, y, scratch, doubles)
    if kind[METRIC] != NONE:
        best, best_target = scratch[:size], scratch[size : 2 * size]
        by_largest = kind[METRIC] == ARGMAX
        count_right(right, outputs, y, by_largest, hyper[LEVEL], best, best_target)
        _return(memory, kind[RIGHT], own, kind[RIGHT_AT], batch)
    weigh(losses, gradient, shares, weights)
    _return(memory, kind[LOSSES], own, kind[LOSSES_AT], batch)


@njit
def _point(cursors, lane, model, kind):
    """Let the cursors of a lane point to its model, which may be anywhere in its epoch."""
    row, steps = row_of(model, TRAINING, kind[GATHER_ROW]), steps_of(model, TRAINING)
    cursors[NEXT_STEP, lane] = model[FIRST_EPOCH] * steps + model[DONE]
    cursors[BEFORE, lane] = model[DONE] % steps * row[BATCH_SIZE]
    cursors[ORDER_AT, lane] = row[ORDER]
    for k in range(MAX_SOURCES):
        address = row[SOURCES_OF_ROW + k * SOURCE_COLUMNS + SOURCE_ADDRESS]
        cursors[FIRST_SOURCE + k, lane] = address


@njit
def _gather(memory, own, kind, cursors, batch, n_sources):
    """Take the samples of each model from the data set to the memory of the worker.

    The first source has their inputs, the others have targets and weights. Where a model has no
    sample any more, it gets its last one again; and if there is no model, what the memory begins
    with.
    """
    lanes, here = VECTOR_BYTES // memory.itemsize, np.int64(memory.ctypes.data)
    seen, chosen, addresses = cursors[SEEN], cursors[CHOSEN], cursors[ADDRESSES]
    for n in range(batch):
        for lane in range(lanes):
            if n < seen[lane]:
                place = cursors[ORDER_AT, lane] + (cursors[BEFORE, lane] + n) * 8
                chosen[lane] = array_at(place, 1, np.int64)[0]
        for k in range(n_sources):
            to, width = kind[SOURCES + k], kind[WIDTHS + k]
            if to == NONE:
                continue
            begins, size = cursors[FIRST_SOURCE + k], width * memory.itemsize
            for lane in range(lanes):
                address = begins[lane] + chosen[lane] * size
                addresses[lane] = address if seen[lane] > 0 else here
            if width == 1:
                for lane in range(lanes):
                    number = array_at(addresses[lane], 1, memory.dtype)[0]
                    memory[(to + n) * lanes + lane] = number
            else:
                pick_rows(Matrix(memory, (to + n * width) * lanes, lanes, 1), addresses, width)
    for k in range(n_sources):
        if kind[SOURCES_AT + k] != NONE:
            count = batch * kind[WIDTHS + k]
            _return(memory, kind[SOURCES + k], own, kind[SOURCES_AT + k], count)


@njit(exact=True)
def _add_penalties(current, models, penalties, layers, memory, cursors, doubles):
    """Add the penalties of all models to their losses, as `penalty_item` does it."""
    lanes = VECTOR_BYTES // memory.itemsize
    total, own, sums = doubles[:lanes], doubles[lanes : 2 * lanes], doubles[2 * lanes :]
    for k in range(layers.shape[0]):
        layer = layers[k]
        if layer[PENALTY] == NONE:
            continue
        total[:] = 0
        for first in (L1, BIAS_L1):
            place, size = layer[KERNEL], layer[N_IN] * layer[N_OUT]
            if first == BIAS_L1:
                place, size = layer[BIAS], layer[N_OUT] if layer[BIAS] != NONE else 0
            weights = memory[place * lanes :][: size * lanes]
            own[:] = 0
            for power in (1, 2):
                column, is_used = first + power - 1, False
                for lane in range(current.size):
                    is_used |= current[lane] != NONE and penalties[current[lane], column] != 0
                if not is_used:
                    continue
                lane_powers(sums, weights, power, lanes)
                for lane in range(current.size):
                    if current[lane] != NONE:
                        own[lane] += penalties[current[lane], column] * sums[lane]
            for lane in range(lanes):
                total[lane] += own[lane]
        for lane in range(current.size):
            if current[lane] != NONE:
                row = row_of(models[current[lane]], TRAINING, layer[PENALTY])
                add_penalty(row, total[lane], cursors[SEEN, lane], cursors[NEXT_STEP, lane])


@njit
def _run_step(
    s, current, models, penalties, kind, hyper, layers, memory, own, rates, paces, cursors, doubles
):
    """One step of each model in a lane, the s-th after those that it has done."""
    for lane in range(current.size):
        if current[lane] != NONE:
            model, row = models[current[lane]], row_of(models[current[lane]], TRAINING, 0)
            samples = min(row[BATCH_SIZE], row[N_SAMPLES] - cursors[BEFORE, lane])
            if cursors[BEFORE, lane] == 0:
                step = cursors[NEXT_STEP, lane]
                call(row[ADDRESS], _memory_of(own, lane), row, samples, 0, 0, step)
            updates, own_penalties = model[TAKEN] + model[DONE] + s, penalties[current[lane]]
            _set_pace(paces, lane, kind, hyper, own_penalties, rates[lane, s], samples, updates)
            cursors[SEEN, lane] = samples
    batch = cursors[SEEN].max()
    units = kind[N_OUTPUTS] // kind[BATCH]
    _gather(memory, own, kind, cursors, batch, MAX_SOURCES)
    _repeat_paces(paces, kind, VECTOR_BYTES // memory.itemsize)
    for k in range(layers.shape[0]):
        forward(memory, layers[k], layers[k, IS_BY_UNIT], batch)
    if kind[LOSS] != NONE:
        _lose_together(memory, kind, hyper, own, cursors[SEEN], doubles, batch)
    else:
        _return(memory, kind[OUTPUTS], own, kind[OUTPUTS_AT], batch * units)
    for lane in range(current.size):
        if current[lane] != NONE:
            alone = _memory_of(own, lane)
            model = models[current[lane]]
            step, samples = cursors[NEXT_STEP, lane], cursors[SEEN, lane]
            if kind[LOSS] == NONE:
                _run(model, TRAINING, kind[LOSS_ROW], kind[BLOCKS], alone, samples, step)
                gradient = alone[kind[GRADIENT_AT] :][: kind[N_OUTPUTS]]
                gradient[samples * units :] = 0
            _run(model, TRAINING, kind[TOTALS_ROW], 1, alone, samples, step)
    if kind[LOSS] == NONE:
        _interleave(memory, kind[GRADIENT], own, kind[GRADIENT_AT], batch * units)
    if kind[HAS_PENALTIES]:  # which are part of the loss, of the weights before the step
        _add_penalties(current, models, penalties, layers, memory, cursors, doubles)
    for k in range(layers.shape[0] - 1, -1, -1):
        backward(memory, kind, layers[k], hyper, paces, batch)
    for lane in range(current.size):
        if current[lane] != NONE:
            cursors[NEXT_STEP, lane] += 1
            cursors[BEFORE, lane] += cursors[SEEN, lane]


@njit
def _take_models(model, kind, memory, own):
    """Take weights and slots of all models from their own memories to the lanes."""
    for number in range(1 + model[N_SLOTS]):
        at = kind[WEIGHTS_AT] + (number + (number > 0)) * kind[OWN_DISTANCE]
        to = kind[WEIGHTS] + number * kind[DISTANCE]
        _interleave(memory, to, own, at, model[N_PARAMETERS])


@njit
def _return_models(first, stop, model, kind, memory, own):
    """Take weights (number 0) and slots of all lanes back to the memories of the models."""
    for number in range(first, stop):
        at = kind[WEIGHTS_AT] + (number + (number > 0)) * kind[OWN_DISTANCE]
        _return(memory, kind[WEIGHTS] + number * kind[DISTANCE], own, at, model[N_PARAMETERS])


@njit
def _is_sound(model, own, are_finite):
    """Whether the loss of the current epoch and the weights are finite, if those are not known."""
    epoch = (model[DONE] - 1) // steps_of(model, TRAINING)
    totals = totals_of(model, TOTALS, epoch).reshape(-1)
    return is_finite(totals) and (are_finite or is_finite(slots_of(model, own, 0)))


@njit
def _is_over(model):
    """Whether a model is at the end of an epoch."""
    return model[DONE] % steps_of(model, TRAINING) == 0


@njit
def _is_measured_here(model, kind):
    """Whether its validation samples go through it with those of the others."""
    return kind[MEASURED] != NONE and steps_of(model, VALIDATION) == 1


@njit
def _predict(current, models, kind, layers, memory, own, cursors):
    """Outputs for the validation samples of all models whose epoch is over."""
    lanes, units = VECTOR_BYTES // memory.itemsize, kind[N_OUTPUTS] // kind[BATCH]
    first, float_mode = 0, set_denormals_flushed()
    while True:
        for lane in range(current.size):
            cursors[SEEN, lane] = 0
            if current[lane] == NONE:
                continue
            model = models[current[lane]]
            if _is_over(model) and _is_measured_here(model, kind):
                row = row_of(model, VALIDATION, kind[VALIDATION_GATHER_ROW])
                cursors[SEEN, lane] = max(0, min(kind[BATCH], row[N_SAMPLES] - first))
                cursors[BEFORE, lane], cursors[ORDER_AT, lane] = first, row[ORDER]
                cursors[FIRST_SOURCE, lane] = row[SOURCES_OF_ROW + SOURCE_ADDRESS]
        batch = cursors[SEEN].max()
        if batch == 0:
            break
        _gather(memory, own, kind, cursors, batch, 1)
        for k in range(layers.shape[0]):
            forward(memory, layers[k], False, batch)
        size, to = batch * units * lanes, (kind[MEASURED] + first * units) * lanes
        memory[to : to + size] = memory[kind[OUTPUTS] * lanes :][:size]
        first += kind[BATCH]
    restore_denormals(float_mode)


@njit
def _measure(lane, model, kind, memory, reader, epoch):
    """Losses of the validation samples of a model, whose outputs are known."""
    lanes, units = VECTOR_BYTES // memory.itemsize, kind[N_OUTPUTS] // kind[BATCH]
    samples = row_of(model, VALIDATION, kind[VALIDATION_GATHER_ROW])[N_SAMPLES]
    for i in range(samples * units):
        reader[kind[MEASURED_AT] + i] = memory[(kind[MEASURED] + i) * lanes + lane]
    float_mode = set_denormals_flushed()
    blocks = kind[VALIDATION_BLOCKS]
    _run(model, VALIDATION, kind[VALIDATION_GATHER_ROW], 1, reader, samples, epoch)
    _run(model, VALIDATION, kind[VALIDATION_LOSS_ROW], blocks, reader, samples, epoch)
    _run(model, VALIDATION, kind[VALIDATION_TOTALS_ROW], 1, reader, samples, epoch)
    restore_denormals(float_mode)


@njit
def _end(lane, current, model, kind, own, cursors):
    """A model has ended, and leaves its lane."""
    store(model, _memory_of(own, lane))
    current[lane], cursors[SEEN, lane] = NONE, 0
    _memory_of(own, lane)[kind[GRADIENT_AT] : kind[GRADIENT_AT] + kind[N_OUTPUTS]] = 0


@njit
def _end_epochs(
    current, models, stoppings, loss_weights, kind, layers, memory, own, reader, bests, cursors
):
    """Look at the models whose epoch is over.

    Their weights are needed in their own memories only if one of them ends or is watched, or to
    tell which are not finite.
    """
    are_known = are_finite = are_back = slots_are_back = False
    _predict(current, models, kind, layers, memory, own, cursors)
    for lane in range(current.size):
        if current[lane] == NONE:
            continue
        model, number, alone = models[current[lane]], current[lane], _memory_of(own, lane)
        if not _is_over(model):
            continue
        epoch = model[DONE] // steps_of(model, TRAINING) - 1
        if not are_known:
            lanes = VECTOR_BYTES // memory.itemsize
            weights = memory[kind[WEIGHTS] * lanes :][: model[N_PARAMETERS] * lanes]
            are_known, are_finite = True, is_finite(weights)
        goes_on = epoch + 1 < model[EPOCHS] and not reads_weights(model, stoppings[number])
        if not are_back and not (goes_on and are_finite):
            _return_models(0, 1, model, kind, memory, own)
            are_back = True
        if _is_sound(model, alone, are_finite):
            is_measured = _is_measured_here(model, kind)
            if is_measured:
                _measure(lane, model, kind, memory, reader, epoch)
            end_epoch(
                model,
                stoppings[number],
                loss_weights[number],
                epoch,
                alone,
                reader,
                bests[lane],
                is_measured,
            )
        else:
            model[HAS_ENDED] = model[HAS_DIVERGED] = 1
        if model[HAS_ENDED] != 0:
            if not slots_are_back:
                _return_models(int(are_back), 1 + model[N_SLOTS], model, kind, memory, own)
                are_back = slots_are_back = True
            _end(lane, current, model, kind, own, cursors)


@njit
def _keep(lane, current, model, kind, own, cursors):
    """Keep what a model has learned so far, which its own memory holds."""
    if _is_sound(model, _memory_of(own, lane), False):
        store(model, _memory_of(own, lane))
    else:
        model[HAS_ENDED] = model[HAS_DIVERGED] = 1
        _end(lane, current, model, kind, own, cursors)


@njit
def _keep_all(current, models, kind, memory, own, cursors):
    """Keep what the models in the lanes have learned so far."""
    are_back = False
    for lane in range(current.size):
        if current[lane] == NONE:
            continue
        model = models[current[lane]]
        if not are_back:
            _return_models(0, 1 + model[N_SLOTS], model, kind, memory, own)
            are_back = True
        _keep(lane, current, model, kind, own, cursors)


@njit
def _fill(queue, current, models, kind, memory, own, reader, orders, gather):
    """Put the next models into the lanes that are free; return how many lanes have one."""
    filled, is_new = 0, False
    for lane in range(current.size):
        if current[lane] == NONE:
            number = atomic_add(queue, NEXT_MODEL, 1)
            if number >= queue[STOP]:
                continue
            current[lane], is_new = number, True
            begin(models[number], _memory_of(own, lane), reader, orders[lane], gather)
        filled += 1
    if is_new:  # When a lane became free, the others were taken back to their memories, too.
        _take_models(models[queue[STOP] - 1], kind, memory, own)
    return filled


@njit
def are_few(models, work):
    """Whether some models whose steps have this much work take less time alone.

    A step of all lanes takes as long as one of some four models, but for what any step costs: that
    of 2 models 4-40-3, of 4 models 30-20-1, of 5 models 30-50-50-1 (with Adam, in mini-batches of
    10, float64).
    """
    return models * work < 4 * (work - STEP_WORK)


@njit
def _train_rest(
    shared,
    enough,
    current,
    models,
    stoppings,
    loss_weights,
    kind,
    own,
    reader,
    bests,
    rates,
    cursors,
):
    """Train the models in the lanes alone; return whether all workers have done enough.

    Their own memories hold all numbers: those of new models, and of all when one has ended.
    """
    is_enough = False
    for lane in range(current.size):
        number = current[lane]
        if number == NONE:
            continue
        model = models[number]
        if is_enough:  # it waits for the next call
            if model[DONE] > 0:
                _keep(lane, current, model, kind, own, cursors)
            continue
        is_enough = train_alone(
            shared,
            enough,
            model,
            stoppings[number],
            loss_weights[number],
            _memory_of(own, lane),
            reader,
            bests[lane],
            rates[lane],
        )
        if model[HAS_ENDED] != 0:
            _end(lane, current, model, kind, own, cursors)
    return is_enough


@njit
def _train_kind(
    shared,
    enough,
    queue,
    current,
    models,
    stoppings,
    loss_weights,
    gather,
    penalties,
    kind,
    hyper,
    layers,
    memory,
    own,
    reader,
    bests,
    orders,
    rates,
    paces,
    cursors,
    doubles,
):
    """Train models of a kind, until none is left or all workers have done enough: return which."""
    while True:
        filled = _fill(queue, current, models, kind, memory, own, reader, orders, gather)
        if filled == 0:
            return False
        work = models[queue[STOP] - 1, WORK]
        if filled < current.size and are_few(filled, work):  # none waits for a lane
            return _train_rest(
                *(shared, enough, current, models, stoppings, loss_weights),
                *(kind, own, reader, bests, rates, cursors),
            )
        count = rates.shape[1]
        for lane in range(current.size):
            if current[lane] != NONE:
                model = models[current[lane]]
                steps = steps_of(model, TRAINING)
                left = steps - model[DONE] % steps
                count = min(count, left, max(1, STINT // model[WORK]))
                _point(cursors, lane, model, kind)
        work = 0
        for lane in range(current.size):
            if current[lane] != NONE:
                model = models[current[lane]]
                work += count * model[WORK]
                numbers = array_at(model[NUMBERS], model[N_NUMBERS], np.float64)
                first = model[RATE_STEP] + model[DONE]
                scheduled_rates(rates[lane, :count], model[SCHEDULE], numbers, first)
        float_mode = set_denormals_flushed()
        for s in range(count):
            _run_step(
                s,
                current,
                models,
                penalties,
                kind,
                hyper,
                layers,
                memory,
                own,
                rates,
                paces,
                cursors,
                doubles,
            )
        restore_denormals(float_mode)
        for lane in range(current.size):
            if current[lane] != NONE:
                models[current[lane], DONE] += count
        _end_epochs(
            *(current, models, stoppings, loss_weights, kind, layers),
            *(memory, own, reader, bests, cursors),
        )
        if atomic_add(shared, WORKED, work) + work >= enough:
            _keep_all(current, models, kind, memory, own, cursors)
            return True


@njit
def _next_kind(shared, queues):
    """The first kind that no worker has begun, or the one with the most models left, or NONE."""
    turn = atomic_add(shared, NEXT, 1)
    if turn < queues.shape[0]:
        return turn
    most, found = 0, NONE
    for k in range(queues.shape[0]):
        left = queues[k, STOP] - atomic_load(queues[k], NEXT_MODEL)
        if left > most:
            most, found = left, k
    return found


@njit
def _work(
    shared,
    enough,
    queues,
    own_kind,
    current,
    models,
    stoppings,
    loss_weights,
    gather,
    penalties,
    kinds,
    hypers,
    layers,
    memory,
    own,
    reader,
    bests,
    orders,
    rates,
    paces,
    cursors,
    doubles,
):
    """What one worker does: kind after kind, until all workers together have done enough."""
    while True:
        if own_kind[0] == NONE:
            own_kind[0] = _next_kind(shared, queues)
        k = own_kind[0]
        if k == NONE:
            return
        queue, kind = queues[k], kinds[k]
        is_enough = _train_kind(
            shared,
            enough,
            queue,
            current[: queue[AT_A_TIME]],
            models,
            stoppings,
            loss_weights,
            gather,
            penalties,
            kind,
            hypers[k],
            layers[k, : kind[N_LAYERS]],
            memory,
            own,
            reader,
            bests,
            orders,
            rates,
            paces,
            cursors,
            doubles,
        )
        if is_enough:
            return
        own_kind[0] = NONE


@njit(parallel=True)
def train_lanes(
    shared,
    enough,
    queues,
    own_kinds,
    current,
    models,
    stoppings,
    loss_weights,
    gather,
    penalties,
    kinds,
    hypers,
    layers,
    memories,
    own,
    readers,
    bests,
    orders,
    rates,
    paces,
    cursors,
    doubles,
):
    """As `train_models`, for models of some kinds, several on each worker.

    Parameters
    ----------
    shared, enough, stoppings, loss_weights, gather
        As `train_models` takes them.
    queues : (kinds, QUEUE) int64 array
        Which models are of each kind; written.
    own_kinds : (workers, 1) int64 array
        The kind that each worker trains, NONE at first; written.
    current : (workers, lanes) int64 array
        The model in each lane, NONE at first; written. There may be fewer than a vector has.
    models : (m, MODEL_COLUMNS) int64 array
        Kind after kind, in the order in which they are taken; written.
    penalties : (m, 4) float64 array
        Of each model.
    kinds : (kinds, KIND_COLUMNS) int64 array
        What the models of each kind have in common.
    hypers : (kinds, n) float64 array
        Numbers of their optimiser and of their loss.
    layers : (kinds, most layers, LAYER_COLUMNS) int64 array
        Their layers; those after the last are not read.
    memories : (workers, size) array
        Zeros at first.
    own : (workers, lanes of a vector * size) array
        A memory for each model, of its own program. Zeros at first.
    readers : (workers, size) array
    bests : (workers, lanes, parameters) array
    orders : (workers, lanes, samples) int64 array
    rates : (workers, lanes, steps) float64 array
        As `train_models` takes them, most of them for each lane.
    paces : (workers, N_PACES, REPEATED) array
        Zeros at first.
    cursors : (workers, N_CURSORS, lanes of a vector) int64 array
        Zeros at first.
    doubles : (workers, n) float64 array
        Of as many vectors of each worker as there are samples in a mini-batch, and `SUMS` at least.
    """
    for w in prange(current.shape[0]):
        worker = np.int64(w)
        _work(
            shared,
            enough,
            queues,
            own_kinds[worker],
            current[worker],
            models,
            stoppings,
            loss_weights,
            gather,
            penalties,
            kinds,
            hypers,
            layers,
            memories[worker],
            own[worker],
            readers[worker],
            bests[worker],
            orders[worker],
            rates[worker],
            paces[worker],
            cursors[worker],
            doubles[worker],
        )
