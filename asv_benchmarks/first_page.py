"""The first page of the dashboard: how many times faster than plain Python everything is.

A plugin of asv (see ``plugins`` in ``asv.conf.json``): ``asv publish`` calls it. The page here
needs no script and nothing from the network. asv's own first page becomes ``asv.html``, and the
scripts that it loads are kept beside it. A name leads to the plot of its history there.

What ``python -m asv_benchmarks.compare --save peers/<machine>.json`` has measured on a machine is
shown with it: how many times faster than other libraries.
"""

import html
import json
import math
from pathlib import Path
from urllib.parse import quote

from asv.console import log
from asv.publishing import OutputPublisher
from asv.results import iter_results
from offline import make_offline

KERNELS = "benchmark_kernels.Speedup.track_speedup"
TRAINING = "benchmark_training.TrainingSpeedup.track_training_speedup"

#: Comparisons with other libraries, a file for each machine.
PEERS = Path(__file__).parent / "peers"

#: Shown first: what the training of a dense and of a convolutional network spends its time in.
TYPICAL = (
    "dense_forward",
    "matmul",
    "conv2d_forward",
    "conv2d_backward_weight",
    "conv2d_backward_input",
    "max_pool2d_forward",
    "layer_norm_forward",
    "relu_forward",
    "sigmoid_forward",
    "softmax_forward",
    "categorical_crossentropy_forward",
    "sgd_step",
    "adam_step",
    "shuffle",
)

STYLE = """
body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem auto; max-width: 64rem; padding: 0 1rem }
h1 { font-size: 1.6rem } h2 { font-size: 1.15rem; margin: 1.8rem 0 .3rem }
h3 { font-size: 1rem; margin: 1.2rem 0 .2rem } .name a { color: inherit }
p, summary { max-width: 46rem } summary { cursor: pointer; margin: 1rem 0 }
.row { display: grid; grid-template-columns: 18rem minmax(8rem, 1fr) 6rem 5rem 5rem; gap: .6rem }
.name { text-align: right } .value, .change { text-align: right; white-space: nowrap }
.track { position: relative; background-image: linear-gradient(90deg, #ccc 1px, transparent 1px) }
.bar { position: absolute; top: 3px; bottom: 3px; background: #0072b2 }
.slow { background: #d55e00 } .tick { position: absolute; color: #555; font-size: .8rem }
.head { color: #555; font-size: .8rem } svg { width: 5rem; height: 1.3rem }
polyline { fill: none; stroke: #0072b2; stroke-width: 1.5 }
"""


class FirstPage(OutputPublisher):
    """What asv calls when it publishes."""

    name = "speedups"
    button_label = "Speed-ups"
    description = "Times faster than plain Python"

    @classmethod
    def publish(cls, conf, repo, benchmarks, graphs, revisions):
        """Write the page from the results of all commits."""
        found = sorted(iter_results(conf.results_dir), key=lambda results: results.date)
        by_machine = {}
        for results in found:
            speedups = {
                name: speedups_of(results, benchmarks, name) for name in (KERNELS, TRAINING)
            }
            if any(speedups.values()):
                machine = results.params["machine"]
                by_machine.setdefault(machine, []).append((results, speedups))
        releases = {commit: tag for tag, commit in repo.get_tags().items()}
        folder = Path(conf.html_dir)
        (folder / "index.html").rename(folder / "asv.html")
        for reason in make_offline(folder / "asv.html"):
            log.warning(f"asv.html loads {reason}")
        draw_single_points(folder / "graphs" / "summary")
        peers = {file.stem: json.loads(file.read_text("utf-8")) for file in PEERS.glob("*.json")}
        text = page(conf.project, by_machine, releases, peers)
        (folder / "index.html").write_text(text, encoding="utf-8")
        log.info("The first page is index.html; asv's own is asv.html")


def speedups_of(results, benchmarks, name):
    """Speed-ups in one set of results, by kernel or network: with the best number of threads."""
    if name not in benchmarks or name not in results.get_result_keys(benchmarks):
        return {}
    parameters = benchmarks[name]["params"]
    values = results.get_result_value(name, parameters) or []
    subjects, threads = parameters
    best = {}
    for i, value in enumerate(values):
        if value is not None and math.isfinite(value):
            subject = subjects[i // len(threads)].strip("'")
            best[subject] = max(value, best.get(subject, 0.0))
    return best


def draw_single_points(folder):
    """Let asv's grid show benchmarks of one commit: it draws lines, and a line needs two points."""
    for file in folder.glob("*.json"):
        points = json.loads(file.read_text("utf-8"))
        if len(points) == 1:
            [[revision, value]] = points
            file.write_text(json.dumps([[revision, value], [revision + 1, value]]), "utf-8")


def page(project, by_machine, releases, peers):
    """The whole page as text.

    Parameters
    ----------
    project : str
    by_machine : dict
        Of each machine the results of its commits, the oldest first, each with its speed-ups.
    releases : dict
        From commits to the names of their tags.
    peers : dict
        Of each machine the comparison with other libraries, if there is one.
    """
    title = f"{project}: times faster than plain Python"
    body = [
        machine_section(machine, history, releases) + peers_section(peers.get(machine))
        for machine, history in by_machine.items()
    ]
    return "\n".join(
        [
            "<!DOCTYPE html>",
            f'<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>',
            f"<style>{STYLE}</style></head><body>",
            f"<h1>{html.escape(title)}</h1>",
            "<p>How many times faster than the same computation in plain Python, with the better "
            "of one and two threads. Both are measured in the same minute of the same process. The "
            "axis is logarithmic: each line is ten times the one before.</p>",
            *(body or ["<p>There are no results yet: <code>asv run</code> makes them.</p>"]),
            '<p>Times, memory and single commits: <a href="asv.html">the pages of asv</a>.</p>',
            "</body></html>",
        ]
    )


def machine_section(machine, history, releases):
    """The bars of one machine: its last commit, and how that differs from an earlier one."""
    last, speedups = history[-1]
    released = [pair for pair in history[:-1] if pair[0].commit_hash in releases]
    before = (released or history[:-1] or [(None, {})])[-1]
    against = before[0] and releases.get(before[0].commit_hash, before[0].commit_hash[:8])
    described = (str(last.params[key]) for key in ("cpu", "num_cpu", "os") if last.params.get(key))
    where = f"{machine} ({', '.join(described)}), commit {last.commit_hash[:8]}"
    parts = [f"<p><b>{html.escape(where)}</b></p>"]

    def table(heading, name, subjects):
        chosen = {key: speedups[name][key] for key in subjects if key in speedups[name]}
        if chosen:
            past = [one[name] for _, one in history]
            earlier = before[1].get(name, {})
            links = {subject: link(name, subject) for subject in chosen}
            parts.append(f"<h2>{heading}</h2>" + bars(chosen, past, earlier, against, links))

    table("Training a network", TRAINING, speedups[TRAINING])
    table("Typical kernels", KERNELS, TYPICAL)
    parts.append(f"<details><summary>All {len(speedups[KERNELS])} kernels</summary>")
    table("All kernels", KERNELS, speedups[KERNELS])
    parts.append("</details>")
    return "\n".join(parts)


def link(benchmark, subject):
    """Where asv draws the history of one kernel or network, and of no other."""
    parameter = {KERNELS: "kernel", TRAINING: "network"}[benchmark]
    return f"asv.html#{benchmark}?p-{parameter}={quote(repr(subject))}"


def peers_section(measured):
    """The bars beside other libraries, a table for each of them; nothing if none is stored."""
    if measured is None:
        return ""
    ratios = {}
    for one in measured["comparisons"]:
        of_library = ratios.setdefault(one["library"], {})
        ratio, workload = one["theirs"] / one["ours"], one["workload"]
        of_library[workload] = min(ratio, of_library.get(workload, ratio))
    parts = [
        "<h2>Beside other libraries</h2><p>How many times faster than the fastest variant of each, "
        f"with {measured['threads']} threads, on the same data with the same batch size; bars to "
        "the left are lost.</p>"
    ]
    for library, of_library in ratios.items():
        name = html.escape(f"{library} {measured['versions'].get(library) or ''}")
        parts.append(f"<h3>{name}</h3>" + bars(of_library, [], {}, None, {}))
    return "\n".join(parts)


def bars(speedups, past, before, against, links):
    """Rows with a name, a bar, the number, its change and its history; the longest bar first.

    Parameters
    ----------
    speedups : dict of float
    past : list of dict of float
        Those of all commits, the oldest first.
    before : dict of float
        Those that the change is measured from.
    against : str or None
        The name of their commit.
    links : dict of str
        Where names lead to.
    """
    low = min(0, math.floor(math.log10(min(speedups.values()))))
    high = max(low + 1, math.ceil(math.log10(max(speedups.values()))))
    lines = f'style="background-size: {100 / (high - low):.6f}% 100%"'

    def place(value):
        return 100 * (math.log10(value) - low) / (high - low)

    ticks = "".join(
        f'<span class="tick" style="left: {place(10.0**power):.2f}%">{10.0**power:,g}</span>'
        for power in range(low, high)
    )
    change = f"since {html.escape(against)}" if against else ""
    rows = [
        f'<div class="row head"><span></span><span class="track">{ticks}&nbsp;</span>'
        f'<span class="value">times faster</span><span class="change">{change}</span></div>'
    ]
    for name, value in sorted(speedups.items(), key=lambda item: -item[1]):
        start, stop = sorted((place(1.0), place(value)))
        kind = "bar" if value >= 1 else "bar slow"
        changed = f"{value / before[name] - 1:+.0%}" if name in before else ""
        line = sparkline([one.get(name) for one in past])
        shown = html.escape(name)
        if name in links:
            shown = f'<a href="{html.escape(links[name])}">{shown}</a>'
        rows.append(
            f'<div class="row"><span class="name">{shown}</span>'
            f'<span class="track" {lines}><span class="{kind}" '
            f'style="left: {start:.2f}%; width: {stop - start:.2f}%"></span></span>'
            f'<span class="value">{value:,.{0 if value >= 10 else 2}f}</span>'
            f'<span class="change">{changed}</span>{line}</div>'
        )
    return "\n".join(rows)


def sparkline(values):
    """The history of a number as a line, on a logarithmic scale; nothing for a single one."""
    known = [(i, math.log10(value)) for i, value in enumerate(values) if value]
    if len(known) < 2:
        return "<span></span>"
    low, high = min(y for _, y in known), max(y for _, y in known)
    span = max(high - low, 0.1)  # differences of a few per cent are noise
    points = " ".join(
        f"{78 * i / (len(values) - 1) + 1:.1f},{18 - 16 * (y - low) / span:.1f}" for i, y in known
    )
    return f'<svg viewBox="0 0 80 20"><polyline points="{points}"/></svg>'
