"""Every value of the six methods on the paper track has an origin, and every origin a value."""

from __future__ import annotations

import pytest

from cir_bench.cli.show_cell import values_with_origins
from cir_bench.plugin.loader import PluginOptions, load_plugins

BENCHMARKS = ("fashioniq", "cirr", "shoes", "fashion200k", "css")


@pytest.mark.parametrize("method", ["tirg", "val", "clvcnet", "combiner", "tgcir", "sadn"])
def test_every_value_of_the_paper_track_has_an_origin(method: str) -> None:
    registry = load_plugins(PluginOptions(third_party=False))
    sources = registry.method(method).spec.sources
    named = {key for one in sources.values() for key in one}
    keys: set[str] = set()
    for benchmark in BENCHMARKS:
        found = values_with_origins(registry, method, benchmark, "paper")
        assert found["encoder"].startswith(("cnn-lstm", "openclip"))
        for row in found["values"]:
            if row["key"].startswith("dataset."):
                continue
            keys.add(row["key"])
            assert row["origin"].startswith(("paper", "released", "chosen")), row
            # What a recipe sets is named, even where it was chosen.
            assert row["origin"] != "chosen" or any(
                row["key"] == key or row["key"].startswith(f"{key}.") for key in named
            )
    assert [key for key in named if not any(one == key or one.startswith(f"{key}.") for one in keys)] == []
