"""``cir-bench show NAME``: everything about one object (or several of that name)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

import typer

from cir_bench.cli.common import AsJson, open_registry, with_settings
from cir_bench.cli.describe import (
    benchmark_facts,
    object_facts,
    pairings,
    parameters,
    provides,
    read_benchmarks,
    tunable,
)
from cir_bench.cli.layout import columns, markdown, plain, settings_text, value_text, wrapped
from cir_bench.cli.output import print_json
from cir_bench.cli.show_cell import value_lines, values_with_origins
from cir_bench.errors import ConfigError, did_you_mean
from cir_bench.interfaces.kinds import KINDS
from cir_bench.interfaces.published import PublishedWeights
from cir_bench.interfaces.spec_params import make_params, split_argument
from cir_bench.interfaces.specs import (
    ComposerSpec,
    DatasetSpec,
    EncoderSpec,
    ExecutorSpec,
    LossSpec,
    MethodSpec,
    TrackerSpec,
)
from cir_bench.params.tunable import Tunable
from cir_bench.plugin.card import card_text
from cir_bench.plugin.needs import needs_of, needs_together, provides_of, wrapped_composers
from cir_bench.plugin.registry import Registered, Registry
from cir_bench.verbs.settings import Settings

_SHORT = ("kind", "published_weights", "licence", "homepage", "extra", "paper_encoder", "dataset", "default_encoder")
"""Facts that are written as ``NAME: VALUE``."""


@with_settings
def show(
    settings: Settings,
    name: Annotated[str, typer.Argument(help="Of whatever `cir-bench ls` lists, but suites.")],
    benchmark: Annotated[
        str | None,
        typer.Option(
            "-b", "--benchmark", metavar="NAME", help="Of a method: the values on it, and where each is from."
        ),
    ] = None,
    track: Annotated[str, typer.Option(metavar="controlled|paper", help="With -b.")] = "controlled",
    as_json: AsJson = False,
) -> None:
    """Show card, paper, parameters with defaults, needs, fitting encoders and recipes of an object."""
    registry = open_registry(settings)
    plain, argument = split_argument(name)
    if benchmark is not None:
        resolved = values_with_origins(registry, plain, benchmark, track)
        title = "method {method} on {benchmark}, {track} track, encoder {encoder}".format_map(resolved)
        print_json(resolved) if as_json else print("\n".join([title, *value_lines(resolved["values"])]))
        return
    found = _facts(registry, plain, argument)
    if as_json:
        print_json(found)
        return
    for index, (kind, facts) in enumerate(found.items()):
        lines = [one for line in _lines(kind, facts) for one in wrapped(line)]
        card = ["", *markdown(facts["card"])] if facts.get("card") else []
        print(("\n" if index else "") + "\n".join([*lines, *card]).rstrip())


def _facts(registry: Registry, name: str, argument: str | None) -> dict[str, dict[str, Any]]:
    """The objects of this name, by kind; with an argument (``openclip:RN50``) those that it makes of them."""
    by_kind = {kind.name: registry.all(kind.spec) for kind in KINDS}
    found = {
        kind: object_facts(objects[name]) | _details(registry, objects[name], argument)
        for kind, objects in by_kind.items()
        if name in objects
    }
    benchmarks = {benchmark.name: (benchmark, owner) for benchmark, owner in read_benchmarks(registry)[0]}
    if name in benchmarks:
        benchmark, owner = benchmarks[name]
        every = benchmark.protocols.items()
        protocols = {key: protocol.model_dump(mode="json") | {"hash": protocol.hash()} for key, protocol in every}
        found["benchmark"] = benchmark_facts(benchmark, owner) | {"protocols": protocols}
    if not found:
        names = {*benchmarks, *(one for objects in by_kind.values() for one in objects)}
        raise ConfigError(f"nothing is called {name!r}; {did_you_mean(name, names)}")
    return found


def _details(registry: Registry, registered: Registered[Any], argument: str | None) -> dict[str, Any]:
    spec = registered.spec
    params = make_params(spec, argument=argument) if argument is not None else None
    facts: dict[str, Any] = {"implementation": spec.class_path, "argument": spec.params.argument}
    if isinstance(spec, MethodSpec):
        facts |= {
            "kind": spec.kind,
            "paper": asdict(spec.paper) if spec.paper else None,
            "card": card_text(registered),
            "paper_encoder": spec.paper_encoder,
            "training_data": spec.training_data,
            "published_weights": _layout(spec.published),
            "recipes": {where: dict(values) for where, values in spec.recipes.items()},
            "encoder_recipes": {where: dict(values) for where, values in spec.encoder_recipes.items()},
            "controlled": {where: dict(values) for where, values in spec.controlled.items()},
            "tunable": {key: asdict(one) for key, one in tunable(spec).items()},
        }
    if isinstance(spec, (MethodSpec, ComposerSpec)):
        facts |= _needs(registry, registered)
    if isinstance(spec, EncoderSpec):
        found = provides(registered) if params is None else provides_of(registered, params)
        facts |= {"provides": asdict(found) if found else None, "pixel_free": spec.pixel_free, "extra": spec.extra}
        facts["training_data"] = spec.training_data
    if isinstance(spec, DatasetSpec):
        facts |= {"licence": spec.licence, "homepage": spec.homepage, "synthetic": spec.synthetic}
        facts["needs_root"] = spec.needs_root
    if isinstance(spec, (ExecutorSpec, TrackerSpec)):
        facts["extra"] = spec.extra
    assert isinstance(spec, (MethodSpec, ComposerSpec, EncoderSpec, DatasetSpec, LossSpec, ExecutorSpec, TrackerSpec))
    if params is not None:
        facts["name"] = f"{spec.name}:{argument}"
    return facts | {"parameters": list(parameters(spec.params, params))}


def _layout(published: PublishedWeights | None) -> str:
    """Which files of weights can be read."""
    if published is None:
        return ""
    made_for = ", ".join(published.encoders.values())
    where = f"with the entry {published.entry!r}" if published.entry else "with the state dict alone"
    return f"files {where}{f', for {made_for}' if made_for else ''} (cir-bench run --weights FILE)"


def _needs(registry: Registry, registered: Registered[Any]) -> dict[str, Any]:
    """Needs with the default parameters and, for each encoder, what it lacks; None if a parameter has no default."""
    try:
        params: Any = make_params(registered.spec)
        if isinstance(registered.spec, MethodSpec):
            needs = needs_together(registered, params, wrapped_composers(registry, registered, params))
        else:
            needs = needs_of(registered, params)
    except ConfigError:
        return {"needs": None, "encoders": None}
    return {"needs": asdict(needs), "encoders": pairings(registry, needs)}


def _lines(kind: str, facts: dict[str, Any]) -> Iterator[str]:
    """One object as text."""
    yield f"{kind} {facts['name']}: {facts['summary']}"
    yield f"from {facts['plugin']!r} of {facts['distribution']} {facts['version']}"
    if facts.get("paper"):
        paper = facts["paper"]
        yield "paper: " + ", ".join(paper[key] for key in ("authors", "title", "venue", "url") if paper[key])
    if facts.get("training_data"):
        yield f"trained on: {', '.join(facts['training_data'])}"
    for key in _SHORT:
        if facts.get(key):
            yield f"{key.replace('_', ' ')}: {facts[key]}"
    if facts.get("argument") and ":" not in facts["name"]:
        yield f"written as: {facts['name']}:{facts['argument'].upper()}"
    for key in ("needs", "provides"):
        if facts.get(key):
            yield f"{key}: {_levels(facts[key])}"
    yield from _encoder_lines(facts.get("encoders"))
    yield from _parameter_lines(facts.get("parameters", []))
    if facts.get("tunable"):
        yield "searched by cir-bench tune:"
        yield from columns((key, str(Tunable(**one))) for key, one in facts["tunable"].items())
    if kind == "method":
        yield f"These are defaults. What a benchmark runs with: cir-bench show {facts['name']} -b BENCHMARK"
    recipes = {"controlled": "settings of the controlled track", "recipes": "recipe of the paper track"}
    for key, what in (recipes | {"encoder_recipes": "encoder of the paper track"}).items():
        for where, values in facts.get(key, {}).items():
            yield f"{what} for {'every benchmark' if where == '*' else where}: {settings_text(values)}"
    for key, protocol in facts["protocols"].items() if kind == "benchmark" else ():
        yield f"protocol {key}: {protocol['description']}"
        yield "  " + settings_text(
            {name: protocol[name] for name in protocol if name not in {"description", "expected"}}
        )


def _levels(levels: dict[str, Any]) -> str:
    """Needs or what is provided, in words; what is not asked for, or goes without saying, is left out."""
    roles = [f"{role} {', '.join(sorted(levels[role])) or 'nothing'}" for role in ("image", "text")]
    if "maps" in levels["image"]:
        roles.append(f"{levels['map_levels']} map level{'' if levels['map_levels'] == 1 else 's'}")
    if levels.get("joint"):
        roles.append(f"joint {', '.join(sorted(levels['joint']))}")
    for key in ("same_width", "side_text", "pseudo_words", "trainable", "pretrained"):
        if key in levels and (levels[key] or key in ("trainable", "pretrained")):
            roles.append(("" if levels[key] else "not ") + key.replace("_", " "))
    if levels.get("side_text_from"):
        roles.append(f"side text from {levels['side_text_from']}")
    if not levels.get("triplets", True):
        examples = "images" if levels["images"] else "texts"
        roles.append(f"{examples} alone to learn from, of {levels['corpus'] or 'the train split'}")
    if levels.get("text_from"):
        roles.append(f"the texts of the artefact {levels['text_from']}")
    return "; ".join(roles)


def _encoder_lines(encoders: dict[str, list[str] | None] | None) -> Iterator[str]:
    for name, lacking in (encoders or {}).items():
        if lacking is None:
            yield f"encoder {name}: depends on its parameters"
        else:
            yield f"encoder {name}: " + (f"lacks {'; '.join(lacking)}" if lacking else "fits")


def _parameter_lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    if rows:
        yield "parameters (--set KEY=VALUE):"
    yield from columns(
        (row["key"], "required" if row["required"] else value_text(row["default"]), plain(row["doc"])) for row in rows
    )
