"""css never changes: the encoder `tiny` was trained on these very texts and scenes, and records name them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from cir_bench_css.dataset import Css


def digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def test_texts_and_descriptions_are_those_of_every_earlier_version(css: Css) -> None:
    assert css.provenance()["annotations"] == "18cd4732ef342080cad76c4f0e8147b604b2954f7fe9170017897a1724f0027a"
    images = dict.fromkeys(image for triplet in css.train() for image in (triplet.reference, triplet.target))
    described = digest(css.side_text(image) or "" for image in images)
    assert described == "1f6adaa2684ecfd9f7abc77b27149dfdd7bbab6198d0feb5abe1c19055a1f309"
