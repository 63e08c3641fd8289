"""`Submission`: the files that the server of a hidden test set takes. Their form belongs to the data set; no torch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from cir_bench.interfaces.dataset import Query


@dataclass(frozen=True)
class HiddenSet:
    """What is known here of a split whose targets only its server knows; None: not on this machine.

    Attributes:
        n_queries: how many queries it has.
        queries: its queries by id, without targets.
        gallery: ids of its candidates.
    """

    n_queries: int | None = None
    queries: Mapping[str, Query] | None = None
    gallery: frozenset[str] | None = None


class Submission(ABC):
    """The files of one test server. Named by ``DatasetSpec.submission``, constructed without arguments.

    A plugin's tests of it inherit ``cir_bench.testing.SubmissionContract``.
    """

    split: ClassVar[str]
    """The data set's hidden split; runs under the protocols of this split can be submitted."""
    server: ClassVar[str]
    """Where the files are uploaded."""

    @abstractmethod
    def files(self, ranked: Mapping[str, Sequence[str]], subset: Mapping[str, Sequence[str]]) -> Mapping[str, bytes]:
        """The content of every file to upload, by a short file name such as ``recall.json``.

        Args:
            ranked: for every query id the best candidates' image ids, best first, at most 50.
            subset: the same of each query's own few candidates; empty when the protocol ranks no subsets.
        """

    @abstractmethod
    def check(self, data: bytes, hidden: HiddenSet) -> Mapping[str, Sequence[str]]:
        """Every mistake in a file, ours or another's, by kind; empty when the server would take it.

        Args:
            data: the file's content, whatever it is.
            hidden: what it is held against; what is None there cannot be checked, which is no mistake.
        """
