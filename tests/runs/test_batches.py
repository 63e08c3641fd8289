"""The size of batches is found while a cell runs; its record says it, and it makes no cell another one."""

from __future__ import annotations

from cir_bench.features.sizes import BatchSizes
from cir_bench.runs import workbench

RUN = ("-m", "sum", "-e", "toy")


class Roomy:
    """A memory of which nothing takes anything."""

    def free(self):
        return 0

    def peak_of(self, work):
        return work(), 0

    def release(self):
        pass


def only(records):
    (record,) = records.values()
    return record


def test_the_record_has_it_and_the_ingredients_have_not(toy, another_toy, monkeypatch):
    monkeypatch.setattr("cir_bench.features.request.IMAGE_BATCH", 2)
    other = another_toy("small")
    assert other.run(*RUN)[0] == 0
    monkeypatch.setattr(workbench, "BatchSizes", lambda memory: BatchSizes(Roomy()))
    assert toy.run(*RUN)[0] == 0
    larger, smaller = only(toy.records()), only(other.records())
    assert (larger.cost.batches["image"], smaller.cost.batches["image"]) == (16, 2)
    assert {"text", "gallery", "queries"} < set(larger.cost.batches)
    assert (larger.ingredients, larger.metrics) == (smaller.ingredients, smaller.metrics)
    larger_cache, smaller_cache = (sorted(p.name for p in one.cache.glob("features/*")) for one in (toy, other))
    assert larger_cache == smaller_cache, "the key of the cache does not depend on it, either"
    assert toy.run(*RUN, "-m", "text-only")[0] == 0
    again = toy.records()["text-only/0"].cost.batches
    assert set(again) == {"gallery", "queries"}, "nothing was extracted, and nothing of the cell before is left"
