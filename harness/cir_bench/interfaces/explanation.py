"""`Explanation`: what a report can show of how a composer made its queries. No metric uses it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Explanation:
    """One thing to show for each of B queries; one of the three subclasses below."""

    title: str
    """What it is, in the paper's words ("Keep mask of the student")."""
    values: Tensor
    """``[B, …]``, finite; the subclass says what they mean."""
    note: str = ""
    """One sentence on how to read it; may be empty."""

    def __post_init__(self) -> None:
        if not bool(self.values.isfinite().all()):
            raise ValueError(f"the explanation {self.title!r} has a value that is not finite")

    def __len__(self) -> int:
        """B."""
        return len(self.values)

    def _check(self, dimensions: int) -> None:
        if self.values.ndim != dimensions:
            raise ValueError(
                f"the explanation {self.title!r} has values of shape {tuple(self.values.shape)}; "
                f"{type(self).__name__} takes {dimensions} dimensions"
            )


@dataclass(frozen=True)
class ImageMap(Explanation):
    """Attention over the reference image: ``values`` ``[B, H, W]``, not negative.

    The report lays them over the image, relative to the query's largest value.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check(3)
        if bool((self.values < 0).any()):
            raise ValueError(f"the explanation {self.title!r} has a negative value; a map must not")


@dataclass(frozen=True)
class NeighbourWeights(Explanation):
    """Candidates and their weights: ``values`` ``[B, K]`` of the gallery's ``rows`` ``[B, K]``."""

    rows: Tensor | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check(2)
        if self.rows is None or self.rows.shape != self.values.shape:
            raise ValueError(f"the explanation {self.title!r} needs one gallery row for each of its weights")


@dataclass(frozen=True)
class NamedWeights(Explanation):
    """Named numbers between 0 and 1: ``values`` ``[B, K]`` and K ``names``."""

    names: Sequence[str] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check(2)
        if len(self.names) != self.values.shape[1]:
            raise ValueError(
                f"the explanation {self.title!r} has {self.values.shape[1]} weights and {len(self.names)} names"
            )
        if bool(((self.values < 0) | (self.values > 1)).any()):
            raise ValueError(f"the explanation {self.title!r} has a weight outside 0 … 1")
