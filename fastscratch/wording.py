"""Words of messages."""


def quantity(number: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun: "1 column", "2 columns", "1 axis", "2 axes".

    Parameters
    ----------
    number : int
    noun : str
        For one.
    plural : str, optional
        By default the noun with an "s".
    """
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
