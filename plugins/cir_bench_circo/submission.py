"""CIRCO's test server: one JSON file with the best 50 images of every query."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from cir_bench import DataError, HiddenSet, Submission
from cir_bench.utils import Mistakes, check_lists, json_object
from cir_bench_circo.annotations import HIDDEN

LENGTH = 50


class CIRCOSubmission(Submission):
    """``{"0": [image ids, best first], …, "799": […]}``; ids are whole numbers. The reference may be among them."""

    split: ClassVar[str] = HIDDEN
    server: ClassVar[str] = "https://circo.micc.unifi.it"

    def files(self, ranked: Mapping[str, Sequence[str]], subset: Mapping[str, Sequence[str]]) -> Mapping[str, bytes]:
        """``ranking.json``, with the best 50 images of every query."""
        content = {query: [_number(query, image) for image in images[:LENGTH]] for query, images in ranked.items()}
        return {"ranking.json": json.dumps(content, separators=(",", ":")).encode()}

    def check(self, data: bytes, hidden: HiddenSet) -> Mapping[str, Sequence[str]]:
        """Keys, lengths, repetitions; that images are of the gallery, where its list is there."""
        mistakes: Mistakes = defaultdict(list)
        lists = json_object(data, mistakes)
        if lists is None:
            return mistakes
        _check_keys(lists, hidden, mistakes)

        def mistake_of(query: str, image: int) -> str | None:
            if image < 0 or (hidden.gallery is not None and str(image) not in hidden.gallery):
                return "unknown image"
            return None

        check_lists(lists, mistakes, lengths=[LENGTH], image_type=int, mistake_of=mistake_of)
        return mistakes


def _check_keys(lists: Mapping[str, Any], hidden: HiddenSet, mistakes: Mistakes) -> None:
    """Keys must be "0", "1", … up to the last query's."""
    count = len(lists) if hidden.n_queries is None else hidden.n_queries
    needed = hidden.queries if hidden.queries is not None else dict.fromkeys(map(str, range(count)))
    missing = [f"{key!r} is missing" for key in needed if key not in lists]
    unknown = [f"{key!r:.40} is not a query" for key in lists if key not in needed]
    if missing or unknown:
        mistakes["keys not consecutive"] += missing + unknown


def _number(query: str, image: str) -> int:
    if not (image.isascii() and image.isdigit()):
        raise DataError(
            f"Query {query!r} ranks {image!r:.40}, which is not an image id of CIRCO; those are whole numbers."
        )
    return int(image)
