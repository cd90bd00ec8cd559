"""A product of matrices."""

from collections.abc import Iterator

from .case import Arguments, Case, Rng, unset

#: Rows, depth, columns.
SIZES = {
    "one": (1, 1, 1),
    "row": (1, 19, 7),
    "column": (9, 13, 1),
    "few-columns": (13, 37, 2),
    "few-columns-deep": (13, 137, 3),
    "few-columns-tiles": (13, 37, 3),
    "few-terms": (13, 3, 2),
    "few-rows": (3, 11, 23),
    "long-rows": (3, 11, 601),
    "outer": (19, 1, 23),
    "outer-few-columns": (19, 1, 2),
    "odd": (7, 13, 19),
    "chunks-few-columns": (701, 201, 2),
    "chunks-few-rows": (3, 301, 451),
    "chunks-rows-of-a-tile": (5, 351, 391),
    "chunks-outer": (401, 1, 351),
    "chunks": (131, 129, 67),
    "chunks-along-depth": (12, 3001, 35),
    "typical": (256, 256, 256),
}


def matrices(rng: Rng, rows: int, depth: int, columns: int) -> Arguments:
    return {
        "c": unset(rows, columns),
        "a": rng.standard_normal((rows, depth)),
        "b": rng.standard_normal((depth, columns)),
    }


def cases() -> Iterator[Case]:
    for label, sizes in SIZES.items():
        yield Case("matmul", label, matrices, sizes, ("c",), sizes[1])
