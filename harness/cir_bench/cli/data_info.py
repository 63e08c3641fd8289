"""``cir-bench data info``: what a data set is, under which licence, where it comes from, what is in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from cir_bench.cli.common import Settings, with_settings
from cir_bench.cli.data_counts import counted, protocol_facts, protocols_of, published, training_of
from cir_bench.cli.data_fetch import steps_at
from cir_bench.cli.datasets import AsJson, Name, Set, choose_benchmark, opened
from cir_bench.cli.describe import print_json
from cir_bench.cli.sizes import bytes_as_text
from cir_bench.interfaces.spec_params import argument_field
from cir_bench.interfaces.specs import DatasetSpec
from cir_bench.plugin.registry import Registered
from cir_bench.protocols.build import provenance_of
from cir_bench.protocols.check import check_protocol
from cir_bench.protocols.find import ChosenBenchmark


@with_settings
def info(settings: Settings, name: Name, sets: Set = None, as_json: AsJson = False) -> None:
    """Tell what a data set is: licence, source, citation, sizes. Of files that are there: counts and digests."""
    chosen, registered = choose_benchmark(settings, name)
    spec, protocols = registered.spec, protocols_of(chosen, name)
    facts: dict[str, Any] = {
        "dataset": spec.name,
        "summary": spec.summary,
        "licence": spec.licence,
        "non_commercial": spec.non_commercial,
        "homepage": spec.homepage,
        "citation": spec.citation,
        "synthetic": spec.synthetic,
        "files": [asdict(file) for file in spec.files],
        "steps": steps_at(spec, settings.data_root),
        "expected": {key: protocol.expected.model_dump(mode="json") for key, protocol in protocols.items()},
    }
    left_out = _not_there(settings, chosen, registered)
    lines = [published(key, protocol) for key, protocol in protocols.items()]
    if left_out is None:
        found, lines = _found(settings, chosen, registered, name, sets)
        facts |= found
    facts["left_out"] = left_out
    if as_json:
        print_json(facts)
        return
    print(*_lines(spec, facts["steps"]), sep="\n")
    if left_out is None:
        print(f"training triplets: {facts['train_problem'] or facts['n_train']}")
    else:
        print(f"training triplets: {_expected_train(facts)}")
    for key, line in zip(protocols, lines, strict=True):
        print(f"{line}\n  {' '.join(protocols[key].description.split())}")
    for file, digest in facts.get("provenance", {}).items():
        print(f"{file}: {digest}")
    if left_out is not None:
        print(f"left out: counts and digests of the files that are there ({left_out})")


def _not_there(settings: Settings, chosen: ChosenBenchmark, registered: Registered[DatasetSpec]) -> str | None:
    """Why the data set itself cannot be looked at; None when it can."""
    spec, root = registered.spec, settings.data_root
    if spec.needs_root and root is None:
        return "--data-root DIR says where they are"
    if spec.needs_root and root is not None and root.is_dir() and not (root / spec.name).is_dir():
        return f"there is no {root / spec.name}; `cir-bench data fetch {chosen.benchmark.name}` begins it"
    field = argument_field(spec)
    if chosen.path is None and field and field not in chosen.benchmark.dataset_params:
        return f"{chosen.benchmark.name}:PATH says where they are"
    return None


def _found(
    settings: Settings, chosen: ChosenBenchmark, registered: Registered[DatasetSpec], name: str, sets: Set
) -> tuple[dict[str, Any], list[str]]:
    """Counts, problems and digests of the data that is there, and a line for every protocol."""
    dataset = opened(settings, chosen, registered, sets).dataset
    protocols = protocols_of(chosen, name)
    checks = {key: check_protocol(dataset, protocol) for key, protocol in protocols.items()}
    provenance = dict(dataset.provenance())
    for key, check in checks.items():
        if check.evaluation is not None:  # a protocol whose spelling dictionary is missing has none to name
            provenance |= provenance_of(dataset, protocols[key])
    training = training_of(dataset)
    facts = {
        "n_train": training.n_triplets,
        "train_problem": training.problem or None,
        "protocols": protocol_facts(chosen, checks),
        "provenance": provenance,
    }
    return facts, [counted(key, check) for key, check in checks.items()]


def _lines(spec: DatasetSpec, steps: Sequence[str]) -> Iterator[str]:
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
        yield f"by hand, {number}: {step}"
    if spec.citation:
        yield f"citation:\n{spec.citation.strip()}"


def _expected_train(facts: dict[str, Any]) -> str:
    counts = {expected["n_train"] for expected in facts["expected"].values()} - {None}
    return " or ".join(map(str, sorted(counts))) or "unknown without the files"
