"""``cir-bench data info``: what a data set is, under which licence, where it comes from, what is in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from cir_bench.cli.benchmark import BenchmarkName, DatasetParams, NamedBenchmark
from cir_bench.cli.common import AsJson, with_settings
from cir_bench.cli.data_contents import TrainSplit, counted, protocol_facts, published
from cir_bench.cli.data_fetch import steps_at
from cir_bench.cli.output import bytes_as_text, print_json
from cir_bench.interfaces.dataset import Dataset
from cir_bench.interfaces.specs import DatasetSpec
from cir_bench.protocols.build import provenance_of
from cir_bench.protocols.check import ProtocolCheck, check_protocol
from cir_bench.verbs.settings import Settings

ABOUT = ("summary", "licence", "non_commercial", "homepage", "citation", "synthetic")
"""Fields of a data set's spec that are shown."""


@with_settings
def info(settings: Settings, name: BenchmarkName, sets: DatasetParams = None, as_json: AsJson = False) -> None:
    """Describe a data set: licence, source, citation, sizes. If its files exist: also counts and digests."""
    benchmark = NamedBenchmark.find(settings, name)
    spec, protocols = benchmark.registered.spec, benchmark.protocols
    facts: dict[str, Any] = {
        "dataset": spec.name,
        **{field: getattr(spec, field) for field in ABOUT},
        "files": [asdict(file) for file in spec.files],
        "steps": steps_at(spec, settings.data_root),
        "expected": {key: protocol.expected.model_dump(mode="json") for key, protocol in protocols.items()},
    }
    left_out = _unavailable(benchmark)
    counts = {key: published(key, protocol) for key, protocol in protocols.items()}
    if left_out is None:
        dataset = benchmark.open(sets)
        checks = {key: check_protocol(dataset, protocol) for key, protocol in protocols.items()}
        counts = {key: counted(key, check) for key, check in checks.items()}
        facts |= TrainSplit.read(dataset).facts()
        facts |= {"protocols": protocol_facts(protocols, checks), "provenance": _provenance(dataset, benchmark, checks)}
    facts["left_out"] = left_out
    if as_json:
        print_json(facts)
        return
    print(*_about(spec, facts["steps"]), sep="\n")
    print(f"training triplets: {_n_train(facts)}")
    for key, line in counts.items():
        print(f"{line}\n  {' '.join(protocols[key].description.split())}")
    for file, digest in facts.get("provenance", {}).items():
        print(f"{file}: {digest}")
    if left_out is not None:
        print(f"counts and digests of the files are not shown: {left_out}")


def _unavailable(benchmark: NamedBenchmark) -> str | None:
    """Why the data set itself cannot be looked at; None if it can."""
    chosen, spec, root = benchmark.chosen, benchmark.registered.spec, benchmark.settings.data_root
    if spec.needs_root and root is None:
        return "give their folder with --data-root DIR"
    if spec.needs_root and root is not None and root.is_dir() and not (root / spec.name).is_dir():
        return f"there is no {root / spec.name}; start with `cir-bench data fetch {chosen.benchmark.name}`"
    field = spec.params.argument
    if chosen.path is None and field and field not in chosen.benchmark.dataset_params:
        return f"give their folder as {chosen.benchmark.name}:PATH"
    return None


def _provenance(dataset: Dataset, benchmark: NamedBenchmark, checks: Mapping[str, ProtocolCheck]) -> dict[str, str]:
    """Digests of the files that the data set and the protocols read."""
    found = dict(dataset.provenance())
    for key, check in checks.items():
        if check.evaluation is not None:  # a protocol whose spelling dictionary is missing has none to name
            found |= provenance_of(dataset, benchmark.protocols[key])
    return found


def _about(spec: DatasetSpec, steps: list[str]) -> Iterator[str]:
    yield f"dataset: {spec.name}"
    yield f"summary: {spec.summary}"
    yield f"licence: {spec.licence}" + (" - NON-COMMERCIAL" if spec.non_commercial else "")
    if spec.homepage:
        yield f"homepage: {spec.homepage}"
    yield f"images: {'rendered by a program' if spec.synthetic else 'from files'}"
    if spec.files:
        size = bytes_as_text(sum(file.size for file in spec.files))
        yield f"annotations: {len(spec.files)} files, {size}: cir-bench data fetch {spec.name}"
    for number, step in enumerate(steps, start=1):
        yield f"manual step {number}: {step}"
    if spec.citation:
        yield f"citation:\n{spec.citation.strip()}"


def _n_train(facts: Mapping[str, Any]) -> str:
    """The number of training triplets, or why it is not known; of files that do not exist, the published number."""
    if facts["left_out"] is None:
        return str(facts["train_problem"] or facts["n_train"])
    counts = {expected["n_train"] for expected in facts["expected"].values()} - {None}
    return " or ".join(map(str, sorted(counts))) or "unknown without the files"
