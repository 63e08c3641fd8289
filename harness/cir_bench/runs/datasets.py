"""`DataSets`: the data sets of a run, and what is derived from a whole one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

from cir_bench.errors import DataError
from cir_bench.interfaces.dataset import Dataset, ImageRef
from cir_bench.interfaces.specs import Context, DatasetSpec
from cir_bench.params.models import Params
from cir_bench.plugin.registry import Registered, create
from cir_bench.protocols.build import provenance_of
from cir_bench.runs.cell import Cell
from cir_bench.runs.descriptions import descriptions, own_name
from cir_bench.runs.keys import CorpusKey, DatasetKey, TrainSplitKey
from cir_bench.runs.shared import Lifetimes, Shared
from cir_bench.runs.train_data import train_set


class DataSets:
    """The data sets of the planned cells.

    Args:
        lifetimes: of what cells share.
        context: data root and cache folder.
    """

    def __init__(self, lifetimes: Lifetimes, context: Context) -> None:
        self._context = context
        self._datasets: Shared[DatasetKey, Dataset] = lifetimes.shared(lambda c: TrainSplitKey.of(c).datasets())
        self._provenance: Shared[CorpusKey, Mapping[str, str]] = lifetimes.shared(lambda c: [CorpusKey.of(c)])
        self._descriptions: Shared[TrainSplitKey, Mapping[str, str]] = lifetimes.shared(lambda c: [TrainSplitKey.of(c)])
        self._corpora: Shared[CorpusKey, Sequence[str]] = lifetimes.shared(lambda c: [CorpusKey.of(c)])

    def of(self, cell: Cell) -> Dataset:
        """The cell's data set."""
        return self._dataset(cell.dataset, cell.dataset_params)

    def described(self, cell: Cell) -> Dataset:
        """The data set whose descriptions the cell trains on: its own, or the one that its method names."""
        return self._dataset(*cell.described) if cell.described else self.of(cell)

    def provenance(self, cell: Cell) -> Mapping[str, str]:
        """Facts of the data that the cell reads."""
        return self._provenance.get(CorpusKey.of(cell), lambda: provenance_of(self.of(cell), cell.protocol))

    def descriptions(self, cell: Cell) -> Mapping[str, str]:
        """Description by image, of the train split of the data set that the cell takes them from."""
        return self._descriptions.get(
            TrainSplitKey.of(cell), lambda: descriptions(self.described(cell), borrowed=bool(cell.described))
        )

    def corpus(self, cell: Cell) -> Sequence[str]:
        """Every text of the train split, sorted, each once."""

        def gather() -> Sequence[str]:
            dataset = self.of(cell)
            texts = {text for texts in train_set(cell, dataset, dataset.train()).texts for text in texts}
            own = descriptions(dataset, borrowed=False).values()
            return sorted({*texts, *own, *(self.descriptions(cell).values() if cell.described else ())})

        return self._corpora.get(CorpusKey.of(cell), gather)

    def ref(self, cell: Cell, image: str) -> ImageRef:
        """The handle on an image of the cell's data set, or on a borrowed one."""
        if cell.described and (own := own_name(image)) is not None:
            return ImageRef(cell.described[0].name, self.described(cell), own)
        return ImageRef(cell.dataset.name, self.of(cell), image)

    def _dataset(self, registered: Registered[DatasetSpec], params: Params) -> Dataset:
        def make() -> Dataset:
            if registered.spec.needs_root and self._context.data_root is None:
                raise DataError(
                    f"the data set {registered.name!r} is read from a folder on this machine: "
                    "name the folder that holds it with --data-root DIR (or CIR_BENCH_DATA)."
                )
            return cast(Dataset, create(registered, params, replace(self._context, dataset=registered.name)))

        return self._datasets.get(DatasetKey.of(registered, params), make)
