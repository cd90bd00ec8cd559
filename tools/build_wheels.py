"""Build a wheel with kernels compiled ahead, for the Python and the Numba that run this script.

    pip install -e . wheel
    python tools/build_wheels.py --output dist

The kernels are compiled for levels of processors, by default for those that this machine has:
x86-64-v3 (AVX2) and x86-64-v4 (AVX-512). On another processor, or with another version of Numba,
an installed wheel compiles its kernels at first use, as an installation from source does.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import tempfile

from numba.core.codegen import get_host_cpu_features

from fastscratch.kernels.machine import LEVELS

LARGEST = 40_000_000  # bytes of a wheel
ROOT = pathlib.Path(__file__).resolve().parents[1]


def run(*command, **settings):
    """Run a command; an error if it fails."""
    print("$", *map(str, command), flush=True)
    subprocess.run([*map(str, command)], check=True, env=os.environ | settings)


def python(*arguments, **settings):
    """Run Python on some arguments."""
    run(sys.executable, *arguments, **settings)


def compile_for(level, site, folder):
    """Compile every kernel of the package in `site` for a level; return the files."""
    settings = {
        "NUMBA_CPU_NAME": level,
        "NUMBA_CPU_FEATURES": "",
        "NUMBA_CACHE_DIR": str(folder),
        "PYTHONPATH": str(site),
    }
    python("-P", "-c", "import fastscratch; fastscratch.warmup()", **settings)
    return sorted(folder.rglob("*.nbc"))


def build(levels, output):
    """Build the wheel; return its path."""
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        python("-m", "pip", "wheel", "--no-deps", "--quiet", "-w", folder / "pure", ROOT)
        (pure,) = (folder / "pure").glob("*.whl")
        python("-m", "wheel", "unpack", "-d", folder / "tree", pure)
        (site,) = (folder / "tree").iterdir()
        compiled = site / "fastscratch" / "kernels" / "compiled"
        files = [file for level in levels for file in compile_for(level, site, folder / level)]
        compiled.mkdir()
        for file in files:
            shutil.copy(file, compiled)
        for cache in site.rglob("__pycache__"):
            shutil.rmtree(cache)
        # Machine code for one Python and one system; it needs nothing of the system's libraries.
        tags = f"Tag: {sys.implementation.cache_tag.replace('cpython-', 'cp')}-none-{platform()}"
        (info,) = site.glob("*.dist-info/WHEEL")
        lines = info.read_text().splitlines()
        lines = [tags if line.startswith("Tag: ") else line for line in lines]
        lines = ["Root-Is-Purelib: false" if "Root-Is" in line else line for line in lines]
        info.write_text("\n".join(lines) + "\n")
        python("-m", "wheel", "pack", "-d", output, site)
    wheel = max(output.glob("*.whl"), key=lambda file: file.stat().st_mtime)
    size = wheel.stat().st_size
    print(f"{wheel}: {len(files)} files of {', '.join(levels)}, {size / 1e6:.1f} MB")
    if size > LARGEST:
        raise SystemExit(f"the wheel has {size} bytes, more than {LARGEST}")
    return wheel


def platform():
    """The platform's part of the wheel's name."""
    name = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    return name.replace("linux", "manylinux2014", 1)


def main():
    """Build the wheel that the command line asks for."""
    features = get_host_cpu_features()
    here = [level for level, feature in LEVELS.items() if f"+{feature}," in f"{features},"]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "dist")
    parser.add_argument("--levels", nargs="+", choices=here, default=here)
    arguments = parser.parse_args()
    build(arguments.levels, arguments.output.resolve())


if __name__ == "__main__":
    main()
