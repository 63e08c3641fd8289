"""Which split is evaluated, for data sets whose users name the splits (`Dataset.evaluated`)."""

from __future__ import annotations

from collections.abc import Iterable

from cir_bench.errors import DataError, did_you_mean

TRAIN = "train"
"""The split for training."""
AUTO = "auto"
"""The split of a protocol that lets the data set choose."""


def evaluated_split(split: str, splits: Iterable[str], chosen: str | None, where: object) -> str:
    """The split that ``split`` means: itself, but for ``auto`` ``chosen``, or ``val``, or the only one besides train.

    Args:
        split: as the protocol names it.
        splits: the splits that have queries.
        chosen: the user's choice, if any.
        where: the file or folder of the splits, for error messages.

    Raises:
        DataError: no query is in that split, or ``auto`` is ambiguous.
    """
    splits = list(dict.fromkeys(splits))
    if split == AUTO and split not in splits:
        others = [name for name in splits if name != TRAIN]
        split = chosen or ("val" if "val" in others or not others else others[0])
        if chosen is None and split != "val" and len(others) > 1:
            raise DataError(
                f"{where} has the splits {', '.join(others)} besides train and none is called val; "
                "choose one with --set dataset.split=NAME."
            )
    if split not in splits:
        near = did_you_mean(split, splits)
        raise DataError(f"{where} has no query in split {split!r}, which is to be evaluated; {near}")
    return split
