"""The artefact of a method that reads one, for the generated benchmark."""

from __future__ import annotations

import json
from pathlib import Path

from cir_bench.interfaces.spec_params import make_params
from cir_bench.interfaces.specs import Context
from cir_bench.plugin.needs import needs_of
from cir_bench.plugin.registry import Registry
from cir_bench.testing.generated import NAME, Bars, GeneratedParams


def generated_artefacts(registry: Registry, method: str, folder: Path) -> tuple[str, ...]:
    """The option ``--artefact`` for a method that reads one, with a file of the modification texts in ``folder``."""
    registered = registry.method(method)
    name = needs_of(registered, make_params(registered.spec)).text_from
    if name is None:
        return ()
    queries = Bars(GeneratedParams(), Context(data_root=None, cache_dir=folder)).queries("test")
    file = folder / "texts.json"
    content = {
        "artefact": name,
        "version": 1,
        "per": "query",
        "dataset": NAME,
        "split": "test",
        "model": "none: the modification texts",
        "prompt": "",
        "date": "2026-01-01",
        "licence": "unknown",
        "texts": {query.id: query.captions[0] or "an image" for query in queries},
    }
    file.write_text(json.dumps(content))
    return (f"{name}={file}",)
