"""The examples of the gallery in the order of the essay's pages."""

ORDER = (
    "table",
    "descent_path",
    "squared_loss",
    "iris_settings",
    "hidden_units",
    "equal_weights",
    "flame",
    "fixed_and_adaptive_steps",
    "sharp_and_flat_minima",
    "overfitting",
    "filters",
    "cost_of_a_convolution",
    "swapped_pixels",
    "upside_down",
    "exciting_inputs",
    "boosted_trees",
)


class GalleryOrder:
    """What sphinx-gallery sorts the files of a folder by."""

    def __init__(self, folder: str) -> None:
        pass

    def __call__(self, file: str) -> int:
        """The place of an example."""
        return ORDER.index(file.removeprefix("plot_").removesuffix(".py"))
