"""`SharedKey`: what a thing that cells share depends on; cells with equal keys share one. A key loads no data."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cir_bench.errors import CirBenchError
from cir_bench.features.identity import Role
from cir_bench.interfaces.encoder import Encoder
from cir_bench.interfaces.levels import Examples, FeatureLevel
from cir_bench.params.models import Selection
from cir_bench.plugin.registry import load
from cir_bench.runs.cell import Cell, DatasetChoice


@dataclass(frozen=True)
class SharedKey:
    """A field is None when the thing does not depend on it; objects are known by name and parameters."""

    datasets: tuple[tuple[str, str], ...]
    protocol: str | None = None
    encoder: tuple[str, str] | None = None
    seed: int | None = None
    selection: Selection | None = None
    side_text: bool | None = None
    examples: Examples | None = None
    split: str | None = None
    role: Role | None = None
    levels: frozenset[FeatureLevel] | None = None
    map_levels: int | None = None
    sentence: str | None = None
    artefact: str | None = None
    limit: int | None = None


def of_dataset(choice: DatasetChoice) -> SharedKey:
    """A data set's annotations."""
    return SharedKey(((choice[0].name, choice[1].model_dump_json()),))


def of_texts(cell: Cell) -> SharedKey:
    """The texts of the cell's data sets, as its protocol forms them."""
    datasets = tuple((registered.name, params.model_dump_json()) for registered, params in cell.datasets)
    return SharedKey(datasets, cell.protocol_hash)


def of_images(cell: Cell) -> SharedKey:
    """Which images of the cell's data sets its encoder can read."""
    return replace(of_texts(cell), protocol=None, encoder=(cell.key.encoder, cell.encoder_params.model_dump_json()))


def of_read_images(cell: Cell) -> SharedKey:
    """The images that training may read."""
    return replace(of_images(cell), examples=cell.needs.examples)


def of_weights(cell: Cell) -> SharedKey:
    """The cell's frozen encoder; a seed draws its weights unless it is pretrained, and it may be fitted to texts."""
    try:
        fitted = load(cell.encoder).fit is not Encoder.fit
    except CirBenchError:  # the cell will fail for it
        fitted = False
    seed, protocol = None if cell.provides.pretrained else cell.key.seed, cell.protocol_hash if fitted else None
    return replace(of_images(cell), seed=seed, protocol=protocol)


def of_evaluation(cell: Cell) -> SharedKey:
    """The queries and galleries of the cell's protocol, with the images that its encoder can read."""
    artefact = cell.artefact.digest if cell.artefact else None
    found = replace(of_images(cell), protocol=cell.protocol_hash, sentence=cell.sentence)
    return replace(found, artefact=artefact, limit=cell.limit)


def of_train_data(cell: Cell) -> SharedKey:
    """The triplets (or images, or texts) that the cell trains on, and its held-out part."""
    selection = cell.method_params.selection.model_copy(update={"every": 1})  # when to look changes no data
    needs, seed = cell.needs, cell.key.seed
    found = replace(of_evaluation(cell), selection=selection, seed=seed, side_text=needs.side_text)
    return replace(found, examples=needs.examples)


def of_tables(cell: Cell, split: str, role: Role) -> SharedKey:
    """Features of a split by the cell's frozen encoder, at the levels that its method reads."""
    needs = cell.needs
    levels = {"image": needs.image, "text": needs.text, "pair": needs.joint}[role]
    maps = needs.map_levels if role == "image" else None
    return replace(of_weights(cell), split=split, role=role, levels=levels, map_levels=maps)
