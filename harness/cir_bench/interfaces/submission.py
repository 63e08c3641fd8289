"""`Submission`: the files that the server of a hidden test set takes. The data set defines their form. No torch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from cir_bench.interfaces.dataset import Query


@dataclass(frozen=True)
class HiddenSet:
    """What this machine knows of a split whose targets only its server knows; None for anything it does not know."""

    n_queries: int | None = None
    """The number of its queries."""
    queries: Mapping[str, Query] | None = None
    """Its queries by id, without targets."""
    gallery: frozenset[str] | None = None
    """The ids of its candidates."""


class Submission(ABC):
    """The files of one test server. Named by ``DatasetSpec.submission``, constructed without arguments.

    A plugin tests it by inheriting ``cir_bench.testing.SubmissionContract``.
    """

    split: ClassVar[str]
    """The data set's hidden split; runs under the protocols of this split can be submitted."""
    server: ClassVar[str]
    """Where the files are uploaded."""

    @abstractmethod
    def files(self, ranked: Mapping[str, Sequence[str]], subset: Mapping[str, Sequence[str]]) -> Mapping[str, bytes]:
        """The content of every file to upload, by a short file name such as ``recall.json``.

        Args:
            ranked: for every query id, the image ids of the best candidates, best first, at most 50.
            subset: the same for each query's own candidates; empty unless the protocol ranks subsets.
        """

    @abstractmethod
    def check(self, data: bytes, hidden: HiddenSet) -> Mapping[str, Sequence[str]]:
        """The mistakes in any file, by kind; empty if the server would accept it.

        Args:
            data: the file's content.
            hidden: what to check it against; anything that is None cannot be checked and is not a mistake.
        """
