"""Which split is evaluated, for data sets that let their user name the splits (`Dataset.evaluated`)."""

from __future__ import annotations

from collections.abc import Iterable

from cir_bench.errors import DataError, did_you_mean

TRAIN = "train"
"""The split that is trained on."""
AUTO = "auto"
"""The split that a protocol names when the data set is to choose."""


def evaluated_split(split: str, there: Iterable[str], chosen: str | None, where: object) -> str:
    """The split that ``split`` means: itself; for ``auto`` ``chosen``, else ``val``, else the only one besides train.

    Args:
        split: as the protocol says.
        there: the splits that have queries.
        chosen: the user's choice, None where there is none.
        where: begins the error messages; the file or folder that the splits stand in.

    Raises:
        DataError: no query is in that split, or it cannot be told which one is meant.
    """
    there = list(dict.fromkeys(there))
    if split == AUTO and split not in there:
        others = [name for name in there if name != TRAIN]
        split = chosen or ("val" if "val" in others or not others else others[0])
        if chosen is None and split != "val" and len(others) > 1:
            raise DataError(
                f"{where} has the splits {', '.join(others)} besides train and none is called val; "
                "choose one with --set dataset.split=NAME."
            )
    if split not in there:
        near = did_you_mean(split, there)
        raise DataError(f"{where} has no query in split {split!r}, which is to be evaluated; {near}")
    return split
