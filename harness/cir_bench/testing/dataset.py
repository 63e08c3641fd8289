"""`DatasetContract`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cir_bench.errors import DataError
from cir_bench.interfaces.dataset import Dataset
from cir_bench.interfaces.spec_params import make_params
from cir_bench.interfaces.specs import Context, DatasetSpec
from cir_bench.plugin.registry import create
from cir_bench.testing.base import Contract, assert_same_items, assert_same_set

IMAGES = 5
"""How many images are decoded."""


class DatasetContract(Contract):
    """The contract of a data set: set ``name`` and ``split``.

    Override :meth:`prepare` to write a small data set in the official layout into a folder, and :meth:`parameters` when
    they depend on that folder.
    """

    split: ClassVar[str] = "val"
    """The split whose queries are checked."""
    hidden: ClassVar[bool] = False
    """True when the split's targets are not public."""

    def prepare(self, data_root: Path) -> None:
        """Write the data set below ``data_root`` (``data_root/<name>/``); the default needs no files."""

    def parameters(self, data_root: Path) -> Mapping[str, Any]:
        """The data set's parameters."""
        return self.params

    def dataset(self, data_root: Path) -> Dataset:
        """``Class(params, context)`` by name, on the prepared files."""
        registered = self.find(DatasetSpec)
        context = Context(data_root=data_root, cache_dir=data_root / ".cache", dataset=self.name)
        dataset: Dataset = create(registered, make_params(registered.spec, self.parameters(data_root)), context)
        return dataset

    @pytest.fixture
    def data_root(self, tmp_path: Path) -> Path:
        """A folder with the prepared files."""
        self.prepare(tmp_path)
        return tmp_path

    def test_queries_are_well_formed(self, data_root: Path) -> None:
        """Ids are unique, parts exist, captions are texts, and the annotations are those of this split."""
        dataset = self.dataset(data_root)
        queries = dataset.queries(self.split)
        assert queries, f"the split {self.split} has no queries"
        assert len({query.id for query in queries}) == len(queries), "two queries have one id"
        for query in queries:
            assert query.id, "a query has an empty id"
            assert query.part in dataset.parts, f"query {query.id}: there is no part {query.part!r}"
            assert query.captions, f"query {query.id} has no captions"
            assert all(isinstance(caption, str) for caption in query.captions), (
                f"query {query.id}: a caption is no text"
            )
            assert isinstance(query.captions, tuple), f"query {query.id}: captions are no tuple"
            assert bool(query.targets) is not self.hidden, f"query {query.id}: targets {query.targets}"
            assert len(set(query.targets)) == len(query.targets), f"query {query.id} names a target twice"

    def test_targets_and_subsets_are_in_the_gallery(self, data_root: Path) -> None:
        """Every target, subset member and graded image is a candidate of its part; candidates are unique."""
        dataset = self.dataset(data_root)
        galleries = {part: dataset.gallery(self.split, part) for part in dataset.parts}
        for part, gallery in galleries.items():
            assert len(set(gallery)) == len(gallery), f"the gallery of part {part!r} names an image twice"
        candidates = {part: set(gallery) for part, gallery in galleries.items()}
        for query in dataset.queries(self.split):
            for image in [*query.targets, *query.subset, *query.gains]:
                assert image in candidates[query.part], f"query {query.id}: {image} is not in the gallery"

    def test_training_triplets_are_well_formed(self, data_root: Path) -> None:
        """Image ids and captions are texts, parts exist."""
        dataset = self.dataset(data_root)
        triplets = dataset.train()
        if self.find(DatasetSpec).spec.trains:
            assert triplets, "there are no training triplets; say so in the spec by trains=False"
        else:
            assert not triplets, "there are training triplets, but the spec says trains=False"
        for triplet in triplets:
            assert triplet.part in dataset.parts
            assert isinstance(triplet.captions, tuple)
            assert triplet.captions
            assert all(isinstance(text, str) for text in [triplet.reference, triplet.target, *triplet.captions])
            assert isinstance(triplet.hits, tuple)
            assert not triplet.hits or triplet.target in triplet.hits, (
                f"the hits of {triplet.reference} + {triplet.captions} do not include its target {triplet.target}"
            )
            assert len(set(triplet.hits)) == len(triplet.hits), f"{triplet.reference}: a hit is named twice"

    def test_drawn_triplets_follow_from_seed_and_epoch(self, data_root: Path) -> None:
        """Where triplets are drawn: the same again, others in another epoch or seed, always as many."""
        sampler, again = self.dataset(data_root).sampler(), self.dataset(data_root).sampler()
        if sampler is None or again is None:
            return
        draws = {at: list(sampler.draw(*at)) for at in ((0, 0), (0, 1), (1, 0), (0, -1))}
        for at, triplets in draws.items():
            assert_same_items(again.draw(*at), triplets, f"two draws of seed and epoch {at} differ")
            assert len(triplets) == len(draws[0, 0]), "epochs have different numbers of triplets"
            drawn = {image for triplet in triplets for image in (triplet.reference, triplet.target)}
            assert drawn <= set(sampler.images), "an image was drawn that is not among the sampler's"
        assert draws[0, 0] != draws[0, 1], "every epoch has the same triplets"
        assert draws[0, 0] != draws[1, 0], "every seed has the same triplets"
        assert len(set(sampler.images)) == len(sampler.images), "the sampler names an image twice"

    def test_drawn_triplets_stay_among_the_images_asked_for(self, data_root: Path) -> None:
        """The kin of a pair is enough to draw from, and nothing else is drawn; kin is the same from every side."""
        sampler = self.dataset(data_root).sampler()
        if sampler is None:
            return
        one = sampler.draw(0, 0)[0]
        kin = {*sampler.kin(one.reference), *sampler.kin(one.target)}
        assert {one.reference, one.target} <= kin, "an image is not among its own kin"
        for image in sampler.kin(one.target):
            assert_same_set(sampler.kin(image), sampler.kin(one.target), f"{image} has another kin than its kin")
        few = sampler.among(kin)
        assert_same_set(few.images, kin, "a sampler among some images has others")
        drawn = {image for triplet in few.draw(0, 0) for image in (triplet.reference, triplet.target, *triplet.hits)}
        assert drawn <= kin, "an image was drawn that is not among those asked for"

    def test_two_readings_agree(self, data_root: Path) -> None:
        """Read again, everything is the same and in the same order."""
        first, second = self.dataset(data_root), self.dataset(data_root)
        assert_same_items(second.parts, first.parts, "read again, other parts")
        assert_same_items(second.queries(self.split), first.queries(self.split), "read again, other queries")
        assert_same_items(second.train(), first.train(), "read again, other training triplets")
        for part in first.parts:
            galleries = second.gallery(self.split, part), first.gallery(self.split, part)
            assert_same_items(*galleries, f"read again, another gallery of part {part!r}")
        assert dict(first.provenance()) == dict(second.provenance())

    def test_references_are_there_and_decode_to_rgb(self, data_root: Path) -> None:
        """Every reference is there; the first few images are RGB pictures."""
        dataset = self.dataset(data_root)
        references = list(dict.fromkeys(query.reference for query in dataset.queries(self.split)))
        absent = [image for image in references if not dataset.has(image)]
        assert not absent, f"reference images are missing: {absent[:5]}"
        for image in references[:IMAGES]:
            picture = dataset.open(image)
            assert picture.mode == "RGB", f"{image} is {picture.mode}"
            assert min(picture.size) > 0

    def test_an_images_digest_is_that_of_its_content(self, data_root: Path) -> None:
        """Stable over instances; two images that differ in a pixel have two digests."""
        dataset, again = self.dataset(data_root), self.dataset(data_root)
        images = list(dataset.gallery(self.split, dataset.parts[0]))[:IMAGES]
        digests = {image: dataset.digest(image) for image in images}
        assert all(digests.values())
        assert digests == {image: again.digest(image) for image in images}
        pixels = {image: (dataset.open(image).size, dataset.open(image).tobytes()) for image in images}
        for one in images:
            for other in images:
                if pixels[one] != pixels[other]:
                    assert digests[one] != digests[other], f"{one} and {other} differ but have one digest"

    def test_what_is_not_there_is_said(self, data_root: Path) -> None:
        """No such split, no such image: a DataError that names it. Ids never lead out of the data set's folder."""
        dataset = self.dataset(data_root)
        with pytest.raises(DataError, match="no-such-split"):
            dataset.queries("no-such-split")
        (data_root / "outside.png").write_bytes(b"not for you")
        for image in ("no-such-image", "../outside", "../outside.png", str(data_root / "outside.png")):
            assert not dataset.has(image), f"it claims to have {image}"
            with pytest.raises(DataError):
                dataset.open(image)

    def test_provenance_is_text(self, data_root: Path) -> None:
        """Facts by name, ready for the record."""
        assert all(isinstance(text, str) for fact in self.dataset(data_root).provenance().items() for text in fact)
