"""Sphinx builds the site from this folder: ``sphinx-build -W docs docs/_build/html``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "fastscratch"
author = "The fastscratch developers"
copyright = author
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "numpydoc",
    "myst_nb",
    "sphinx_gallery.gen_gallery",
    "directives",
]
exclude_patterns = ["_build", "_extensions", "essay/notebooks", "gallery/*.ipynb"]
templates_path = ["_templates"]

# Markdown: the guide, and the essay, whose code is run when the site is built.
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "auto"
nb_execution_raise_on_error = True
nb_execution_timeout = 300

# The reference: what each module has in its ``__all__``, in numpydoc.
autosummary_generate = True
autosummary_imported_members = True
autosummary_ignore_module_all = False
numpydoc_show_class_members = False
autodoc_typehints = "none"

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py",
    "within_subsection_order": "gallery_order.GalleryOrder",
    "image_scrapers": ("figures.last_figure",),
    "capture_repr": (),
    "backreferences_dir": "gallery/backreferences",
    "doc_module": ("fastscratch",),
    "write_computation_times": False,
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
}

html_theme = "pydata_sphinx_theme"
html_title = "fastscratch"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_sidebars = {"by-hand/*": []}
html_theme_options = {"secondary_sidebar_items": ["page-toc"]}
