"""Build a wheel with kernels compiled ahead, for the Python and the Numba that run this script.

    pip install -e . wheel
    python tools/build_wheels.py --output dist
    python tools/build_wheels.py --output dist --platform macos-arm64

The kernels are compiled for levels of processors: x86-64-v3 (AVX2) and x86-64-v4 (AVX-512), or
64-bit Arm with NEON. Which kernels, a warm-up on this machine tells; as they are compiled by LLVM
for whatever machine is asked for, the wheel may be for another one. On another processor, or with
another version of Numba, an installed wheel compiles its kernels at first use, as an installation
from source does. Of LLVM code, from which other kernels are compiled, the wheel has none.
"""

import argparse
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
from typing import NamedTuple

LARGEST = 40_000_000  # bytes of a wheel
MACHINE_CODE = "code", "entry", "tiles"  # how the names of its files begin
ROOT = pathlib.Path(__file__).resolve().parents[1]


class Platform(NamedTuple):
    """What a wheel is for: as LLVM names the system, as the wheel's name does, and the levels."""

    triple: str
    tag: str
    levels: tuple[str, ...]


PLATFORMS = {
    "linux-x86_64": Platform(
        "x86_64-unknown-linux-gnu", "manylinux2014_x86_64", ("x86-64-v3", "x86-64-v4")
    ),
    "linux-arm64": Platform("aarch64-unknown-linux-gnu", "manylinux2014_aarch64", ("generic",)),
    "macos-arm64": Platform("arm64-apple-darwin", "macosx_11_0_arm64", ("apple-m1",)),
}


def here():
    """The name of this machine's platform."""
    system = {"Darwin": "macos"}.get(platform.system(), platform.system().lower())
    return f"{system}-{platform.machine().replace('aarch64', 'arm64')}"


def start(*arguments, **settings):
    """Start Python on some arguments."""
    command = [sys.executable, *map(str, arguments)]
    print("$", *(f"{name}={value}" for name, value in settings.items()), *command, flush=True)
    return subprocess.Popen(command, env=os.environ | settings)


def finish(*processes):
    """Wait for processes; an error if one fails."""
    codes = [process.wait() for process in processes]
    if any(codes):
        raise SystemExit("a step failed")


def compile_for(triple, level, site, warm, folder):
    """Compile the kernels of the package in `site` that the folder `warm` has; return the files."""
    settings = {
        "NUMBA_CPU_NAME": level,
        "NUMBA_CPU_FEATURES": "",
        "NUMBA_CACHE_DIR": str(folder),
        "PYTHONPATH": str(site),
    }
    script, parts = ROOT / "tools" / "cross_compile.py", os.cpu_count()
    finish(*(start("-P", script, triple, warm, i, parts, **settings) for i in range(parts)))
    return sorted(file for part in MACHINE_CODE for file in folder.rglob(f"{part}.*.nbc"))


def build(target, output):
    """Build the wheel; return its path."""
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        finish(start("-m", "pip", "wheel", "--no-deps", "--quiet", "-w", folder / "pure", ROOT))
        (pure,) = (folder / "pure").glob("*.whl")
        finish(start("-m", "wheel", "unpack", "-d", folder / "tree", pure))
        (site,) = (folder / "tree").iterdir()
        settings = {"NUMBA_CACHE_DIR": str(folder / "warm"), "PYTHONPATH": str(site)}
        finish(start("-P", "-c", "import fastscratch; fastscratch.warmup()", **settings))
        files = [
            file
            for level in target.levels
            for file in compile_for(target.triple, level, site, folder / "warm", folder / level)
        ]
        for cache in site.rglob("__pycache__"):
            shutil.rmtree(cache)
        compiled = site / "fastscratch" / "kernels" / "compiled"
        compiled.mkdir()
        for file in files:
            shutil.copy(file, compiled)
        # Machine code for one Python and one system; it needs nothing of the system's libraries.
        python = sys.implementation.cache_tag.replace("cpython-", "cp")
        (info,) = site.glob("*.dist-info/WHEEL")
        lines = info.read_text().splitlines()
        lines = [
            f"Tag: {python}-none-{target.tag}" if line.startswith("Tag: ") else line
            for line in lines
        ]
        lines = ["Root-Is-Purelib: false" if "Root-Is" in line else line for line in lines]
        info.write_text("\n".join(lines) + "\n")
        finish(start("-m", "wheel", "pack", "-d", output, site))
    wheel = max(output.glob("*.whl"), key=lambda file: file.stat().st_mtime)
    size = wheel.stat().st_size
    print(f"{wheel}: {len(files)} files of {', '.join(target.levels)}, {size / 1e6:.1f} MB")
    if size > LARGEST:
        raise SystemExit(f"the wheel has {size} bytes, more than {LARGEST}")
    return wheel


def main():
    """Build the wheel that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "dist")
    parser.add_argument(
        "--platform", choices=PLATFORMS, default=here(), required=here() not in PLATFORMS
    )
    arguments = parser.parse_args()
    build(PLATFORMS[arguments.platform], arguments.output.resolve())


if __name__ == "__main__":
    main()
