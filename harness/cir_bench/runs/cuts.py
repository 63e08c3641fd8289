"""Texts that are longer than an encoder reads: it cuts them off, and different texts may get equal features."""

from __future__ import annotations

from dataclasses import dataclass, field

from cir_bench.plugin.registry import blame
from cir_bench.protocols.check import cut_note
from cir_bench.runs.cell import Cell
from cir_bench.runs.cell_data import TrainData
from cir_bench.runs.workbench import Workbench


@dataclass
class Cuts:
    """How many texts and images' captions were cut, of the evaluation and of the training; a sentence for each."""

    texts: dict[str, int] = field(default_factory=dict)
    images: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def cuts_of(cell: Cell, bench: Workbench, data: TrainData | None) -> Cuts:
    """What the cell's encoder cuts of the evaluation, and of the triplets that the cell trains on."""
    if not cell.needs.features:
        return Cuts()
    encoder, ref = bench.encoders.frozen(cell), bench.datasets.refs(cell)
    items = bench.data.evaluation_items(cell)
    splits = [("evaluation", list(items.texts), list(items.images))]
    if data is not None:
        first = data.triplets(0)
        texts = {text for texts in first.texts for text in texts} | set(first.side_texts.values())
        images = dict.fromkeys(image for t in first.triplets for image in (t.reference, t.target))
        splits.append(("training", sorted(texts), list(images)))
    cuts = Cuts()
    for split, own_texts, own_images in splits:
        with blame(cell.encoder, "looking for texts that it cuts"):
            texts_cut, images_cut = encoder.cut_texts(own_texts), encoder.cut_images([*map(ref, own_images)])
        if texts_cut:
            cuts.texts[split] = len(texts_cut)
            cuts.notes.append(cut_note(f"texts of the {split}", texts_cut, len(own_texts), cell.key.encoder))
        if images_cut:
            cuts.images[split] = len(images_cut)
            cuts.notes.append(cut_note(f"captions of the {split}", images_cut, len(own_images), cell.key.encoder))
    return cuts
