"""What a model is saved with, so that `predict` understands other tables."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..validation import as_flag, as_number, as_positive
from .columns import Classes, Embedded, Indicator, Input, Numeric, OneHot, Target
from .dialect import Dialect

__all__ = ["Saved"]

KINDS = {"numeric": Numeric, "indicator": Indicator, "one-hot": OneHot, "embedding": Embedded}


@dataclass(frozen=True)
class Saved:
    """The columns of a model.

    Attributes
    ----------
    inputs : sequence of Input
    target : Target
    ids : sequence of str
        Columns that only identify rows.
    dialect : Dialect
        Of the table that it was trained on.
    """

    inputs: Sequence[Input]
    target: Target
    ids: Sequence[str]
    dialect: Dialect

    def to_metadata(self) -> dict[str, Any]:
        """The metadata that a model is saved with."""
        kinds = {kind: name for name, kind in KINDS.items()}
        return {
            "inputs": [{"kind": kinds[type(column)], **asdict(column)} for column in self.inputs],
            "target": asdict(self.target),
            "ids": list(self.ids),
            "table": self.dialect.to_metadata(),
        }

    @classmethod
    def from_metadata(cls, metadata: dict[str, Any]) -> "Saved":
        """The columns that a model was saved with.

        Raises
        ------
        ValueError
            If it was saved without them.
        """
        try:
            inputs = [_input(config) for config in metadata["inputs"]]
            if not inputs:
                raise ValueError
            target = metadata["target"]
            ids = _texts(metadata.get("ids", []))
            table = dict(metadata.get("table", {}))
            dialect = Dialect(
                **{name: _text(value) for name, value in table.items() if name != "na_values"},
                na_values=tuple(_texts(table.get("na_values", []))),
            )
            is_classes = "categories" in target
            return cls(inputs, _classes(target) if is_classes else _numeric(target), ids, dialect)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise ValueError(
                "the model does not say what columns it is for; predict needs a model that "
                "`fastscratch train` saved"
            ) from None


def _input(config: dict[str, Any]) -> Input:
    """A column, from what it was saved as; the first version of this program wrote no kinds."""
    kind = KINDS[config.get("kind", "one-hot" if "categories" in config else "numeric")]
    if kind is Numeric:
        return _numeric(config)
    name = _text(config["name"])
    if kind is Indicator:
        return Indicator(name)
    categories, fill = _texts(config["categories"]), config.get("fill")
    fill = None if fill is None else _text(fill)
    if kind is Embedded:
        return Embedded(name, categories, fill)
    return OneHot(name, categories, fill, as_flag("has_others", config.get("has_others", False)))


def _numeric(config: dict[str, Any]) -> Numeric:
    fill = config.get("fill")
    return Numeric(
        _text(config["name"]),
        as_number("mean", config["mean"]),
        as_positive("scale", config["scale"]),
        as_flag("are_percentages", config.get("are_percentages", False)),
        None if fill is None else as_number("fill", fill),
    )


def _classes(config: dict[str, Any]) -> Classes:
    return Classes(_text(config["name"]), _texts(config["categories"]))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _texts(values: Any) -> list[str]:
    if not isinstance(values, list):
        raise TypeError
    return [_text(value) for value in values]
