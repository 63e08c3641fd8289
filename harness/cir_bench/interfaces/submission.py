"""`Submission`: the files that the server of a hidden test set takes. Their form belongs to the data set; no torch."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from cir_bench.interfaces.dataset import Query

Mistakes = defaultdict[str, list[str]]
"""What is wrong with a file: under the name of each kind of mistake ("duplicate image") where each of them is."""


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


def json_object(data: bytes, mistakes: Mistakes) -> dict[str, Any] | None:
    """The JSON object in ``data``; None when there is none, which is then among the mistakes, as repeated keys are."""

    def unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                mistakes["duplicate key"].append(f"{key!r:.40}")
            found[key] = value
        return found

    try:
        text = data.decode("utf-8")
        value = json.loads(text, object_pairs_hook=unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        bare = error.msg.startswith("Expecting property name") and error.doc[error.pos : error.pos + 1].isdigit()
        mistakes["key not a string" if bare else "not JSON"].append(str(error))
        return None
    except ValueError as error:  # no UTF-8, NaN, a number of thousands of digits
        mistakes["not JSON"].append(str(error))
        return None
    except RecursionError:
        mistakes["not JSON"].append("it is nested too deeply")
        return None
    if not isinstance(value, dict):
        mistakes["not a JSON object"].append(f"it holds a {type(value).__name__}")
        return None
    return value


def check_lists(
    lists: Mapping[str, Any],
    mistakes: Mistakes,
    *,
    lengths: Collection[int],
    kind: type[str] | type[int],
    judge: Callable[[str, Any], str | None],
) -> None:
    """Add what is wrong with the ranked lists: no lists, wrong lengths, wrong types, repeated images, bad images.

    Args:
        lists: by query id what the file holds for it.
        mistakes: where mistakes are added.
        lengths: the lengths that a list may have.
        kind: what images are written as.
        judge: called with a query id and an image of its list; names the kind of mistake that the image is, or None.
    """
    needed = " or ".join(map(str, sorted(lengths)))
    for query, images in lists.items():
        where = f"{query:.40}"
        if not isinstance(images, list):
            mistakes["not a list"].append(f"{where} holds {images!r:.40}")
            continue
        if len(images) not in lengths:
            mistakes["wrong length"].append(f"{where} lists {len(images)}, not {needed}")
        wrong = [image for image in images if type(image) is not kind]  # a bool is no number here
        if wrong:
            name = "image not a string" if kind is str else "image not a whole number"
            mistakes[name] += [f"{where} lists {image!r:.40}" for image in wrong]
        for image, count in Counter(image for image in images if type(image) is kind).items():
            if count > 1:
                mistakes["duplicate image"].append(f"{where} lists {image!s:.60} {count} times")
            fault = judge(query, image)
            if fault is not None:
                mistakes[fault].append(f"{where} lists {image!s:.60}")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no value of JSON")
