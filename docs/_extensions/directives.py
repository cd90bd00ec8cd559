"""The Sphinx extension of this site: its directives, and pages that are made before it is built.

``twin``, ``kernel`` and ``beside`` take ``module.function``, or several of them, and show their
lines. ``beside`` shows a twin and, on its right, the kernel of the same name, or those that its
option ``:kernel:`` names. ``by-hand`` shows a computation number by number.
"""

import json
import re
from pathlib import Path
from typing import Any

from by_hand import fragment
from docutils import nodes
from docutils.parsers.rst import directives
from kernel_pages import pages
from notebooks import notebook_of
from sources import ROOT, columns
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

DOCS = ROOT / "docs"
GALLERY_LINKS = {
    r"\]\((\.\./)+examples/(plot_\w+)\.py\)": r"](/gallery/\2.rst)",
    r"\]\((\.\./)+examples/README\.rst\)": "](/gallery/index.rst)",
}


class Sources(SphinxDirective):
    """Functions of the kinds that the name of the directive says."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec = {"kernel": directives.unchanged_required}  # noqa: RUF012 -- docutils reads it

    def run(self) -> list[nodes.Node]:
        page = nodes.container(classes=[self.name])
        for column in columns(self.name, self.arguments[0], self.options.get("kernel")):
            part = nodes.container()
            for file, code in column:
                self.env.note_dependency(str(ROOT / file))
                part += nodes.paragraph("", "", _link(file, code))
                part += nodes.literal_block(code, code, language="python")
            page += part
        return [page]


def _link(file: str, code: str) -> nodes.Node:
    """The name of a file, which leads to the function in the reference, or to its module.

    From there a link leads to the whole file. What has no page stays without a link.
    """
    name = "fastscratch." + file.removesuffix(".py").replace("/", ".").removeprefix("fastscratch.")
    definition = re.search(r"^(?:def|class) ([A-Za-z]\w*)", code, re.MULTILINE)
    if definition is not None:
        name += f".{definition[1]}"
    return pending_xref(
        *("", nodes.literal("", file)), refdomain="py", reftype="obj", reftarget=name
    )


class ByHand(SphinxDirective):
    """A computation that the reader steps through."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        return [nodes.raw("", fragment(self.arguments[0]), format="html")]


def _write(file: Path, text: str) -> None:
    """Write a file if it changes, so that Sphinx reads again only what it must."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        file.write_text(text, encoding="utf-8")


def make_pages(app: Sphinx) -> None:
    """The reference pages of kernels and twins, and the notebooks of the essay."""
    for path, text in pages():
        _write(DOCS / "reference" / "generated" / f"{path}.rst", text)
    for page in sorted((DOCS / "essay").glob("[0-9]*.md")):
        notebook = json.dumps(notebook_of(page.read_text(encoding="utf-8")), indent=1)
        _write(DOCS / "essay" / "notebooks" / f"{page.stem}.ipynb", notebook)


def complete(app: Sphinx, page: str, source: list[str]) -> None:
    """What readers of the Markdown files do without.

    That is a table of contents of the guide, links to notebooks, and links to the pages of the
    gallery in the place of links to its scripts.
    """
    for pattern, link in GALLERY_LINKS.items():
        source[0] = re.sub(pattern, link, source[0])
    folder, _, name = page.partition("/")
    if page == "README":
        chapters = "\n".join(re.findall(r"^\d+\. \[.*?\]\((.+?)\)", source[0], re.MULTILINE))
        source[0] += f"\n```{{toctree}}\n:hidden:\n\n{chapters}\n```\n"
    if folder == "essay" and name[0].isdigit():
        link = f"{{download}}`This page as a notebook <notebooks/{name}.ipynb>`"
        source[0] = re.sub(r"^(# .*\n)", rf"\1\n{link}\n", source[0], count=1, flags=re.MULTILINE)


def skip_foreign(app: Sphinx, what: str, name: str, obj: Any, skip: bool, options: Any) -> bool:
    """What estimators inherit from scikit-learn is documented there."""
    source = getattr(obj, "fget", obj)  # a property has no module of its own
    return skip or (getattr(source, "__module__", None) or "").startswith("sklearn")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register all of it."""
    for name in ("twin", "kernel", "beside"):
        app.add_directive(name, Sources)
    app.add_directive("by-hand", ByHand)
    app.add_js_file("by-hand.js", loading_method="defer")
    app.connect("builder-inited", make_pages)
    app.connect("source-read", complete)
    app.connect("autodoc-skip-member", skip_foreign)
    return {"parallel_read_safe": True}
