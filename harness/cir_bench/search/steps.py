"""A search in several steps: the best image of one is the reference of the next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cir_bench.search.engine import Engine
from cir_bench.search.gallery import Gallery, Hit


@dataclass(frozen=True)
class Step:
    """One query and what it found."""

    image: str
    text: str
    results: Sequence[Hit]


def search_steps(engine: Engine, gallery: Gallery, image: Path, texts: Sequence[str], k: int) -> Iterator[Step]:
    """Search for the image changed by the first text, then for the best result changed by the second, and so on.

    A protocol may keep the reference among the candidates; it is never its own best result. The last step is the one
    that finds nothing but its reference, if any does.
    """
    for text in texts:
        same = set(gallery.same(image))
        hits = engine.search(gallery, image, text, max(k, len(same) + 1))
        yield Step(str(image), text, hits[:k])
        others = [hit.image for hit in hits if hit.image not in same]
        if not others:
            return
        image = Path(others[0])
