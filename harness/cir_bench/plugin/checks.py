"""What a plugin and its specs must look like. Every refusal says what to write instead."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pluggy

from cir_bench.errors import did_you_mean
from cir_bench.interfaces.kinds import BENCHMARKS_HOOK, KINDS, Kind
from cir_bench.interfaces.spec_params import argument_field
from cir_bench.interfaces.specs import DatasetSpec, MethodSpec, RemoteFile, Spec
from cir_bench.params.models import MethodParams, Params
from cir_bench.plugin.events import EVENT_HOOKS
from cir_bench.plugin.hookspecs import API_VERSION
from cir_bench.plugin.owner import Owner, PluginRejected

REGISTERING_HOOKS = (*(kind.hook for kind in KINDS), BENCHMARKS_HOOK)
HOOKS = (*REGISTERING_HOOKS, *EVENT_HOOKS.values())
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
IMPLEMENTATION = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


def check_api(plugin: object, owner: Owner) -> None:
    """Refuse a plugin that speaks another version of the API (``CIR_BENCH_API``, ours when it says none)."""
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


def check_spec(kind: Kind, spec: object) -> Spec:
    """The spec, when it is one of ``kind`` and all of it is usable."""
    if not isinstance(spec, kind.spec):
        message = f"{kind.hook} returned {_describe(spec)}, not a {kind.spec.__name__}"
        raise PluginRejected("spec", message, f"return a list of {kind.spec.__name__}")
    what = f"{kind.name} {spec.name!r}"
    if not isinstance(spec.name, str) or not NAME.fullmatch(spec.name):
        remedy = "use lower case letters, digits and single hyphens, like 'batch-classification'"
        raise PluginRejected("spec", f"{what} is not a valid name", remedy)
    if not inspect.isclass(spec.implementation) and not IMPLEMENTATION.fullmatch(str(spec.implementation)):
        remedy = 'write "package.module:Class" or the class itself'
        raise PluginRejected("spec", f"{what} has the implementation {spec.implementation!r}", remedy)
    if not isinstance(spec.summary, str) or not spec.summary.strip() or "\n" in spec.summary:
        raise PluginRejected("spec", f"{what} has no one-line summary", "say in one line what it is")
    if not isinstance(spec.version, str):
        raise PluginRejected("spec", f"{what} has the version {spec.version!r}", 'write it as a text, like "1"')
    _check_params(what, spec)
    if isinstance(spec, MethodSpec):
        _check_method(what, spec)
    if isinstance(spec, DatasetSpec):
        named = spec.submission is None or inspect.isclass(spec.submission)
        if not named and not IMPLEMENTATION.fullmatch(str(spec.submission)):
            message = f"{what} has the submission {spec.submission!r}"
            raise PluginRejected("spec", message, 'write "package.module:Class" or the class itself')
        for file in spec.files:
            _check_file(what, file)
    return spec


def _check_params(what: str, spec: Spec) -> None:
    params = getattr(spec, "params", None)
    base = MethodParams if isinstance(spec, MethodSpec) else Params
    if not inspect.isclass(params) or not issubclass(params, base):
        remedy = f"give a class derived from cir_bench.{base.__name__}"
        raise PluginRejected("spec", f"{what} has the params {_describe(params)}", remedy)
    argument = argument_field(spec)
    if argument is not None and argument not in params.model_fields:
        message = f"{what} takes an argument into {argument!r}, but {params.__name__} has no such field"
        raise PluginRejected("spec", message, did_you_mean(argument, params.model_fields).rstrip("."))


def _check_method(what: str, spec: MethodSpec) -> None:
    if spec.kind not in {"method", "baseline", "sentinel"}:
        remedy = "use 'method', 'baseline' or 'sentinel'"
        raise PluginRejected("spec", f"{what} is of the kind {spec.kind!r}", remedy)
    if not isinstance(spec.recipes, Mapping) or not all(isinstance(v, Mapping) for v in spec.recipes.values()):
        remedy = 'write them as {"benchmark": {"parameter": value}}'
        raise PluginRejected("spec", f"{what} has recipes of another form", remedy)


def _check_file(what: str, file: object) -> None:
    if not isinstance(file, RemoteFile):
        raise PluginRejected("spec", f"{what} has the file {_describe(file)}", "declare files as cir_bench.RemoteFile")
    path = PurePosixPath(file.path)
    if not path.parts or path.is_absolute() or ".." in path.parts:
        remedy = "write a relative path below the data set's folder"
        raise PluginRejected("spec", f"{what} has a file at the path {file.path!r}", remedy)
    if not re.match(r"https?://", file.url):
        raise PluginRejected("spec", f"{what} has a file at the URL {file.url!r}", "write an http or https URL")
    if not re.fullmatch(r"[0-9a-f]{64}", file.sha256) or file.size <= 0:
        message = f"{what} has the file {file.path!r} with the sha256 {file.sha256!r} and {file.size} bytes"
        raise PluginRejected("spec", message, "write 64 hex digits in lower case, and how many bytes it has")


def check_benchmark(path: object) -> Path:
    """The path, when it is that of a YAML file."""
    if not isinstance(path, Path):
        remedy = "return pathlib.Path objects, for example [Path(__file__).parent / 'mine.yaml']"
        raise PluginRejected("spec", f"{BENCHMARKS_HOOK} returned {_describe(path)}, not a Path", remedy)
    if path.suffix not in {".yaml", ".yml"} or not path.is_file():
        remedy = "ship the file with the package (package_data) and return its path"
        raise PluginRejected("spec", f"{BENCHMARKS_HOOK} names {path}, which is no YAML file", remedy)
    return path


def _describe(value: object) -> str:
    if inspect.isclass(value):
        return f"the class {value.__name__}"
    text = repr(value)
    return text if len(text) <= 60 else f"a {type(value).__name__}"
