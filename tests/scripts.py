"""The scripts in `tools/`, which a checkout has and an installed package has not."""

import importlib.util
import pathlib

import pytest

TOOLS = pathlib.Path(__file__).parents[1] / "tools"

needs_tools = pytest.mark.skipif(not TOOLS.exists(), reason="not a checkout")


def tool(name):
    """A script as a module."""
    spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
