"""The first page of the dashboard: what it says, and that a browser shows it without a network."""

import itertools
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from children import PATIENCE

pytest.importorskip("asv")

from fastscratch.kernels import KERNELS

SUITE = Path(__file__).parents[1] / "asv_benchmarks"
sys.path.insert(0, str(SUITE))
try:
    import first_page
    import offline
finally:
    sys.path.remove(str(SUITE))

#: One of them is slower than its twin, and one was not measured on two threads.
SPEEDUPS = {"dense_forward": (500.0, 1000.0), "shuffle": (10.0, None), "penalty": (0.5, 0.25)}
NETWORKS = {"iris 4-40-3": (300.0, 250.0)}
#: Of two variants of a library the faster one is compared with.
PEERS = {
    **{"cpu": "A <processor>", "threads": 2, "versions": {"SlowLib": "1.2"}},
    "comparisons": [
        {"workload": "a fit", "library": "SlowLib", "variant": v, "ours": 1e-3, "theirs": t}
        for v, t in (("one", 0.2), ("two", 0.1))
    ],
}
#: Nothing is fetched in a test.
NO_NETWORK = """
import urllib.request
def _refuse(url, timeout):
    raise OSError("there is no network")
urllib.request.urlopen = _refuse
"""
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

#: Where every bar, name and number is on the screen, as JSON in place of the page.
MEASURE = """
<script>
document.querySelectorAll("details").forEach(details => details.open = true);
const rows = [...document.querySelectorAll(".row:not(.head)")].map(row =>
  ["name", "track", "bar", "value", "change"].map(kind => {
    const part = row.querySelector("." + kind), box = part.getBoundingClientRect();
    return [box.left, box.top, box.right, box.bottom, part.scrollWidth - part.clientWidth];
  }));
document.body.textContent = JSON.stringify(rows);
</script>
"""


def git(folder, *arguments):
    who = ["-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main"]
    command = ["git", *who, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def published(folder, n_commits):
    """What `asv publish` makes of results that grow by a tenth with every commit."""
    suite = folder / "asv_benchmarks"
    machine = suite / "results" / "quiet"
    machine.mkdir(parents=True)
    for name in ("first_page.py", "asv.conf.json"):
        shutil.copy(SUITE / name, suite)
    (suite / "peers").mkdir()
    (suite / "peers" / "quiet.json").write_text(json.dumps(PEERS))
    (suite / "offline.py").write_text(NO_NETWORK + (SUITE / "offline.py").read_text())
    described = {"machine": "quiet", "cpu": "A <processor>", "num_cpu": "2", "os": "Linux"}
    described |= {"arch": "x86_64", "ram": "1"}
    (machine / "machine.json").write_text(json.dumps(described | {"version": 1}))
    benchmarks = {}
    for name, of in ((first_page.KERNELS, SPEEDUPS), (first_page.TRAINING, NETWORKS)):
        params = [[repr(subject) for subject in of], ["1", "2"]]
        benchmarks[name] = {
            **{"name": name, "code": "", "type": "track", "unit": "x", "version": "1"},
            **{"params": params, "param_names": ["subject", "threads"], "timeout": 60},
        }
    (suite / "results" / "benchmarks.json").write_text(json.dumps(benchmarks | {"version": 2}))
    git(folder, "init", "-q")
    for k in range(n_commits):
        git(folder, "commit", "-q", "--allow-empty", "-m", f"commit {k}")
        if k == 0 and n_commits > 2:
            git(folder, "tag", "v0.1")
        commit = git(folder, "rev-parse", "HEAD").strip()
        results = {}
        for name, of in ((first_page.KERNELS, SPEEDUPS), (first_page.TRAINING, NETWORKS)):
            values = [v and v * 1.1**k for pair in of.values() for v in pair]
            results[name] = [values, benchmarks[name]["params"], "1", 0, 1.0]
        stored = {
            **{"commit_hash": commit, "env_name": "here", "date": 1000 * (k + 1), "env_vars": {}},
            **{"params": described | {"python": "3"}, "python": "3", "requirements": {}},
            "result_columns": ["result", "params", "version", "started_at", "duration"],
            **{"results": results, "durations": {}, "version": 2},
        }
        (machine / f"{commit[:8]}-here.json").write_text(json.dumps(stored))
    command = [sys.executable, "-m", "asv", "publish", "--no-pull"]
    run = subprocess.run(command, cwd=suite, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    return suite / "html"


@pytest.fixture(scope="module", params=[1, 3], ids=["one commit", "three commits"])
def html(request, tmp_path_factory):
    return published(tmp_path_factory.mktemp("published"), request.param)


def rows_of(page):
    """Name, start and width of the bar, number and change of each row."""
    name = r'"name">(?:<a[^>]*>)?([^<]*)(?:</a>)?</span>'
    bar = r'.*?left: ([\d.]+)%; width: ([\d.]+)%.*?"value">(.*?)</span>'
    return re.findall(name + bar + r'<span class="change">(.*?)</span>', page)


def test_bars_are_sorted_and_as_long_as_their_logarithm(html):
    page = (html / "index.html").read_text()
    several = "v0.1" in page
    network, *kernels, peer = rows_of(page)
    assert network[0] == "iris 4-40-3"
    assert (peer[0], peer[3]) == ("a fit", "100")
    assert "<h3>SlowLib 1.2</h3>" in page
    assert [row[0] for row in kernels[-3:]] == ["dense_forward", "shuffle", "penalty"]
    if not several:  # from 0.1 to 1000 are four decades: 1 is at a quarter of the axis
        found = [tuple(map(float, row[1:3])) for row in kernels[-3:]]
        expected = [(25, 75), (25, 25), (25 * 0.69897, 25 * 0.30103)]
        for bar, wanted in zip(found, expected, strict=True):
            assert bar == pytest.approx(wanted, abs=0.01)
        assert [row[3] for row in kernels[-3:]] == ["1,000", "10", "0.50"]


def test_what_has_changed_since_the_last_release(html):
    page = (html / "index.html").read_text()
    rows = rows_of(page)[:-1]  # the last one is of another library, and has no history
    changes = {row[4] for row in rows}
    if "since v0.1" in page:
        assert changes == {"+21%"}  # two commits, a tenth each
        assert page.count("<polyline") == len(rows)
    else:
        assert changes == {""}
        assert "<polyline" not in page


def test_names_lead_to_the_history_of_nothing_else(html):
    """The address has the parameter as asv's own pages write it."""
    page = (html / "index.html").read_text()
    assert "asv.html#benchmark_kernels.Speedup.track_speedup?p-kernel=%27shuffle%27" in page
    network = "p-network=%27iris%204-40-3%27"
    assert f"asv.html#{first_page.TRAINING}?{network}" in page


def test_asv_draws_a_line_in_each_box_of_its_grid(html):
    for file in (html / "graphs" / "summary").glob("*.json"):
        points = json.loads(file.read_text())
        assert len(points) >= 2
        assert all(value > 0 for _, value in points)


def test_the_first_page_loads_nothing(html):
    page = (html / "index.html").read_text()
    assert not re.search(r"<(script|link|img)|https?:|url\(|@import", page)
    assert "A &lt;processor&gt;" in page
    assert 'href="asv.html"' in page
    assert (html / "asv.html").exists()


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_a_browser_without_a_network_shows_every_bar_and_label(html, tmp_path):
    page = tmp_path / "page.html"
    page.write_text((html / "index.html").read_text().replace("</body>", MEASURE + "</body>"))
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1000,800"]
    command += ["--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={tmp_path}"]
    shown = subprocess.run(
        [*command, "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=PATIENCE
    ).stdout
    rows = json.loads(re.search(r"<body>(.*)</body>", shown, re.DOTALL)[1])
    assert len(rows) >= 6
    for row in rows:
        name, track, bar, value, change = row
        for left, top, right, bottom, _ in (name, bar, value):
            assert right > left
            assert bottom > top
        assert track[0] - 1 <= bar[0]
        assert bar[2] <= track[2] + 1
        assert name[2] <= track[0]
        assert track[2] <= value[0]
        assert value[2] <= change[0]
        assert name[4] <= 0  # nothing of the name is cut off
    tops = [(row[0][1], row[0][3]) for row in rows]
    assert all(above[1] <= below[0] + 0.5 for above, below in itertools.pairwise(tops))


def test_results_of_the_reference_machine_are_in_the_repository():
    """They name no folder of a machine, and have the typical kernels."""
    files = sorted((SUITE / "results" / "reference").glob("*-*.json"))
    assert files
    for file in files:
        stored = json.loads(file.read_text())
        assert stored["params"]["machine"] == "reference"
        assert not re.search(r"/\w+/", file.read_text())
        values, (kernels, _), *_ = stored["results"][first_page.KERNELS]
        assert len(values) == 2 * len(kernels)
        assert {repr(name) for name in first_page.TYPICAL} <= set(kernels)


def test_scripts_are_kept_beside_the_page(tmp_path):
    page, script = tmp_path / "page.html", b""
    right = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="  # SHA-256 of no bytes
    tags = [
        f'<script src="https://a.b/c/one.js" integrity="sha256-{right}" crossorigin="anonymous">',
        '<link rel="stylesheet" href="https://a.b/two.css">',
        '<script src="https://a.b/three.js" integrity="sha256-AAAA" crossorigin="anonymous">',
        '<script src="https://a.b/four.js">',
        '<a href="https://a.b/five.html">',
        '<script src="six.js">',
    ]
    page.write_text("\n".join(tags))

    def fetch(url):
        if "four" in url:
            raise OSError("not reached")
        return script

    left = offline.make_offline(page, fetch)
    assert left == [
        "https://a.b/three.js: the checksum differs",
        "https://a.b/four.js: not reached",
    ]
    assert page.read_text().splitlines() == [
        '<script src="vendor/one.js">',
        '<link rel="stylesheet" href="vendor/two.css">',
        *tags[2:],
    ]
    assert sorted(file.name for file in (tmp_path / "vendor").iterdir()) == ["one.js", "two.css"]
    assert (tmp_path / "vendor" / "one.js").read_bytes() == script


def test_typical_kernels_exist():
    assert set(first_page.TYPICAL) <= set(KERNELS)


def test_without_results_the_page_says_how_to_get_some():
    assert "<code>asv run</code>" in first_page.page("fastscratch", {}, {}, {})


@pytest.mark.parametrize(
    ("benchmark", "threshold"),
    [
        ("benchmark_kernels.Dense.time_kernel('dense_forward', 'kernel', 'float32', 1)", 0.1),
        ("benchmark_training.Step.time_step('Adam by blocks', 1)", 0.1),
        ("benchmark_startup.FirstCall.track_warm_start('fit')", 0.2),
        ("benchmark_training.Memory.peakmem_epoch(1)", None),
    ],
)
def test_thresholds_of_the_readme(benchmark, threshold):
    """asv matches patterns at the start of a name, and takes the largest threshold."""
    conf = json.loads((SUITE / "asv.conf.json").read_text())
    own = [v for k, v in conf["regressions_thresholds"].items() if re.match(k, benchmark)]
    assert own == ([] if threshold is None else [threshold])


@pytest.mark.parametrize(
    ("benchmark", "excluded"),
    [
        ("benchmark_kernels.Speedup.track_speedup('matmul', 1)", True),
        ("benchmark_training.TrainingSpeedup.track_training_speedup('iris 4-40-3', 1)", True),
        ("benchmark_training.Epoch.track_samples_per_second('iris 4-40-3', 1)", True),
        ("benchmark_training.Epoch.time_epoch('iris 4-40-3', 1)", False),
    ],
)
def test_gains_are_no_regressions(benchmark, excluded):
    conf = json.loads((SUITE / "asv.conf.json").read_text())
    found = [v for k, v in conf["regressions_first_commits"].items() if re.match(k, benchmark)]
    assert found == ([None] if excluded else [])
