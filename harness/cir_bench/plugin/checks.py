"""What a plugin must look like: its version of the API, its hooks, its files. Every refusal says what to write."""

from __future__ import annotations

import inspect
from pathlib import Path

import pluggy

from cir_bench.errors import did_you_mean
from cir_bench.interfaces.kinds import BENCHMARKS_HOOK, KINDS
from cir_bench.plugin.events import EVENT_HOOKS
from cir_bench.plugin.hookspecs import API_VERSION
from cir_bench.plugin.owner import Owner, PluginRejected
from cir_bench.plugin.spec_checks import described

REGISTERING_HOOKS = (*(kind.hook for kind in KINDS), BENCHMARKS_HOOK)
HOOKS = (*REGISTERING_HOOKS, *EVENT_HOOKS.values())


def check_api(plugin: object, owner: Owner) -> None:
    """Refuse a plugin for another version of the API (``CIR_BENCH_API``; without one, it is for this version)."""
    spoken = getattr(plugin, "CIR_BENCH_API", API_VERSION)
    if spoken == API_VERSION:
        return
    newer = isinstance(spoken, int) and spoken > API_VERSION
    remedy = f"run: pip install --upgrade {'cir-bench' if newer else owner.distribution}"
    message = f"it speaks version {spoken!r} of the plugin API, this cir-bench speaks {API_VERSION}"
    raise PluginRejected("api", message, remedy)


def check_hooks(manager: pluggy.PluginManager, plugin: object) -> None:
    """Refuse misspelt hooks, hooks without ``@hookimpl``, hooks with wrong arguments, and plugins without any hook."""
    if inspect.isclass(plugin):
        remedy = "name a module, or an instance of the class, in the entry point"
        raise PluginRejected("register", f"it is the class {plugin.__name__}", remedy)
    marked = 0
    for name in dir(plugin):
        options = manager.parse_hookimpl_opts(plugin, name)
        if options is None:
            if name in HOOKS:
                raise PluginRejected("register", f"{name} is not marked", f"write @hookimpl above def {name}")
            continue
        marked += 1
        hook = options.get("specname") or name
        if hook not in HOOKS:
            remedy = did_you_mean(hook, HOOKS).rstrip(".")
            raise PluginRejected("register", f"{name} is marked @hookimpl, but there is no hook {hook}", remedy)
        _check_arguments(name, hook, inspect.signature(getattr(plugin, name)))
        if hook not in REGISTERING_HOOKS and (options.get("wrapper") or options.get("hookwrapper")):
            raise PluginRejected("register", f"{name} is a wrapper, but events only have listeners", "write @hookimpl")
    if not marked:
        remedy = f"mark a function with @hookimpl: {', '.join(HOOKS)}"
        raise PluginRejected("register", "it implements no hook", remedy)


def _check_arguments(name: str, hook: str, signature: inspect.Signature) -> None:
    required = [
        parameter.name
        for parameter in signature.parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind not in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}
    ]
    if hook in REGISTERING_HOOKS:
        if required:
            message = f"{name} takes the arguments {', '.join(required)}, but hooks that register take none"
            raise PluginRejected("register", message, f"write def {name}() -> list")
    elif required not in ([], ["event"]) or (not required and "event" in signature.parameters):
        message = f"{name} takes the arguments {', '.join(signature.parameters)}, but an event's hook takes only event"
        raise PluginRejected("register", message, f"write def {name}(event)")


def check_benchmark(path: object) -> Path:
    """The path, when it is that of a YAML file."""
    if not isinstance(path, Path):
        remedy = "return pathlib.Path objects, for example [Path(__file__).parent / 'mine.yaml']"
        raise PluginRejected("spec", f"{BENCHMARKS_HOOK} returned {described(path)}, not a Path", remedy)
    if path.suffix not in {".yaml", ".yml"} or not path.is_file():
        remedy = "ship the file with the package (package_data) and return its path"
        raise PluginRejected("spec", f"{BENCHMARKS_HOOK} names {path}, which is not a YAML file", remedy)
    return path
