"""Optimisers and schedules: worked by hand, in closed form, and beside Keras where it is there."""

import dataclasses
import functools
import itertools
import math

import numpy as np
import pytest

from fastscratch import Sequential, layers, optimizers
from fastscratch.kernels import KERNELS
from fastscratch.kernels.codes import OPTIMIZERS, SCHEDULES
from fastscratch.kernels.optimizers import UPDATES
from fastscratch.optimizers import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Lion,
    Nadam,
    RMSprop,
    schedules,
)
from fastscratch.reference import optimizers as reference

close = functools.partial(pytest.approx, rel=1e-12, abs=0)

EVERY = [
    SGD(0.1),
    SGD(0.1, momentum=0.9),
    SGD(0.1, momentum=0.9, nesterov=True),
    SGD(0.1, weight_decay=0.01),
    RMSprop(),
    RMSprop(rho=0.8, momentum=0.5),
    RMSprop(momentum=0.5, centered=True, weight_decay=0.01),
    RMSprop(centered=True),
    Adagrad(0.1),
    Adam(),
    Adam(weight_decay=0.01),
    AdamW(),
    Adam(schedules.ExponentialDecay(0.01, 5, 0.5)),
    Adam(amsgrad=True),
    AdamW(amsgrad=True),
    Nadam(),
    Nadam(weight_decay=0.01, beta_1=0.5),
    Adamax(),
    Adamax(weight_decay=0.01),
    Adadelta(),
    Adadelta(1.0, weight_decay=0.01),
    Lion(),
    Lion(weight_decay=0.01),
]


def take_step(optimizer, parameters, slots, gradient, step, part=slice(None)):
    """A step over a part of the parameters; where there are fewer than three slots, any array."""
    weights = parameters[part]
    of_part = [slot[part] for slot in slots] + [weights] * (3 - len(slots))
    hyper = optimizer.hyper(step)
    UPDATES[optimizer.code](weights, *of_part, gradient[part], hyper[0], hyper, step)


def run(optimizer, start, gradients, dtype=np.float64, cuts=()):
    """Parameters after a step for each gradient, clipped, as an engine would do it."""
    parameters = np.array(start, dtype)
    slots = np.full((optimizer.n_slots, parameters.size), optimizer.slot_start, dtype)
    bounds = [0, *cuts, parameters.size]
    for step, gradient in enumerate(gradients):
        push = np.array(gradient, dtype)
        if optimizer.clipvalue is not None:
            KERNELS["clip_by_value"](push, optimizer.clipvalue)
        if optimizer.global_clipnorm is not None:
            KERNELS["clip_by_norm"](push, optimizer.global_clipnorm)
        for first, last in itertools.pairwise(bounds):
            take_step(optimizer, parameters, slots, push, step, slice(first, last))
    return parameters


def one(optimizer, start, *gradients):
    """The same for one parameter."""
    return run(optimizer, [start], [[g] for g in gradients])[0]


# --- The first two steps by hand ------------------------------------------------------------------


def test_sgd_by_hand():
    # 1 - 2/4 = 1/2;  1/2 - (-4)/4 = 3/2.
    assert one(SGD(0.25), 1, 2) == 0.5
    assert one(SGD(0.25), 1, 2, -4) == 1.5


def test_weight_decay_by_hand():
    # Each step first takes 1/4 * 1/2 = 1/8 of the weight: 1 -> 7/8 -> 7/8 - 1/2 = 3/8;
    # 3/8 -> 21/64 -> 21/64 + 1 = 85/64.
    assert one(SGD(0.25, weight_decay=0.5), 1, 2, -4) == 85 / 64
    # Adam's first step is one learning rate, whatever the gradient: 7/8 - 1/4 = 5/8.
    for optimizer in (
        AdamW(0.25, 0.5, epsilon=1e-30),
        Adam(0.25, epsilon=1e-30, weight_decay=0.5),
    ):
        assert one(optimizer, 1, 2) == close(5 / 8)


def test_momentum_by_hand():
    # v = -2/4 = -1/2, w = 1/2;  v = -1/4 + 1 = 3/4, w = 5/4.
    assert one(SGD(0.25, 0.5), 1, 2) == 0.5
    assert one(SGD(0.25, 0.5), 1, 2, -4) == 1.25
    # Nesterov: v = -1/2, w = 1 - 1/4 - 1/2 = 1/4;  v = 3/4, w = 1/4 + 3/8 + 1 = 13/8.
    assert one(SGD(0.25, 0.5, nesterov=True), 1, 2) == 0.25
    assert one(SGD(0.25, 0.5, nesterov=True), 1, 2, -4) == 1.625


def test_rmsprop_by_hand():
    # s = 3/4 * 0 + 1/4 * 4 = 1, and 3 under the root gives 2: w = 1 - 2/8 / 2 = 7/8.
    optimizer = RMSprop(0.125, rho=0.75, epsilon=3)
    assert one(optimizer, 1, 2) == 0.875
    # s = 3/4 + 1/4 * 33 = 9, root of 12: w = 7/8 - sqrt(33) / 8 / sqrt(12).
    assert one(optimizer, 1, 2, math.sqrt(33)) == close(0.875 - math.sqrt(33 / 12) / 8)


def test_rmsprop_with_momentum_by_hand():
    # The steps are 1/8 and sqrt(33/12) / 8, as above; the second move has half the first in it.
    second = math.sqrt(33 / 12) / 8 + 1 / 16
    optimizer = RMSprop(0.125, rho=0.75, momentum=0.5, epsilon=3)
    assert one(optimizer, 1, 2, math.sqrt(33)) == close(0.875 - second)


def test_centered_rmsprop_by_hand():
    # s = 1, m = 1/4 * 2 = 1/2, variance 3/4, and 1/4 make 1: w = 1 - 2/8 = 3/4.
    # g = 0: s = 3/4, but no step.
    optimizer = RMSprop(0.125, rho=0.75, epsilon=0.25, centered=True)
    assert one(optimizer, 1, 2) == 0.75
    assert one(optimizer, 1, 2, 0) == 0.75
    # g = 2 again: s = 7/4, m = 3/8 + 1/2 = 7/8, variance 63/64, and 16/64: root sqrt(79)/8.
    assert one(optimizer, 1, 2, 2) == close(0.75 - 2 / math.sqrt(79))


def test_adagrad_by_hand():
    # 5 + 2**2 = 9, root 3: w = 1 - 3/4 * 2/3 = 1/2;  9 + 4**2 = 25, root 5: w = 1/2 + 3/5.
    optimizer = Adagrad(0.75, initial_accumulator_value=5, epsilon=1e-30)
    assert one(optimizer, 1, 2) == close(0.5)
    assert one(optimizer, 1, 2, -4) == close(1.1)


def test_adam_by_hand():
    # m = 2/2 = 1, s = 4/4 = 1; corrected m = 2, s = 4: one learning rate, w = 3/4.
    optimizer = Adam(0.25, beta_1=0.5, beta_2=0.75, epsilon=1e-30)
    assert one(optimizer, 1, 2) == close(0.75)
    # g = -4: m = 1/2 - 2 = -3/2, over 1 - 1/4: -2;  s = 3/4 + 4 = 19/4, over 1 - 9/16: 76/7.
    assert one(optimizer, 1, 2, -4) == close(0.75 + 0.5 / math.sqrt(76 / 7))
    # epsilon stands beside the uncorrected root: rate = 1/4 * sqrt(1/4) / (1/2) = 1/4, over 1 + 1.
    assert one(Adam(0.25, beta_1=0.5, beta_2=0.75, epsilon=1), 1, 2) == close(1 - 0.25 / 2)


def test_amsgrad_by_hand():
    # As Adam at first: m = s = 1, w = 3/4. Then g = 0: m = 1/2, s = 3/4, but the largest s is 1:
    # w = 3/4 - 1/4 * sqrt(1 - 9/16) / (1 - 1/4) * 1/2.
    optimizer = Adam(0.25, beta_1=0.5, beta_2=0.75, epsilon=1e-30, amsgrad=True)
    assert one(optimizer, 1, 2) == close(0.75)
    assert one(optimizer, 1, 2, 0) == close(0.75 - math.sqrt(7 / 16) / 6)


def test_nadam_by_hand():
    # Momenta 1/2 (1 - 0.48) = 0.26 and 1/2 (1 - 0.4608) = 0.2696; m = s = 1, corrected s = 4.
    # m ahead is 0.2696 / (1 - 0.26 * 0.2696) + (1 - 0.26) * 2 / (1 - 0.26).
    optimizer = Nadam(0.25, beta_1=0.5, beta_2=0.75, epsilon=1e-30)
    first = 1 - 0.25 / 2 * (0.2696 / (1 - 0.26 * 0.2696) + 2)
    assert one(optimizer, 1, 2) == close(first)
    # g = 0: m = 1/2, s = 3/4 over 7/16 is 12/7; the momentum after that is 1/2 (1 - 0.48 * 0.9216).
    third = 0.5 * (1 - 0.5 * 0.96**3)
    ahead = third * 0.5 / (1 - 0.26 * 0.2696 * third)
    assert one(optimizer, 1, 2, 0) == close(first - 0.25 * ahead / math.sqrt(12 / 7))


def test_the_momenta_of_nadam_are_forgotten():
    # After many steps nothing of the start at 0 is left: a constant gradient then moves the
    # weight by the rate. The twin multiplies all momenta.
    slots, weight = [np.ones(1), np.ones(1)], np.ones(1)
    take_step(Nadam(0.25, epsilon=1e-30), weight, slots, np.ones(1), 100_000)
    assert weight[0] == close(0.75)


def test_adamax_by_hand():
    # m = 1 over 1/2 is 2, the largest is 2: w = 3/4. g = 1: m = 1 over 3/4 is 4/3, the largest is
    # 3/4 * 2 = 3/2: 1/4 * 8/9 less.
    optimizer = Adamax(0.25, beta_1=0.5, beta_2=0.75, epsilon=1e-30)
    assert one(optimizer, 1, 2) == close(0.75)
    assert one(optimizer, 1, 2, 1) == close(0.75 - 2 / 9)


def test_adadelta_by_hand():
    # s = 1/4 * 4 = 1, root of 4; delta = 2 * sqrt(3) / 2, its mean square 3/4. Then s = 9, root of
    # 12; delta = sqrt(33) * sqrt(15/4) / sqrt(12).
    optimizer = Adadelta(0.125, rho=0.75, epsilon=3)
    first = 1 - math.sqrt(3) / 8
    assert one(optimizer, 1, 2) == close(first)
    assert one(optimizer, 1, 2, math.sqrt(33)) == close(first - math.sqrt(33 * 15 / 48) / 8)


def test_lion_by_hand():
    # Down by the rate; then 1/2 * 1/2 - 1/2 * 1/2 = 0 stays; m = 1/4, and -4 goes up.
    optimizer = Lion(0.25, beta_1=0.5, beta_2=0.75)
    assert one(optimizer, 1, 2) == 0.75
    assert one(optimizer, 1, 2, -0.5) == 0.75
    assert one(optimizer, 1, 2, -0.5, -4) == 1
    assert math.isnan(one(optimizer, 1, math.nan))


def test_average_by_hand():
    # The first weights are the average; then 3/4 of it and 1/4 of the new ones.
    average = np.array([7.0, 7.0])
    KERNELS["average_step"](average, np.array([1.0, -2.0]), 0.0)
    assert average.tolist() == [1, -2]
    KERNELS["average_step"](average, np.array([5.0, 2.0]), 0.75)
    assert average.tolist() == [2, -1]


def averaged(every=None, steps=6, accumulate=None):
    """The weight -1, -2, ... after each update with gradient 1; and its average of momentum 1/2."""
    optimizer = SGD(1.0, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=every)
    optimizer.gradient_accumulation_steps = accumulate
    model = Sequential([layers.Input((1,)), layers.Dense(1, use_bias=False)])
    model.compile(optimizer, "mean_squared_error")
    model.set_weights([[[0.0]]])
    weights = []
    for _ in range(steps):
        now = model.get_weights()[0]
        # The target half below the prediction: a gradient of 1.
        model.train_on_batch(np.ones((1, 1)), now - 0.5)
        weights.append(model.get_weights()[0].item())
    return weights, model


def test_averages_of_weights_by_hand():
    weights, model = averaged()
    assert weights == [-1, -2, -3, -4, -5, -6]
    # -1, -1.5, -2.25, -3.125, -4.0625, -5.03125; the fit below adds -7 and ends with the average.
    model.fit(np.ones((1, 1)), model.get_weights()[0] - 0.5, verbose=0)
    assert model.get_weights()[0].item() == (-5.03125 - 7) / 2
    # Every second update: (-1 - 2) / 2 = -1.5; -2.5, (-2 - 3.5) / 2 = -2.75 of average -2.
    weights, _ = averaged(every=2, steps=4)
    assert weights == [-1, -1.5, -2.5, (-2 - 3.5) / 2]


def test_an_average_that_begins_later_begins_with_the_weights():
    model = Sequential([layers.Input((1,)), layers.Dense(1, use_bias=False)])
    model.compile(SGD(1.0), "mean_squared_error")
    model.set_weights([[[-8.0]]])
    model.train_on_batch(np.ones((1, 1)), [[-8.5]])
    model.optimizer.use_ema, model.optimizer.ema_momentum = True, 0.75
    model.fit(np.ones((1, 1)), [[-9.5]], verbose=0)
    assert model.get_weights()[0].item() == -9 * 0.75 - 10 * 0.25


def test_weights_that_are_not_learned_have_no_average():
    frozen = layers.Dense(2, trainable=False)
    model = Sequential([layers.Input((2,)), frozen, layers.BatchNormalization(), layers.Dense(1)])
    model.compile(SGD(0.1, use_ema=True, ema_overwrite_frequency=1), "mean_squared_error")
    x = np.random.default_rng(0).standard_normal((8, 2))
    model.predict(x)
    before = model.layers[0].get_weights()
    model.fit(x, x[:, 0], epochs=3, verbose=0)
    after = model.layers[0].get_weights()
    assert all((a == b).all() for a, b in zip(before, after, strict=True))
    moving_mean = model.layers[1].get_weights()[2]
    assert (moving_mean != 0).all()  # as it was trained, not its average


def test_clipping_by_hand():
    # (3, -4) has norm 5; to norm 1 it is (3/5, -4/5); to 3.5 by value (3, -3.5).
    w = run(SGD(1.0, global_clipnorm=1.0), [0, 0], [[3, -4]])
    np.testing.assert_allclose(w, [-0.6, 0.8], rtol=1e-15)
    assert run(SGD(1.0, clipvalue=3.5), [0, 0], [[3, -4]]).tolist() == [-3, 3.5]
    assert run(SGD(1.0, global_clipnorm=5.0), [0, 0], [[3, -4]]).tolist() == [-3, 4]


def test_penalty_by_hand():
    # 1/2 * (1 + 0 + 3) + 1/4 * (1 + 0 + 9) = 9/2; derivative 1/2 sign(w) + w/2.
    weights = np.array([1.0, 0.0, -3.0])
    gradient = np.ones(3)
    assert KERNELS["penalty"](weights, 0.5, 0.25) == 4.5
    KERNELS["add_penalty_gradient"](gradient, weights, 0.5, 0.25)
    assert gradient.tolist() == [2, 1, -1]


# --- Closed forms ---------------------------------------------------------------------------------


def descend(optimizer, start, steps):
    """Minimise w**2 / 2, whose gradient is w."""
    parameters = np.array(start, float)
    slots = np.full((optimizer.n_slots, parameters.size), optimizer.slot_start)
    for step in range(steps):
        take_step(optimizer, parameters, slots, parameters.copy(), step)
    return parameters


def test_sgd_on_a_quadratic():
    # w becomes (1 - rate) w at each step.
    np.testing.assert_allclose(descend(SGD(0.1), [1, -2], 50), 0.9**50 * np.array([1, -2]))


def test_momentum_on_a_quadratic():
    # (w, v) moves linearly, with eigenvalues z: z**2 - (1 + m - r) z + m = 0.  For m = 1/4 and
    # r = 1/4 both are 1/2, so w after t steps is (a + b t) / 2**t; w = 3 and then 3 - 3/4 give
    # a = 3 and b = 3/2, and after ten steps 18 / 2**10.
    assert descend(SGD(0.25, 0.25), [3.0], 10) == 18 / 2**10


@pytest.mark.parametrize("optimizer", EVERY, ids=repr)
def test_every_optimizer_goes_down(optimizer):
    w = descend(optimizer, [0.5, -0.2], 100)
    assert np.all(np.abs(w) < [0.5, 0.2])


def test_first_step_of_adam_is_the_sign_of_the_gradient():
    gradient = np.array([1e-3, -5, 1e4, -1e-4])
    w = run(Adam(0.01, epsilon=1e-20), np.zeros(4), [gradient])
    np.testing.assert_allclose(w, -0.01 * np.sign(gradient), rtol=1e-12)


def test_adam_with_one_gradient_for_ever_moves_at_one_pace():
    # The corrections are exact for a constant gradient, at each step.
    w = one(Adam(0.01, epsilon=1e-20), 1, *[3] * 40)
    assert w == pytest.approx(1 - 0.4, rel=1e-11)


def test_small_weight_decay_is_not_lost_in_float32():
    # 1 - 4e-6 rounded to float32 is off by 0.8 % of the decay; w - 4e-6 w is not.
    start = np.random.default_rng(0).random(10_000) + 1
    w = run(SGD(1e-3, weight_decay=4e-3), start, [np.zeros(10_000)] * 100, np.float32)
    lost = np.mean(start - w) / np.mean(start)
    assert lost == pytest.approx(1 - (1 - 4e-6) ** 100, rel=2e-3)


def test_norm_neither_overflows_nor_drifts():
    many = np.full(1_000_000, 0.1, np.float32)
    assert KERNELS["squared_norm"](many) == pytest.approx(many[0].astype(float) ** 2 * 1e6)
    huge = np.array([3e30, 4e30], np.float32)
    KERNELS["clip_by_norm"](huge, 1.0)
    np.testing.assert_allclose(huge, [0.6, 0.8], rtol=1e-6)


def test_a_gradient_that_is_not_finite_shows():
    for kernel in ("clip_by_value", "clip_by_norm"):
        gradient = np.array([1.0, np.nan])
        KERNELS[kernel](gradient, 1.0)
        assert np.isnan(gradient[1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("optimizer", EVERY, ids=repr)
def test_ranges_give_the_bits_of_the_whole(optimizer, dtype):
    rng = np.random.default_rng(1)
    start, gradients = rng.standard_normal(1000), rng.standard_normal((5, 1000))
    whole = run(optimizer, start, gradients, dtype)
    for cuts in ([1], [500], [3, 77, 78, 640, 999]):
        assert run(optimizer, start, gradients, dtype, cuts).tobytes() == whole.tobytes()


@pytest.mark.parametrize("optimizer", EVERY, ids=repr)
def test_bits_do_not_depend_on_where_the_arrays_stand(optimizer):
    # Arrays closer together than a vector or two are worked on by the scalar copy of a loop.
    rng = np.random.default_rng(4)
    start, gradient = rng.standard_normal((2, 9)).astype(np.float32)
    far = run(optimizer, start, [gradient], np.float32)
    k = optimizer.n_slots
    near = np.concatenate([start, np.full(9 * k, optimizer.slot_start, np.float32), gradient])
    parameters, slots, push = near[:9], near[9 : 9 + 9 * k].reshape(k, 9), near[9 + 9 * k :]
    take_step(optimizer, parameters, slots, push, 0)
    assert parameters.tobytes() == far.tobytes()


@pytest.mark.parametrize("optimizer", EVERY, ids=repr)
def test_twenty_steps_equal_the_twin(optimizer):
    rng = np.random.default_rng(2)
    start, gradients = rng.standard_normal(9), rng.standard_normal((20, 9))
    parameters = start.tolist()
    slots = [[optimizer.slot_start] * 9 for _ in range(optimizer.n_slots)]
    for step, gradient in enumerate(gradients.tolist()):
        hyper = optimizer.hyper(step).tolist()
        reference.optimizer_step(parameters, slots, gradient, 0, 9, optimizer.kind, hyper, step)
    np.testing.assert_allclose(run(optimizer, start, gradients), parameters, rtol=1e-12)


# --- Schedules ------------------------------------------------------------------------------------

STEPS = (0, 1, 4, 5, 9, 10, 11, 25, 1000)


@pytest.mark.parametrize(
    ("schedule", "formula"),
    [
        (schedules.ExponentialDecay(0.1, 10, 0.5), lambda t: 0.1 * 0.5 ** (t / 10)),
        (schedules.ExponentialDecay(0.1, 10, 0.5, True), lambda t: 0.1 * 0.5 ** (t // 10)),
        (schedules.InverseTimeDecay(0.1, 10, 0.5), lambda t: 0.1 / (1 + 0.5 * t / 10)),
        (schedules.InverseTimeDecay(0.1, 10, 0.5, True), lambda t: 0.1 / (1 + 0.5 * (t // 10))),
        (
            schedules.PiecewiseConstantDecay([4, 10], [0.3, 0.2, 0.1]),
            lambda t: 0.3 if t <= 4 else 0.2 if t <= 10 else 0.1,
        ),
        (schedules.PiecewiseConstantDecay([], [0.3]), lambda t: 0.3),
        (
            schedules.PolynomialDecay(0.1, 10, 0.02, power=2),
            lambda t: 0.08 * (1 - min(t, 10) / 10) ** 2 + 0.02,
        ),
        (
            # 25 steps are in the third cycle, a decay over 30: (1 - 25/30) is left.
            schedules.PolynomialDecay(0.1, 10, 0.02, cycle=True),
            lambda t: 0.08 * (1 - t / (10 * max(1, -(-t // 10)))) + 0.02,
        ),
        (
            schedules.CosineDecay(0.1, 10, alpha=0.2),
            lambda t: 0.1 * (0.2 + 0.8 * (1 + math.cos(math.pi * min(t, 10) / 10)) / 2),
        ),
        (
            schedules.CosineDecay(0.0, 10, warmup_target=0.1, warmup_steps=5),
            lambda t: (
                0.1 * t / 5 if t < 5 else 0.1 * (1 + math.cos(math.pi * min(t - 5, 10) / 10)) / 2
            ),
        ),
        (
            # Periods of 5, 10, 20, ... steps begin at 0, 5, 15, 35.
            schedules.CosineDecayRestarts(0.1, 5, m_mul=0.5, alpha=0.2),
            lambda t: next(
                0.1 * (0.2 + 0.8 * 0.5**i * (1 + math.cos(math.pi * (t - start) / length)) / 2)
                for i, start, length in ((i, 5 * (2**i - 1), 5 * 2**i) for i in range(99))
                if t < start + length
            ),
        ),
        (
            schedules.CosineDecayRestarts(0.1, 5, t_mul=1.0),
            lambda t: 0.1 * (1 + math.cos(math.pi * (t % 5) / 5)) / 2,
        ),
        (SGD(0.3).schedule, lambda t: 0.3),
    ],
    ids=lambda value: repr(value) if isinstance(value, schedules.LearningRateSchedule) else "",
)
def test_schedules(schedule, formula):
    for step in STEPS:
        assert schedule(step) == pytest.approx(formula(step), rel=1e-14, abs=1e-17)
        assert type(schedule(step)) is float


def test_every_schedule_has_a_code():
    kinds = [getattr(schedules, name) for name in schedules.__all__]
    kinds = [kind for kind in kinds if kind is not schedules.LearningRateSchedule]
    assert {kind.__name__ for kind in kinds} | {"Constant"} == set(SCHEDULES)


def test_optimizer_takes_the_rate_of_the_step():
    # 1/2, then 1/4 of a gradient of 1.
    assert one(SGD(schedules.ExponentialDecay(0.5, 1, 0.5)), 1, 1, 1) == 0.25


# --- The objects ----------------------------------------------------------------------------------


KINDS = (SGD, RMSprop, Adagrad, Adadelta, Adam, AdamW, Nadam, Adamax, Lion)


def test_defaults_are_those_of_keras():
    fields = {
        kind.__name__: {
            field.name: field.default
            for field in dataclasses.fields(kind)
            if field.default is not None
        }
        for kind in KINDS
    }
    of_all = {"use_ema": False, "ema_momentum": 0.99}
    slow = {"learning_rate": 0.001, **of_all}
    adam = {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7, **slow}
    assert fields == {
        "SGD": {
            **{"learning_rate": 0.01, "momentum": 0.0, "nesterov": False, "name": "SGD"},
            **of_all,
        },
        "RMSprop": {
            **{"rho": 0.9, "momentum": 0.0, "epsilon": 1e-7, "centered": False},
            **{"name": "rmsprop", **slow},
        },
        "Adagrad": {
            **{"initial_accumulator_value": 0.1, "epsilon": 1e-7, "name": "adagrad", **slow},
        },
        "Adadelta": {"rho": 0.95, "epsilon": 1e-7, "name": "adadelta", **slow},
        "Adam": {**adam, "amsgrad": False, "name": "adam"},
        "AdamW": {**adam, "amsgrad": False, "weight_decay": 0.004, "name": "adamw"},
        "Nadam": {**adam, "name": "nadam"},
        "Adamax": {**adam, "name": "adamax"},
        "Lion": {"beta_1": 0.9, "beta_2": 0.99, "name": "lion", **slow},
    }


def test_positions_are_those_of_keras():
    assert SGD(1, 0.5, True) == SGD(learning_rate=1, momentum=0.5, nesterov=True)
    assert RMSprop(1, 0.5, 0.4, 0.3, True) == RMSprop(
        learning_rate=1, rho=0.5, momentum=0.4, epsilon=0.3, centered=True
    )
    assert Adam(1, 0.5, 0.4, 0.3) == Adam(learning_rate=1, beta_1=0.5, beta_2=0.4, epsilon=0.3)
    assert AdamW(1, 0.6, 0.5, 0.4, 0.3) == AdamW(
        learning_rate=1, weight_decay=0.6, beta_1=0.5, beta_2=0.4, epsilon=0.3
    )


def test_repr_shows_what_is_not_the_default():
    assert repr(SGD()) == "SGD(learning_rate=0.01)"
    assert repr(SGD(name="mine")) == "SGD(learning_rate=0.01, name='mine')"
    assert repr(SGD(name=None)) == "SGD(learning_rate=0.01)"
    assert repr(Adam(0.1, 0.5, clipvalue=1)) == "Adam(learning_rate=0.1, clipvalue=1.0, beta_1=0.5)"


def test_get():
    for name, kind in (("sgd", SGD), ("RMSprop", RMSprop), ("adagrad", Adagrad), ("adam", Adam)):
        assert optimizers.get(name) == kind()
    given = AdamW(0.5)
    assert optimizers.get(given) is given
    with pytest.raises(ValueError, match=r"optimizer must be one of 'sgd', .*, got 'adamat'"):
        optimizers.get("adamat")
    with pytest.raises(ValueError, match="'Adafactor' is not here: use Adam; its steps need sums"):
        optimizers.get("Adafactor")
    with pytest.raises(ValueError, match=r"optimizer must be one of 'sgd', .*, got 3"):
        optimizers.get(3)


def test_attributes_are_checked_when_they_are_changed():
    optimizer = Adam()
    optimizer.learning_rate = 0.5
    assert optimizer.hyper()[0] == 0.5
    with pytest.raises(ValueError, match="learning_rate must not be negative, got -1"):
        optimizer.learning_rate = -1
    with pytest.raises(AttributeError, match="Adam has no attribute 'lr' to set"):
        optimizer.lr = 0.1
    optimizer.clipvalue = 1
    with pytest.raises(ValueError, match=r"at most one of .* got clipvalue and global_clipnorm"):
        optimizer.global_clipnorm = 1
    assert optimizer == Adam(0.5, clipvalue=1)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: SGD(-1), ValueError, "learning_rate must not be negative, got -1"),
        (lambda: Adam("0.1"), TypeError, "learning_rate must be a number, got str"),
        (lambda: Adam(lambda: 0.1), TypeError, "learning_rate must be a number, got function"),
        (lambda: SGD(momentum=1), ValueError, "momentum must be at least 0 and below 1, got 1"),
        (lambda: SGD(nesterov=1), TypeError, "nesterov must be True or False, got 1"),
        (lambda: RMSprop(rho=-0.1), ValueError, "rho must be at least 0 and below 1, got -0.1"),
        (lambda: RMSprop(epsilon=0), ValueError, "epsilon must be positive, got 0"),
        (lambda: Adam(beta_2=1.5), ValueError, "beta_2 must be at least 0 and below 1, got 1.5"),
        (
            lambda: Adagrad(initial_accumulator_value=-1),
            ValueError,
            "initial_accumulator_value must not be negative, got -1",
        ),
        (lambda: AdamW(weight_decay=-1), ValueError, "weight_decay must not be negative, got -1"),
        (lambda: SGD(clipvalue=0), ValueError, "clipvalue must be positive, got 0"),
        (
            lambda: SGD(clipvalue=1, clipnorm=2),
            ValueError,
            "at most one of .* got clipnorm and clipv",
        ),
        (lambda: SGD(clipnorm=0), ValueError, "clipnorm must be positive, got 0"),
        (lambda: SGD(clip=1), TypeError, "clip"),
        (lambda: Adam(amsgrad=1), TypeError, "amsgrad must be True or False, got 1"),
        (lambda: SGD(ema_momentum=1.5), ValueError, "ema_momentum must be from 0 to 1, got 1.5"),
        (
            lambda: SGD(ema_overwrite_frequency=0),
            ValueError,
            "ema_overwrite_frequency must be at least 1, got 0",
        ),
        (lambda: SGD(name=3), TypeError, "name must be a string, got int"),
        (
            lambda: schedules.CosineDecayRestarts(0.1, 5, t_mul=0.5),
            ValueError,
            "t_mul must be at least 1, got 0.5",
        ),
        (
            lambda: schedules.ExponentialDecay(0.1, 0, 0.5),
            ValueError,
            "decay_steps must be positive, got 0",
        ),
        (
            lambda: schedules.InverseTimeDecay(0.1, 5, -1),
            ValueError,
            "decay_rate must not be negative, got -1",
        ),
        (
            lambda: schedules.PolynomialDecay(0.1, 5, cycle="yes"),
            TypeError,
            "cycle must be True or False, got 'yes'",
        ),
        (
            lambda: schedules.PiecewiseConstantDecay([1, 2], [0.1, 0.2]),
            ValueError,
            "values must have one element more than boundaries, got 2 and 2",
        ),
        (
            lambda: schedules.PiecewiseConstantDecay([2, 2], [0.1, 0.2, 0.3]),
            ValueError,
            r"boundaries must increase, got \[2.0, 2.0\]",
        ),
        (
            lambda: schedules.PiecewiseConstantDecay([2], [0.1, -1]),
            ValueError,
            r"values\[1\] must not be negative, got -1",
        ),
        (
            lambda: schedules.PiecewiseConstantDecay(2, [0.1, 0.2]),
            TypeError,
            "boundaries must be a sequence of numbers, got int",
        ),
        (
            lambda: schedules.PiecewiseConstantDecay(np.array(2), [0.1, 0.2]),
            TypeError,
            "boundaries must be a sequence of numbers, got ndarray",
        ),
        (
            lambda: schedules.CosineDecay(0.1, 5, alpha=1),
            ValueError,
            "alpha must be at least 0 and below 1, got 1",
        ),
        (
            lambda: schedules.CosineDecay(0.1, 5, warmup_steps=2),
            ValueError,
            "warmup_steps=2 needs a warmup_target, got None",
        ),
        (
            lambda: schedules.CosineDecay(0.1, 5)(-1),
            ValueError,
            "step must be at least 0, got -1",
        ),
    ],
)
def test_error_sentences(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_kinds_and_codes():
    kinds = [optimizer.kind for optimizer in EVERY]
    assert set(kinds) == set(OPTIMIZERS)
    for optimizer in EVERY:
        assert OPTIMIZERS[optimizer.code] == optimizer.kind
        assert optimizer.hyper().dtype == np.float64


@pytest.mark.parametrize(
    "optimizer",
    [
        *EVERY,
        SGD(0.1, 0.9, clipvalue=0.1),
        Adam(global_clipnorm=0.05),
        RMSprop(schedules.CosineDecay(0.01, 20)),
    ],
    ids=repr,
)
def test_two_fits_go_on_where_one_would(optimizer):
    """Without shuffling, two epochs twice are four epochs: slots and schedule are kept."""
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((30, 3)), rng.standard_normal((30, 2))
    start = None
    ends = []
    for epochs in ([4], [2, 2]):
        model = Sequential([layers.Input((3,)), layers.Dense(5, "tanh"), layers.Dense(2)])
        model.compile(optimizer, "mean_squared_error")
        start = start or model.get_weights()
        model.set_weights(start)
        for n in epochs:
            model.fit(x, y, batch_size=8, epochs=n, shuffle=False, verbose=0)
        ends.append(np.concatenate([w.ravel() for w in model.get_weights()]))
    assert not np.array_equal(ends[0], np.concatenate([w.ravel() for w in start]))
    assert ends[0].tobytes() == ends[1].tobytes()


# --- Keras ----------------------------------------------------------------------------------------


def keras_twin(keras, optimizer):
    """The optimiser of the same name and arguments."""
    arguments = {f.name: getattr(optimizer, f.name) for f in dataclasses.fields(optimizer)}
    schedule = arguments["learning_rate"]
    if isinstance(schedule, schedules.LearningRateSchedule):
        arguments["learning_rate"] = keras_schedule(keras, schedule)
    return getattr(keras.optimizers, type(optimizer).__name__)(**arguments)


def keras_schedule(keras, schedule):
    kind = getattr(keras.optimizers.schedules, type(schedule).__name__)
    return kind(**dataclasses.asdict(schedule))


CLIPPED = [
    SGD(0.1, momentum=0.9, clipvalue=0.5),
    Adam(global_clipnorm=1.0),
    AdamW(global_clipnorm=1000.0),
]


# In float32 Keras, which decays and then steps, rounds each weight sixty times in thirty steps: up
# to 60 * 2**-24 = 4e-6 of it. It also takes Adam's 1 - beta**t in the type of the weights, and the
# learning rate in `floatx`; it rounds the reciprocal of the global norm to float32 always.
# Keras' variables hand themselves out to NumPy in a way that is going out of use.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 4e-6)])
@pytest.mark.parametrize("optimizer", [*EVERY, *CLIPPED], ids=repr)
def test_thirty_steps_equal_keras(keras, optimizer, dtype, tolerance):
    rng = np.random.default_rng(3)
    start, gradients = rng.standard_normal(200), rng.standard_normal((30, 200))
    keras.config.set_floatx(dtype)
    try:
        twin = keras_twin(keras, optimizer)
        variable = keras.Variable(start, dtype=dtype)
        for gradient in gradients:
            twin.apply([keras.ops.convert_to_tensor(gradient, dtype=dtype)], [variable])
        expected = variable.value.detach().numpy()
    finally:
        keras.config.set_floatx("float32")
    computed = run(optimizer, start, gradients, np.dtype(dtype))
    if optimizer.global_clipnorm is not None:
        tolerance = max(tolerance, 1e-9)
    np.testing.assert_allclose(computed, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    "schedule",
    [
        schedules.ExponentialDecay(0.1, 10, 0.5),
        schedules.ExponentialDecay(0.1, 10, 0.5, True),
        schedules.InverseTimeDecay(0.1, 10, 0.5),
        schedules.InverseTimeDecay(0.1, 10, 0.5, True),
        schedules.PiecewiseConstantDecay([4, 10], [0.3, 0.2, 0.1]),
        schedules.PolynomialDecay(0.1, 10, 0.02, power=2),
        schedules.PolynomialDecay(0.1, 10, 0.02, cycle=True),
        schedules.CosineDecay(0.1, 10, alpha=0.2),
        schedules.CosineDecay(0.0, 10, warmup_target=0.1, warmup_steps=5),
        schedules.CosineDecayRestarts(0.1, 4, m_mul=0.5, alpha=0.2),
        schedules.CosineDecayRestarts(0.1, 5, t_mul=1.0),
        schedules.CosineDecayRestarts(0.1, 3, t_mul=1.5, m_mul=0.9),
    ],
    ids=repr,
)
def test_schedules_equal_keras(keras, schedule):
    twin = keras_schedule(keras, schedule)
    for step in STEPS:
        expected = float(twin(step))  # in float32
        assert schedule(step) == pytest.approx(expected, rel=1e-6, abs=1e-8)


# --- classes of one's own -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_class_with_other_defaults_takes_the_steps_of_its_base(kind):
    class Mine(kind):
        pass

    ends = []
    for optimizer in (kind(0.1), Mine(0.1)):
        model = Sequential([layers.Input((2,)), layers.Dense(1, kernel_initializer="ones")])
        model.compile(optimizer, "mse")
        model.fit(np.eye(2), np.ones(2), epochs=3, verbose=0)
        ends.append(model.get_weights()[0].tolist())
    assert ends[0] == ends[1]


def test_a_schedule_with_other_defaults_has_the_rates_of_its_base():
    class Mine(schedules.ExponentialDecay):
        pass

    assert Mine(0.1, 5, 0.5)(10) == schedules.ExponentialDecay(0.1, 5, 0.5)(10)
    assert SGD(Mine(0.1, 5, 0.5)).hyper(10)[0] == close(0.025)


class Formula(schedules.LearningRateSchedule):
    pass


class Changed(schedules.ExponentialDecay):
    def __call__(self, step):
        return 1.0


@pytest.mark.parametrize("schedule", [Formula(), Changed(0.1, 5, 0.5)], ids=["new", "changed"])
def test_schedules_with_a_formula_of_their_own_are_refused(schedule):
    message = r"learning_rate must be a number or a schedule .* own, \w+; callbacks\.Learning"
    with pytest.raises(ValueError, match=message):
        SGD(schedule)
    optimizer = SGD(0.1)
    with pytest.raises(ValueError, match=message):
        optimizer.learning_rate = schedule
    assert optimizer.learning_rate == 0.1


def test_optimizers_with_a_formula_of_their_own_are_refused():
    class Mine(optimizers.Optimizer):
        pass

    message = "optimizer must be one of SGD, RMSprop, .*, Lion, got one with .* Mine"
    with pytest.raises(ValueError, match=message):
        Sequential([layers.Input((2,)), layers.Dense(1)]).compile(Mine(0.1), "mse")
