"""Runs in slices, driven by a clock of the test's own: each step once, progress told and closed."""

import pytest

from fastscratch import engine
from fastscratch.engine import slices


class Progress:
    def __init__(self):
        self.steps, self.closed = [], 0

    def update(self, count):
        self.steps.append(count)

    def close(self):
        self.closed += 1


@pytest.fixture
def seconds_per_step(monkeypatch):
    """Return a function from the seconds a step lasts to `run` and the list of its calls."""
    clock = {"now": 0.0}
    monkeypatch.setattr(slices.time, "perf_counter", lambda: clock["now"])

    def set_pace(seconds):
        calls = []

        def run(first, count):
            calls.append((first, count))
            clock["now"] += count * seconds

        return run, calls

    return set_pace


@pytest.mark.parametrize("total", [0, 1, 2, 10, 11, 12_345])
@pytest.mark.parametrize("pace", [0, 1e-6, 0.03, 7])
def test_every_step_once_and_in_order(seconds_per_step, total, pace):
    run, calls = seconds_per_step(pace)
    progress = Progress()
    engine.run_in_slices(total, run, progress)
    steps = [step for first, count in calls for step in range(first, first + count)]
    assert steps == list(range(total))
    assert progress.steps == [count for _, count in calls]
    assert progress.closed == 1


def test_slices_last_a_tenth_of_a_second(seconds_per_step):
    run, calls = seconds_per_step(2.0**-10)
    engine.run_in_slices(1000, run)
    counts = [count for _, count in calls]
    assert counts[:3] == [1, 10, 100]  # at most ten times as many
    assert set(counts[3:-1]) == {102}  # 0.1 s, rounded down


def test_slow_steps_go_one_by_one(seconds_per_step):
    run, calls = seconds_per_step(0.2)
    engine.run_in_slices(5, run)
    assert [count for _, count in calls] == [1] * 5


def test_slices_that_cost_much_besides_their_steps_are_longer(seconds_per_step):
    run, calls = seconds_per_step(2.0**-10)
    at_the_end = engine.run_in_slices(1000, run, count=50, longer=3)
    assert [count for _, count in calls] == [50, 307, 307, 307, 29]  # 0.3 s, rounded down
    assert at_the_end == 290  # at most ten times as many as the last


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_progress_is_closed_when_the_run_fails(error):
    def run(first, count):
        if first > 0:
            raise error

    progress = Progress()
    with pytest.raises(error):
        engine.run_in_slices(10, run, progress)
    assert progress.steps == [1]
    assert progress.closed == 1
