"""The model card: what a model is, how it was measured, and how it is used."""

from __future__ import annotations

from collections.abc import Iterator

from cir_bench.protocols.protocol import Protocol
from cir_bench.records.record import RunRecord


def model_card(record: RunRecord, protocol: Protocol, texts: str = "") -> str:
    """The card in Markdown; ``texts`` is a sentence about how queries are read."""
    return "\n".join(_lines(record, protocol, texts)) + "\n"


def _lines(record: RunRecord, protocol: Protocol, texts: str) -> Iterator[str]:
    cell, encoder = record.cell, record.encoder
    yield "---\nlibrary_name: cir-bench\ntags:\n- composed-image-retrieval\n---\n"  # what the Hugging Face Hub reads
    yield f"# {cell.method} on {cell.benchmark}"
    if record.method is not None:
        yield f"\n{record.method.summary[:1].upper()}{record.method.summary[1:]}."
    yield "\n| | |\n|---|---|"
    yield f"| method | {cell.method}{f' ({_plain(cell.variant)})' if cell.variant else ''} |"
    yield f"| encoder | {_plain(cell.encoder)}{', trained with the method' if encoder and encoder.trained else ''} |"
    if encoder is not None:
        yield f"| encoder's initial weights | digest `{encoder.weights_digest}` |"
        yield f"| preprocessing | {_plain(encoder.preprocess)} |"
        if decoders := sorted({*encoder.decoders.values()}):
            yield f"| JPEG files | decoded by {_plain(', '.join(decoders))}; a search has Pillow decode |"
    yield f"| trained on | {_plain(', '.join(record.training_data) or 'nothing')} |"
    yield f"| seed, track | {cell.seed}, {cell.track} |"
    if record.dataset is not None:
        yield f"| licence of the data | {_plain(record.dataset.licence)} |"
    yield f"| finished | {record.finished} |"
    yield f"\n## Results under {cell.benchmark}/{cell.protocol}\n"
    if protocol.description:
        yield f"{protocol.description[:1].upper()}{protocol.description[1:]}.\n"
    if record.limit is not None:
        yield (
            f"**A quick look**: only {sum(record.n_queries.values())} queries were asked, against galleries that are "
            "cut, and it was trained on little. These numbers compare with nothing.\n"
        )
    if record.partial:
        yield "**Partial**: images were missing, or the annotations were not those that the protocol expects.\n"
    yield "| metric | value |\n|---|---|"
    yield from (f"| {_plain(name)} | {value:.2f} |" for name, value in record.metrics.items())
    if record.rerank is not None:
        yield f"\nThe second stage: {record.rerank}."
    yield f"\nProtocol hash `{protocol.hash()}`. The query's own image is {protocol.reference} among the candidates."
    if texts:
        yield f"\n{texts}"
    if record.weights is not None and record.weights.caution:
        yield f"\n{record.weights.caution}"
    yield '\n## Use\n\n```python\nimport cir_bench\n\nretriever = cir_bench.load("DIR")'
    yield 'retriever.set_gallery(["a.jpg", "b.jpg"])\nretriever.search("query.jpg", "in red", k=1)\n```'


def _plain(text: str) -> str:
    """Text that does not end a cell of a table."""
    return " ".join(text.replace("|", "\\|").split())
