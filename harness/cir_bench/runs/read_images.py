"""`ReadImages`: the contents of the images that a cell reads, as ingredients."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from cir_bench.errors import CirBenchError
from cir_bench.interfaces.dataset import Dataset
from cir_bench.interfaces.encoder import Encoder
from cir_bench.interfaces.specs import DatasetSpec
from cir_bench.runs import keys
from cir_bench.runs.cell import Cell
from cir_bench.runs.cell_data import CellData
from cir_bench.runs.datasets import DataSets
from cir_bench.runs.encoders import Encoders
from cir_bench.runs.image_digests import digest_of_all
from cir_bench.runs.shared import Lifetimes

CHUNK = 2048
"""Images per task of a thread."""
UNREADABLE = "unreadable"
"""In place of a digest: the cell fails when it reads the image, or leaves it out."""


class ReadImages:
    """What decides is the encoder's digest of an image: of its file's content, or of its caption.

    ``threads`` read the files.
    """

    def __init__(
        self, lifetimes: Lifetimes, datasets: DataSets, encoders: Encoders, data: CellData, threads: int
    ) -> None:
        self._datasets, self._encoders, self._data, self._threads = datasets, encoders, data, max(1, threads)
        self._evaluated = lifetimes.one(
            keys.of_evaluation, lambda cell: self._digest(cell, data.evaluation(cell).images())
        )
        self._train = lifetimes.one(keys.of_read_images, lambda cell: self._digest(cell, self._train_images(cell)))

    def of_evaluation(self, cell: Cell) -> dict[str, str]:
        """Of the images of the evaluation; a data set that is drawn from its parameters has no such ingredient."""
        if not self._has_images(cell):
            return {}
        if not self._encoder_digests(cell):
            return {"data.images": self._evaluated(cell)}
        return {"encoder.images": self._evaluated(cell)} if cell.needs.features else {}

    def of_training(self, cell: Cell) -> dict[str, str]:
        """If the cell trains, of all images that training may read: the same for every seed."""
        reads = cell.trains and cell.needs.examples != "texts"
        return {"train.images": self._train(cell)} if reads and self._has_images(cell, training=True) else {}

    def _has_images(self, cell: Cell, *, training: bool = False) -> bool:
        if self._encoder_digests(cell):
            return True
        if training and cell.needs.corpus:
            return not _is_drawn(cell.datasets[-1][0].spec, self._datasets.described(cell))
        return not _is_drawn(cell.dataset.spec, self._datasets.of(cell))

    def _encoder_digests(self, cell: Cell) -> bool:
        return type(self._encoders.frozen(cell)).image_digest is not Encoder.image_digest

    def _train_images(self, cell: Cell) -> Iterable[str]:
        if not cell.needs.triplets:
            return self._datasets.unlabelled_images(cell)
        borrowed = self._datasets.descriptions(cell) if cell.described else ()
        return {*self._datasets.of(cell).train_images(), *borrowed}

    def _digest(self, cell: Cell, images: Iterable[str]) -> str:
        encoder, ref = self._encoders.frozen(cell), self._datasets.refs(cell)

        def digests(names: Sequence[str]) -> list[tuple[str, str]]:
            return [(name, digest(name)) for name in names]

        def digest(name: str) -> str:
            try:
                return encoder.image_digest(ref(name))
            except CirBenchError:
                return UNREADABLE

        names = sorted(images)
        parts = [names[start : start + CHUNK] for start in range(0, len(names), CHUNK)]
        with ThreadPoolExecutor(self._threads) as threads:
            found = [one for part in threads.map(digests, parts) for one in part]
        self._datasets.save_digests(cell)
        return digest_of_all(found)


def _is_drawn(spec: DatasetSpec, dataset: Dataset) -> bool:
    """Whether the images follow from the data set's parameters and code."""
    return spec.synthetic and not spec.needs_root and type(dataset).file is Dataset.file
