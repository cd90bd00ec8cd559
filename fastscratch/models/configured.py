"""A model's layers as a dict or as JSON, and its weights alone in a file."""

import json
from pathlib import Path
from typing import Any, Self

from .configuration import UNFIT, config_of, model_of
from .differentiable import Differentiable


class Configured(Differentiable):
    """A model that gives its layers without weights, and its weights alone."""

    def save_weights(self, filepath: str | Path, overwrite: bool = True) -> None:
        """Save the weights alone: one safetensors file, with a name for each array.

        Parameters
        ----------
        filepath, overwrite
            As :meth:`save` takes them; ``.weights.safetensors`` is a good suffix.

        Raises
        ------
        ValueError, TypeError, OSError
            As :meth:`save`.
        """
        from .weight_files import save_weights

        save_weights(self, filepath, overwrite)

    def load_weights(self, filepath: str | Path, skip_mismatch: bool = False) -> None:
        """Replace the weights by those that :meth:`save_weights` or :meth:`save` has saved.

        A weight is known by the names of its layer and its own: layers that are given names keep
        their weights in another model.

        Parameters
        ----------
        filepath : path
        skip_mismatch : bool
            Whether to take the weights that fit and leave out the others, as for another head.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is no such file, or has not the weights of this model; nothing has changed then.
        RuntimeError
            If another thread is training the model.
        """
        from .weight_files import load_weights

        load_weights(self, filepath, skip_mismatch)

    def get_config(self) -> dict[str, Any]:
        """The layers and how they read each other, as JSON can hold them; without weights."""
        return config_of(self)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The model that :meth:`get_config` has described: with new weights, and not compiled.

        Raises
        ------
        ValueError
            If it describes none of this class.
        """
        try:
            model = model_of(config)
        except UNFIT as error:
            raise ValueError(f"config must be what get_config returned: {error!r}") from None
        if not isinstance(model, cls):
            raise ValueError(f"config must be that of a {cls.__name__}, got that of a graph")
        return model

    def to_json(self, **kwargs: Any) -> str:
        """The class and :meth:`get_config` as JSON, for :func:`models.model_from_json`.

        Parameters
        ----------
        **kwargs
            Of ``json.dumps``.
        """
        return json.dumps({"class": type(self).__name__, "config": self.get_config()}, **kwargs)
