"""`DataSets`: the data sets of a run, and what is derived from a whole one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from cir_bench.errors import DataError
from cir_bench.interfaces.dataset import Dataset, ImageRef
from cir_bench.interfaces.specs import Context
from cir_bench.protocols.build import provenance_of
from cir_bench.protocols.check import train_problems
from cir_bench.protocols.mbeir import under
from cir_bench.runs import keys
from cir_bench.runs.cell import Cell, DatasetChoice
from cir_bench.runs.data_root import no_root, open_rooted
from cir_bench.runs.examples import corpus_images, corpus_texts, descriptions, of_triplets, own_name
from cir_bench.runs.image_digests import ImageDigests, IndexedRef
from cir_bench.runs.shared import Lifetimes, Shared


class DataSets:
    """The data sets of cells; ``context`` says where they are."""

    def __init__(self, lifetimes: Lifetimes, context: Context) -> None:
        self._context = context
        self._datasets: Shared[Dataset] = lifetimes.shared(lambda cell: map(keys.of_dataset, cell.datasets))
        self._digests: Shared[ImageDigests] = lifetimes.shared(lambda cell: map(keys.of_dataset, cell.datasets))
        self.provenance = lifetimes.one(keys.of_texts, lambda cell: provenance_of(self.of(cell), cell.protocol))
        """Facts of the data that a cell reads."""
        self.train_problems = lifetimes.one(keys.of_texts, lambda cell: train_problems(self.of(cell), cell.protocol))
        """What is wrong with the training triplets."""
        self.descriptions = lifetimes.one(keys.of_texts, self._descriptions)
        """Description by image, of the train split of :meth:`described`."""
        self.unlabelled_images = lifetimes.one(
            keys.of_texts, lambda cell: corpus_images(self.described(cell), borrowed=cell.described is not None)
        )
        """The images of :meth:`described` that a method may learn from without triplets."""
        self.unlabelled_texts = lifetimes.one(keys.of_texts, lambda cell: corpus_texts(cell, self.described(cell)))
        """Its texts."""
        self.corpus = lifetimes.one(keys.of_texts, self._corpus)
        """Every text of the train split, sorted, each once."""

    def of(self, cell: Cell) -> Dataset:
        """The cell's data set, as its protocol sees it."""
        return under(self._load(cell.datasets[0]), cell.protocol)

    def described(self, cell: Cell) -> Dataset:
        """The data set whose descriptions, or images or texts alone, the cell trains on: its own unless named."""
        return self._load(cell.datasets[-1])

    def refs(self, cell: Cell) -> Callable[[str], ImageRef]:
        """Gives the handle on an image of the cell's data set, or on a borrowed one, by its id."""
        own, described = self._refs(cell.datasets[0]), self._refs(cell.datasets[-1])

        def ref(image: str) -> ImageRef:
            if cell.described and (name := own_name(image)) is not None:
                return described(name)
            return own(image)

        return ref

    def save_digests(self, cell: Cell) -> None:
        """Keep the digests of the cell's images for other processes."""
        for choice in cell.datasets:
            self._digests_of(choice).save()

    def _refs(self, choice: DatasetChoice) -> Callable[[str], ImageRef]:
        name, dataset, digests = choice[0].name, self._load(choice), self._digests_of(choice)
        return lambda image: IndexedRef(name, dataset, image, digests)

    def _digests_of(self, choice: DatasetChoice) -> ImageDigests:
        registered, params = choice
        what = [registered.spec.class_path, registered.spec.version, params.model_dump_json()]
        root = self._context.data_root.resolve() if self._context.data_root else ""
        mark = hashlib.sha256("\x1f".join([*what, str(root)]).encode()).hexdigest()[:12]
        index = self._context.cache_dir / "images" / f"{registered.name}-{mark}.json"
        return self._digests.get(keys.of_dataset(choice), lambda: ImageDigests(self._load(choice), index))

    def _load(self, choice: DatasetChoice) -> Dataset:
        registered, params = choice
        if problem := no_root(registered, self._context.data_root):
            raise DataError(problem)
        context = replace(self._context, dataset=registered.name)
        return self._datasets.get(keys.of_dataset(choice), lambda: open_rooted(registered, params, context))

    def _descriptions(self, cell: Cell) -> Mapping[str, str]:
        return descriptions(self.described(cell), borrowed=cell.described is not None)

    def _corpus(self, cell: Cell) -> Sequence[str]:
        dataset = self.of(cell)
        texts = {text for texts in of_triplets(cell, dataset, dataset.train()).texts for text in texts}
        own = descriptions(dataset, borrowed=False).values()
        return sorted({*texts, *own, *(self.descriptions(cell).values() if cell.described else ())})
