"""Write the artefact ``target-text`` without a language model: the reference image's caption and the modification text.

It is what CIReVL's language model is given, joined by a comma: what a language model has to improve on.

    python benchmarks/artefacts/caption_plus_modification.py fashioniq/original --data-root DIR --out texts.json
    cir-bench run -m cirevl -b fashioniq/original --data-root DIR --artefact target-text=texts.json

Captions are read from ``DIR/image_captions/DATASET/image_captions_*.json``, each an object from image to caption.
"""

from __future__ import annotations

import argparse
import json
from datetime import date
from pathlib import Path

from cir_bench import Context, Dataset
from cir_bench.errors import DataError
from cir_bench.interfaces.spec_params import make_params
from cir_bench.plugin.loader import load_plugins
from cir_bench.plugin.registry import create
from cir_bench.protocols.artefact import read_artefact
from cir_bench.protocols.build import spelling_of
from cir_bench.protocols.find import ChosenBenchmark, find_benchmark
from cir_bench.protocols.text import clean, join


def target_texts(dataset: Dataset, chosen: ChosenBenchmark, captions: dict[str, str]) -> dict[str, str]:
    """By query id, "CAPTION, MODIFICATION TEXT", in the form of the protocol."""
    protocol, found = chosen.protocol, {}
    spelling = spelling_of(dataset, protocol)
    for query in dataset.queries(protocol.split):
        if query.reference not in captions:
            raise DataError(f"there is no caption of {query.reference!r}.")
        cleaned = [clean(caption, protocol.text, spelling.get(query.part, {})) for caption in query.captions]
        found[query.id] = f"{captions[query.reference]}, {join(cleaned, protocol.text)}"
    return found


def read_captions(folder: Path) -> dict[str, str]:
    """All captions of a data set, by image."""
    files = sorted(folder.glob("image_captions_*.json"))
    return {image: text for file in files for image, text in json.loads(file.read_text(encoding="utf-8")).items()}


def main() -> None:
    """Read the data set and the captions, and write the artefact."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmark", help="NAME or NAME/PROTOCOL")
    parser.add_argument("--data-root", type=Path, required=True, metavar="DIR")
    parser.add_argument("--captioner", default="BLIP-2", help="what wrote the captions")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    options = parser.parse_args()
    registry = load_plugins()
    chosen = find_benchmark(options.benchmark, registry.benchmark_paths())
    registered = registry.dataset(chosen.benchmark.dataset)
    dataset = create(registered, make_params(registered.spec), Context(options.data_root, Path(".cir-bench")))
    captions = read_captions(options.data_root / "image_captions" / registered.name)
    content = {
        "artefact": "target-text",
        "version": 1,
        "per": "query",
        "dataset": registered.name,
        "split": chosen.protocol.split,
        "model": f"{options.captioner}'s caption and the modification text, no language model",
        "prompt": "",
        "date": date.today().isoformat(),
        "licence": "unknown",
        "source": f"benchmarks/artefacts/caption_plus_modification.py {chosen.name}",
        "texts": target_texts(dataset, chosen, captions),
    }
    options.out.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{len(read_artefact(options.out).texts)} texts in {options.out}")


if __name__ == "__main__":
    main()
