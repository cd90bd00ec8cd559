"""The figures that pictures are drawn on."""

import io

from matplotlib.figure import Figure


class Picture(Figure):
    """A figure that notebooks show, also if nobody has imported pyplot, which registers others."""

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format="png")
        return file.getvalue()
