"""CIRR and FashionIQ as M-BEIR and MTEB evaluate them: other query texts, positives and galleries from the same files.

Rebuilt from what UniIR and MTEB release. Where a data set grades images, those with the value 1 are the positives
(CIRR's ``target_soft``; ``target_hard`` is not read); a query without any is left out. Queries with equal reference and
text become one, with the positives of all of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from cir_bench.interfaces.dataset import Dataset, Query, Triplet, TripletSampler
from cir_bench.params.models import Params

if TYPE_CHECKING:
    from PIL import Image

    from cir_bench.protocols.protocol import Protocol

ENDS = ".?!"


class MBEIR(Params):
    """How a data set is taken into M-BEIR."""

    number: Annotated[int, Field(ge=0)]
    """Of the data set in M-BEIR: query ids are ``8:1``, ``8:2``, … for 8."""
    gallery: Annotated[tuple[str, ...], Field(min_length=1)]
    """The splits whose images are the candidates, over all parts."""


def under(dataset: Dataset, protocol: Protocol) -> Dataset:
    """The data set as the protocol sees it: itself, unless the protocol is one of M-BEIR's."""
    if protocol.mbeir is None or isinstance(dataset, MBEIRView):
        return dataset
    return MBEIRView(dataset, protocol.mbeir)


class MBEIRView(Dataset):
    """A data set with M-BEIR's queries and gallery; it has no parts."""

    def __init__(self, dataset: Dataset, form: MBEIR) -> None:
        self._dataset, self._form = dataset, form

    def train(self) -> Sequence[Triplet]:
        """The data set's own triplets, without parts."""
        return [replace(triplet, part="") for triplet in self._dataset.train()]

    def sampler(self) -> TripletSampler | None:
        """The data set's own."""
        return self._dataset.sampler()

    def train_images(self) -> Sequence[str]:
        """The data set's own."""
        return self._dataset.train_images()

    def queries(self, split: str) -> Sequence[Query]:
        """Queries in the data set's order; ids count those that are left, from 1."""
        merged: dict[tuple[str, str], Query] = {}
        for query in self._dataset.queries(split):
            positives = (
                tuple(image for image, gain in query.gains.items() if gain == 1) if query.gains else query.targets
            )
            text = mbeir_text(query.captions)
            if not positives:
                continue
            first = merged.setdefault((query.reference, text), replace(query, captions=(text,), targets=()))
            targets = tuple(dict.fromkeys((*first.targets, *positives)))
            merged[query.reference, text] = replace(first, targets=targets, part="", subset=(), gains={})
        return [replace(query, id=f"{self._form.number}:{i}") for i, query in enumerate(merged.values(), start=1)]

    def gallery(self, split: str, part: str = "") -> Sequence[str]:
        """The images of the protocol's splits, each once."""
        whole = (image for one in self._form.gallery for own in self._dataset.parts for image in self._of(one, own))
        return list(dict.fromkeys(whole))

    def _of(self, split: str, part: str) -> Sequence[str]:
        return self._dataset.gallery(split, part)

    def open(self, image_id: str) -> Image.Image:
        """The data set's own."""
        return self._dataset.open(image_id)

    def has(self, image_id: str) -> bool:
        """The data set's own."""
        return self._dataset.has(image_id)

    def digest(self, image_id: str) -> str:
        """The data set's own."""
        return self._dataset.digest(image_id)

    def file(self, image_id: str) -> Path | None:
        """The data set's own."""
        return self._dataset.file(image_id)

    def side_text(self, image_id: str) -> str | None:
        """The data set's own."""
        return self._dataset.side_text(image_id)

    def provenance(self) -> Mapping[str, str]:
        """The data set's own facts, and a digest of the gallery."""
        digest = hashlib.sha256("\n".join(self.gallery("")).encode()).hexdigest()
        return {**self._dataset.provenance(), "mbeir.gallery": digest}


def mbeir_text(captions: Sequence[str]) -> str:
    """A query text as M-BEIR writes it: one caption as a sentence, several joined by "and"."""
    if len(captions) > 1:
        parts = (caption.strip() for caption in captions)
        text = " and ".join((part[:1].lower() + part[1:]).removesuffix(".") for part in parts if part)
    else:
        text = captions[0]
    text = text.replace("\r", "").strip().strip('"')
    text = text[:1].upper() + text[1:]
    return text if text.endswith(tuple(ENDS)) else f"{text}."
