"""What the things that cells share depend on: cells with equal keys share one. Computing a key loads no data."""

from __future__ import annotations

from dataclasses import dataclass

from cir_bench.errors import CirBenchError
from cir_bench.interfaces.encoder import Encoder
from cir_bench.interfaces.levels import FeatureLevel
from cir_bench.interfaces.specs import DatasetSpec
from cir_bench.params.models import Params, Selection
from cir_bench.plugin.registry import Registered, load
from cir_bench.runs.cell import Cell


@dataclass(frozen=True)
class DatasetKey:
    """A data set with its parameters."""

    name: str
    params: str

    @classmethod
    def of(cls, dataset: Registered[DatasetSpec], params: Params) -> DatasetKey:
        """The key of a data set."""
        return cls(dataset.name, params.model_dump_json())


@dataclass(frozen=True)
class TrainSplitKey:
    """A cell's data set, and the one whose descriptions it borrows, if any."""

    dataset: DatasetKey
    described: DatasetKey | None

    @classmethod
    def of(cls, cell: Cell) -> TrainSplitKey:
        """The key of a cell."""
        described = DatasetKey.of(*cell.described) if cell.described else None
        return cls(DatasetKey.of(cell.dataset, cell.dataset_params), described)

    def datasets(self) -> tuple[DatasetKey, ...]:
        """The data sets it is made of."""
        return (self.dataset,) if self.described is None else (self.dataset, self.described)


@dataclass(frozen=True)
class CorpusKey:
    """The texts of a train split, as a protocol forms them."""

    split: TrainSplitKey
    protocol: str

    @classmethod
    def of(cls, cell: Cell) -> CorpusKey:
        """The key of a cell."""
        return cls(TrainSplitKey.of(cell), cell.protocol.hash())


@dataclass(frozen=True)
class EncoderKey:
    """An encoder with its parameters, on a data set: what decides which images it can read."""

    name: str
    params: str
    split: TrainSplitKey

    @classmethod
    def of(cls, cell: Cell) -> EncoderKey:
        """The key of a cell."""
        return cls(cell.key.encoder, cell.encoder_params.model_dump_json(), TrainSplitKey.of(cell))


@dataclass(frozen=True)
class WeightsKey:
    """An encoder with its initial weights.

    Attributes:
        encoder: the encoder.
        seed: draws its weights; 0 for a pretrained one.
        corpus: the texts that it was fitted to; None for an encoder that is not fitted.
    """

    encoder: EncoderKey
    seed: int
    corpus: CorpusKey | None

    @classmethod
    def of(cls, cell: Cell) -> WeightsKey:
        """The key of a cell."""
        try:
            fitted = load(cell.encoder).fit is not Encoder.fit
        except CirBenchError:  # the cell will fail for it
            fitted = False
        seed = 0 if cell.provides.pretrained else cell.key.seed
        return cls(EncoderKey.of(cell), seed, CorpusKey.of(cell) if fitted else None)


@dataclass(frozen=True)
class EvaluationKey:
    """An evaluation: a protocol's queries and galleries with the images that an encoder can read."""

    encoder: EncoderKey
    protocol: str

    @classmethod
    def of(cls, cell: Cell) -> EvaluationKey:
        """The key of a cell."""
        return cls(EncoderKey.of(cell), cell.protocol.hash())


@dataclass(frozen=True)
class TrainDataKey:
    """The triplets that a cell trains on, and its held-out part."""

    evaluation: EvaluationKey
    selection: Selection
    seed: int
    side_text: bool

    @classmethod
    def of(cls, cell: Cell) -> TrainDataKey:
        """The key of a cell."""
        selection = cell.method_params.selection.model_copy(update={"every": 1})  # when to look changes no data
        return cls(EvaluationKey.of(cell), selection, cell.key.seed, cell.needs.side_text)


@dataclass(frozen=True)
class TablesKey:
    """The feature tables of a frozen encoder on one split; ``map_levels`` is 0 for texts."""

    weights: WeightsKey
    split: str
    levels: frozenset[FeatureLevel]
    map_levels: int = 0

    @classmethod
    def of_images(cls, cell: Cell, split: str) -> TablesKey:
        """The key of a cell's image tables."""
        return cls(WeightsKey.of(cell), split, cell.needs.image, cell.needs.map_levels)

    @classmethod
    def of_texts(cls, cell: Cell, split: str) -> TablesKey:
        """The key of a cell's text tables."""
        return cls(WeightsKey.of(cell), split, cell.needs.text)
