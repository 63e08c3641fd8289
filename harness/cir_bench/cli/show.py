"""``cir-bench show NAME``: everything known of one object (or of several of that name)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer

from cir_bench.cli.benchmarks import benchmark_facts, read_benchmarks
from cir_bench.cli.common import Settings, open_registry, with_settings
from cir_bench.cli.describe import columns, listed, pairings, parameters, print_json, provides
from cir_bench.errors import ConfigError, did_you_mean
from cir_bench.interfaces.kinds import KINDS
from cir_bench.interfaces.levels import Needs
from cir_bench.interfaces.spec_params import argument_field, make_params, split_argument
from cir_bench.interfaces.specs import ComposerSpec, DatasetSpec, EncoderSpec, LossSpec, MethodSpec
from cir_bench.plugin.card import card_text
from cir_bench.plugin.registry import Registered, Registry
from cir_bench.plugin.wrapping import needs_together, wrapped_composers
from cir_bench.protocols.protocol import Protocol


@with_settings
def show(
    settings: Settings,
    name: Annotated[str, typer.Argument(help="Of a method, composer, loss, encoder, data set or benchmark.")],
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object, by kind.")] = False,
) -> None:
    """Show card, paper, parameters with defaults, needs, fitting encoders and recipes of what has this name."""
    registry = open_registry(settings)
    plain, _ = split_argument(name)
    found = _facts(registry, plain)
    if as_json:
        print_json(found)
        return
    for index, (kind, facts) in enumerate(found.items()):
        print(("\n" if index else "") + "\n".join(_lines(kind, facts)))


def _facts(registry: Registry, name: str) -> dict[str, dict[str, Any]]:
    known: set[str] = set()
    found: dict[str, dict[str, Any]] = {}
    for kind in KINDS:
        objects = registry.all(kind.spec)
        known |= set(objects)
        if name in objects:
            found[kind.name] = listed(objects[name]) | _details(registry, objects[name])
    benchmarks, _ = read_benchmarks(registry)
    for benchmark, owner in benchmarks:
        known.add(benchmark.name)
        if benchmark.name == name:
            found["benchmark"] = benchmark_facts(benchmark, owner) | {"protocols": _protocols(benchmark.protocols)}
    if not found:
        raise ConfigError(f"nothing is called {name!r}; {did_you_mean(name, known)}")
    return found


def _protocols(protocols: Mapping[str, Protocol]) -> dict[str, Any]:
    return {key: protocol.model_dump(mode="json") | {"hash": protocol.hash()} for key, protocol in protocols.items()}


def _details(registry: Registry, registered: Registered[Any]) -> dict[str, Any]:
    spec = registered.spec
    facts: dict[str, Any] = {"implementation": spec.class_path, "argument": argument_field(spec)}
    if isinstance(spec, MethodSpec):
        facts |= {
            "kind": spec.kind,
            "paper": asdict(spec.paper) if spec.paper else None,
            "card": card_text(registered),
            "paper_encoder": spec.paper_encoder,
            "recipes": {where: dict(values) for where, values in spec.recipes.items()},
            "encoder_recipes": {where: dict(values) for where, values in spec.encoder_recipes.items()},
        }
    if isinstance(spec, (MethodSpec, ComposerSpec)):
        facts |= _needs(registry, registered)
    if isinstance(spec, EncoderSpec):
        given = provides(registered)
        facts |= {"provides": asdict(given) if given else None, "pixel_free": spec.pixel_free, "extra": spec.extra}
    if isinstance(spec, DatasetSpec):
        facts |= {"licence": spec.licence, "homepage": spec.homepage, "synthetic": spec.synthetic}
        facts["needs_root"] = spec.needs_root
    assert isinstance(spec, (MethodSpec, ComposerSpec, EncoderSpec, DatasetSpec, LossSpec))
    return facts | {"parameters": list(parameters(spec.params))}


def _needs(registry: Registry, registered: Registered[Any]) -> dict[str, Any]:
    """Needs under the default parameters and, for each encoder, what it lacks."""
    try:
        needs = _needed(registry, registered.spec)
    except ConfigError:
        return {"needs": None, "encoders": None}
    return {"needs": asdict(needs), "encoders": pairings(registry, needs)}


def _needed(registry: Registry, spec: MethodSpec | ComposerSpec) -> Needs:
    if isinstance(spec, MethodSpec):
        params = make_params(spec)
        return needs_together(spec, params, wrapped_composers(registry, spec, params))
    return spec.needs_for(make_params(spec))


def _lines(kind: str, facts: dict[str, Any]) -> Iterator[str]:
    """One object as text."""
    yield f"{kind} {facts['name']}: {facts['summary']}"
    yield f"from {facts['plugin']!r} of {facts['distribution']} {facts['version']}"
    if facts.get("paper"):
        paper = facts["paper"]
        yield "paper: " + ", ".join(paper[key] for key in ("authors", "title", "venue", "url") if paper[key])
    for key in ("kind", "licence", "homepage", "extra", "paper_encoder", "dataset", "default_encoder"):
        if facts.get(key):
            yield f"{key.replace('_', ' ')}: {facts[key]}"
    if facts.get("argument"):
        yield f"written: {facts['name']}:{facts['argument'].upper()}"
    for key in ("needs", "provides"):
        if facts.get(key):
            yield f"{key}: {_levels(facts[key])}"
    yield from _encoder_lines(facts.get("encoders"))
    yield from _parameter_lines(facts.get("parameters", []))
    for where, values in facts.get("recipes", {}).items():
        yield f"recipe of the paper track for {'every benchmark' if where == '*' else where}: {values}"
    for where, values in facts.get("encoder_recipes", {}).items():
        yield f"encoder of the paper track for {'every benchmark' if where == '*' else where}: {values}"
    for key, protocol in facts["protocols"].items() if kind == "benchmark" else ():
        yield f"protocol {key}: {protocol['description']}"
        yield "  " + ", ".join(
            f"{name}={protocol[name]}" for name in protocol if name not in {"description", "expected"}
        )
    if facts.get("card"):
        yield f"\n{facts['card'].strip()}"


def _levels(levels: dict[str, Any]) -> str:
    roles = [f"{role} {', '.join(sorted(levels[role])) or 'nothing'}" for role in ("image", "text")]
    more = [f"{key}={value}" for key, value in levels.items() if key not in {"image", "text"}]
    return "; ".join([*roles, *more])


def _encoder_lines(encoders: dict[str, list[str] | None] | None) -> Iterator[str]:
    for name, lacking in (encoders or {}).items():
        if lacking is None:
            yield f"encoder {name}: depends on its parameters"
        else:
            yield f"encoder {name}: " + (f"lacks {'; '.join(lacking)}" if lacking else "would do")


def _parameter_lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    if rows:
        yield "parameters (--set KEY=VALUE):"
        yield from columns(
            (row["key"], "required" if row["required"] else repr(row["default"]), row["doc"]) for row in rows
        )
