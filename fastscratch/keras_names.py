"""Names that Keras takes for one thing: "mean_squared_error", "MeanSquaredError", "mse", "MSE"."""

from collections.abc import Collection, Mapping
from typing import Any


def full_name(name: Any, names: Collection[str], short: Mapping[str, str]) -> Any:
    """Which of the names another name stands for; itself, if it stands for none.

    Parameters
    ----------
    name
        One of `names`; the same as a class, without underscores and each word with a capital; or
        one of `short`, in small letters or capitals.
    names : collection of str
    short : dict of str to str
        From short names to those that they stand for.
    """
    if not isinstance(name, str) or name in names:
        return name
    classes = {"".join(part.capitalize() for part in full.split("_")): full for full in names}
    spellings = classes | {text.upper(): full for text, full in short.items()} | dict(short)
    return spellings.get(name, name)
