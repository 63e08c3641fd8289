"""Hints for mistakes in the words of a command line: what the user probably meant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cir_bench.cli.describe import read_benchmarks
from cir_bench.errors import ConfigError
from cir_bench.interfaces.kinds import KINDS
from cir_bench.interfaces.specs import DatasetSpec, EncoderSpec, MethodSpec
from cir_bench.params.keys import Models, keys_named
from cir_bench.plugin.loader import PluginOptions, load_plugins
from cir_bench.plugin.registry import Registry

CELLS = {"run", "plan", "tune"}
"""The verbs with `cir_bench.cli.run_options`."""


def hint_for(error: Any) -> str:
    """What to write instead, for a usage error of click; empty if there is nothing to say."""
    option = getattr(error, "option_name", "")
    if error.ctx is None or _verb(error.ctx) not in CELLS or not option.startswith("--") or error.possibilities:
        return ""
    keys = keys_named(option.lstrip("-").replace("-", "_"), _models())
    return f"It is a parameter; write --set {keys[0]}=VALUE." if keys else ""


def refuse_extra(context: Any) -> None:
    """`ConfigError` for words that belong to no option and no argument."""
    if context.args:
        _refuse_option_as_value(context)
        verb, extra = _verb(context), context.args
        remedy = f"see cir-bench {verb} --help"
        if verb in CELLS:
            remedy = f"write {' '.join(map(_as_option, extra))}"
        elif _takes(context, "--records") and all(Path(word).is_dir() for word in extra):
            remedy = f"write {' '.join(f'--records {word}' for word in extra)}"
        raise ConfigError(f"{verb} has no use for {' '.join(map(repr, extra))}; {remedy}.")


def _refuse_option_as_value(context: Any) -> None:
    """`ConfigError` if an option without its value took the next option for it, as in ``--tuned -m tirg``."""
    options = {word for parameter in context.command.params for word in parameter.opts}
    for parameter in context.command.params:
        value = context.params.get(parameter.name)
        for one in value if isinstance(value, (list, tuple)) else [value]:
            if str(one) in options:
                name = max(parameter.opts, key=len)
                raise ConfigError(
                    f"{name} needs a value, and took {one} for it; write {name} {parameter.metavar or 'VALUE'}."
                )


def _takes(context: Any, option: str) -> bool:
    return any(option in parameter.opts for parameter in context.command.params)


def _verb(context: Any) -> str:
    return str(context.info_name.split()[-1])


def refuse_lists(option: str, names: Sequence[str]) -> None:
    """`ConfigError` for ``-m a,b``: names are not separated by commas (the path after a colon may have some)."""
    for name in names:
        if "," in name.partition(":")[0]:
            each = " ".join(f"{option} {one.strip()}" for one in name.split(",") if one.strip())
            raise ConfigError(f"{option} {name}: give the option once for each name, {each}.")


def _builtin() -> Registry:
    return load_plugins(PluginOptions(third_party=False))


def _models() -> Models:
    """Everything that ``--set`` reaches with the built-in plugins."""
    registry = _builtin()
    prefixes: dict[type[Any], str] = {MethodSpec: "", EncoderSpec: "encoder.", DatasetSpec: "dataset."}
    return [(prefix, one.spec.params) for spec, prefix in prefixes.items() for one in registry.all(spec).values()]


def _as_option(word: str) -> str:
    """A word without an option, with the one it needs."""
    registry = _builtin()
    head = word.partition(":")[0]
    benchmarks = {benchmark.name for benchmark, _ in read_benchmarks(registry)[0]}
    if head.partition("/")[0] in benchmarks:
        return f"-b {word}"
    if head in registry.all(EncoderSpec):
        return f"-e {word}"
    known = any(head in registry.all(kind.spec) for kind in KINDS)
    return f"-b folder:{word}" if not known and Path(word).is_dir() else f"-m {word}"
