"""How the gallery finds a picture: it is the figure at the end of a cell."""

from typing import Any

from matplotlib.figure import Figure
from sphinx_gallery.scrapers import figure_rst

SAVED = "saved"


def last_figure(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save the figure, if the cell ends with one, and return the text that shows it."""
    figure = block_vars["example_globals"].get("___")
    if not isinstance(figure, Figure) or figure.get_label() == SAVED:
        return ""
    path = next(block_vars["image_path_iterator"])
    figure.savefig(path, dpi=120)
    figure.set_label(SAVED)  # the next cell may end without an expression
    return figure_rst([path], gallery_conf["src_dir"])
