"""`DatasetContract`, and the same on the files of a user."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import ClassVar

import pytest

from cir_bench.errors import DataError
from cir_bench.interfaces.dataset import NO_TARGET, Dataset
from cir_bench.interfaces.spec_params import make_params
from cir_bench.interfaces.specs import Context, DatasetSpec
from cir_bench.plugin.registry import create
from cir_bench.testing.asserts import assert_same_items, assert_same_set
from cir_bench.testing.base import FilesContract

IMAGES = 5
"""How many images are decoded."""


class DatasetContract(FilesContract):
    """The contract of a data set: set ``name`` and ``split``.

    Override :meth:`prepare` to write a small data set in the official layout into ``data_root/<name>/``, and
    :meth:`parameters` when they depend on ``self.data_root``.
    """

    split: ClassVar[str] = "val"
    """The split whose queries are checked."""
    hidden: ClassVar[bool] = False
    """True when the split's targets are not public."""

    def dataset(self) -> Dataset:
        """``Class(params, context)`` by name, on the prepared files."""
        registered = self.find(DatasetSpec)
        context = Context(data_root=self.data_root, cache_dir=self.data_root / ".cache", dataset=self.name)
        dataset: Dataset = create(registered, make_params(registered.spec, self.parameters()), context)
        return dataset

    def test_queries_are_well_formed(self) -> None:
        """Ids are unique, parts exist, captions are strings, and the annotations are those of this split."""
        dataset = self.dataset()
        queries = dataset.queries(self.split)
        assert queries, f"the split {self.split} has no queries"
        assert len({query.id for query in queries}) == len(queries), "two queries have one id"
        for query in queries:
            assert query.id, "a query has an empty id"
            where = f"query {query.id}"
            assert query.part in dataset.parts, f"{where}: there is no part {query.part!r}"
            assert query.captions, f"{where} has no captions"
            assert all(isinstance(one, str) for one in query.captions), f"{where}: a caption is not a string"
            assert isinstance(query.captions, tuple), f"{where}: captions are not a tuple"
            assert bool(query.targets) is not self.hidden, f"{where}: targets {query.targets}"
            assert len(set(query.targets)) == len(query.targets), f"{where} names a target twice"
            assert len(set(query.negatives)) == len(query.negatives), f"{where} names a negative twice"

    def test_targets_and_subsets_are_in_the_gallery(self) -> None:
        """Every target, subset member and graded image is a candidate of its part; candidates are unique."""
        dataset = self.dataset()
        candidates = {}
        for part in dataset.parts:
            gallery = dataset.gallery(self.split, part)
            candidates[part] = set(gallery)
            assert len(candidates[part]) == len(gallery), f"the gallery of part {part!r} names an image twice"
        for query in dataset.queries(self.split):
            known = [] if query.targets == (NO_TARGET,) else query.targets
            for image in [*known, *query.subset, *query.gains, *query.negatives]:
                assert image in candidates[query.part], f"query {query.id}: {image} is not in the gallery"

    def test_training_triplets_are_well_formed(self) -> None:
        """Image ids and captions are strings, parts exist."""
        dataset = self.dataset()
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

    def test_drawn_triplets_follow_from_seed_and_epoch(self) -> None:
        """Where triplets are drawn: a seed and an epoch always give the same ones, others give others, as many."""
        sampler, again = self.dataset().sampler(), self.dataset().sampler()
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

    def test_drawn_triplets_stay_among_the_images_asked_for(self) -> None:
        """Related images suffice to draw from, and nothing else is drawn; the relation is symmetric."""
        sampler = self.dataset().sampler()
        if sampler is None:
            return
        one = sampler.draw(0, 0)[0]
        related = {*sampler.same_description(one.reference), *sampler.same_description(one.target)}
        assert {one.reference, one.target} <= related, "an image is not among its own related images"
        for image in sampler.same_description(one.target):
            what = f"{image} and {one.target}, which are related, have other related images"
            assert_same_set(sampler.same_description(image), sampler.same_description(one.target), what)
        few = sampler.among(related)
        assert_same_set(few.images, related, "a sampler among some images has others")
        drawn = {image for triplet in few.draw(0, 0) for image in (triplet.reference, triplet.target, *triplet.hits)}
        assert drawn <= related, "an image was drawn that is not among those asked for"

    def test_two_readings_agree(self) -> None:
        """Read again, everything is the same and in the same order."""
        first, second = self.dataset(), self.dataset()
        assert_same_items(second.parts, first.parts, "read again, other parts")
        assert_same_items(second.queries(self.split), first.queries(self.split), "read again, other queries")
        assert_same_items(second.train(), first.train(), "read again, other training triplets")
        for part in first.parts:
            galleries = second.gallery(self.split, part), first.gallery(self.split, part)
            assert_same_items(*galleries, f"read again, another gallery of part {part!r}")
        assert dict(first.provenance()) == dict(second.provenance())

    def test_references_exist_and_decode_to_rgb(self) -> None:
        """Every reference exists; the first few images are RGB pictures."""
        dataset = self.dataset()
        queries = dataset.queries(self.split)
        references = list(dict.fromkeys(one for q in queries for one in (q.reference, *q.further_references)))
        absent = [image for image in references if not dataset.has(image)]
        assert not absent, f"reference images are missing: {absent[:5]}"
        for image in references[:IMAGES]:
            picture = dataset.open(image)
            assert picture.mode == "RGB", f"{image} is {picture.mode}"
            assert min(picture.size) > 0

    def test_an_images_digest_is_that_of_its_content(self) -> None:
        """The same for every instance; two images that differ in a pixel have two digests."""
        dataset, again = self.dataset(), self.dataset()
        images = list(dataset.gallery(self.split, dataset.parts[0]))[:IMAGES]
        digests = {image: dataset.digest(image) for image in images}
        assert all(digests.values())
        assert digests == {image: again.digest(image) for image in images}
        pixels = {image: (dataset.open(image).size, dataset.open(image).tobytes()) for image in images}
        for one, other in combinations(images, 2):
            if pixels[one] != pixels[other]:
                assert digests[one] != digests[other], f"{one} and {other} differ but have one digest"

    def test_missing_splits_and_images_are_reported(self) -> None:
        """A missing split or image is a DataError that names it. Ids never lead out of the data set's folder."""
        dataset = self.dataset()
        with pytest.raises(DataError, match="no-such-split"):
            dataset.queries("no-such-split")
        outside = self.data_root / "outside.png"
        outside.write_bytes(b"not for you")
        for image in ("no-such-image", "../outside", "../outside.png", str(outside)):
            assert not dataset.has(image), f"it claims to have {image}"
            with pytest.raises(DataError):
                dataset.open(image)

    def test_provenance_is_text(self) -> None:
        """Facts by name, ready for the record."""
        assert all(isinstance(text, str) for fact in self.dataset().provenance().items() for text in fact)


class UserDatasetContract(DatasetContract):
    """Reads ``root/<name>/`` through a link, so that no check can write next to the user's files."""

    root: ClassVar[Path | None] = None
    """The data root, if one was given."""

    def prepare(self, data_root: Path) -> None:
        """Link the data set's folder into ``data_root``; skip the check if it is needed and does not exist."""
        if not self.find(DatasetSpec).spec.needs_root:
            return
        if self.root is None:
            pytest.skip("it is read from files: name the folder that contains them with --data-root DIR")
        folder = self.root.resolve() / self.name
        if not folder.is_dir():
            pytest.skip(f"it is read from files, and there is no folder {folder}")
        (data_root / self.name).symlink_to(folder, target_is_directory=True)
