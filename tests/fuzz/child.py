"""What runs in a child: every target's calls, counted, with the last call on record."""

import contextlib
import faulthandler
import json
import traceback
from collections import Counter
from pathlib import Path

import fuzz_derivatives
import fuzz_descriptions
import fuzz_estimators
import fuzz_examples
import fuzz_functions
import fuzz_losses
import fuzz_metrics
import fuzz_models
import fuzz_ops
import fuzz_pictures
import hypothesis
from calls import judge

SECONDS_A_CALL = 300
MOST_BYTES = 2**34
FRAMES_SHOWN = 4
MOST_SHOWN = 3000
FAMILIES = (
    fuzz_derivatives,
    fuzz_descriptions,
    fuzz_estimators,
    fuzz_examples,
    fuzz_functions,
    fuzz_losses,
    fuzz_metrics,
    fuzz_models,
    fuzz_ops,
    fuzz_pictures,
)


def targets() -> dict:
    """Strategies of calls, by the public name of what is called."""
    return {name: strategy for family in FAMILIES for name, strategy in family.TARGETS.items()}


def work(chosen: dict, calls: int, seed: int, last: str) -> None:
    """Make the calls of each target and print what came of them, a line of JSON each."""
    with contextlib.suppress(ImportError):  # not on Windows
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    share = -(-calls // len(chosen))
    with Path(last).open("w") as record:
        for name, strategy in chosen.items():
            counts, report = _work_on(strategy, share, seed, record)
            line = {"target": name, "counts": counts, "report": report}
            print(json.dumps(line), flush=True)


def _work_on(strategy, share: int, seed: int, record) -> tuple[Counter, str]:
    counts = Counter()

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=share,
        deadline=None,
        database=None,
        print_blob=False,
        phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
        verbosity=hypothesis.Verbosity.quiet,
        report_multiple_bugs=False,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(strategy)
    def one(call):
        record.seek(0)
        record.write(repr(call))
        record.truncate()
        record.flush()  # a crash leaves it to be read
        faulthandler.dump_traceback_later(SECONDS_A_CALL, exit=True)  # it hangs
        try:
            counts[judge(call)] += 1
        except Exception as error:
            counts["wrong"] += 1
            error.add_note(repr(call)[:MOST_SHOWN])
            raise
        finally:
            faulthandler.cancel_dump_traceback_later()

    try:
        one()
    except Exception as error:
        trace = traceback.format_tb(error.__traceback__)[-FRAMES_SHOWN:]
        return counts, "".join([*trace, *traceback.format_exception_only(error)])
    return counts, ""
