"""``cir-bench doctor``: does the machine have everything that a run needs?"""

from __future__ import annotations

import os
import platform
import tempfile
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer
from packaging.requirements import Requirement

from cir_bench.cli.common import AsJson, open_registry, with_settings
from cir_bench.cli.describe import problem_facts, read_benchmarks
from cir_bench.cli.layout import columns, wrapped
from cir_bench.cli.output import PROBLEM, print_json
from cir_bench.errors import PluginError
from cir_bench.interfaces.kinds import KINDS
from cir_bench.interfaces.specs import DatasetSpec, Spec
from cir_bench.plugin.owner import CORE
from cir_bench.plugin.presence import missing_module
from cir_bench.plugin.registry import Registered, Registry, load
from cir_bench.verbs.settings import Settings
from cir_bench.version import __version__


@with_settings
def doctor(
    settings: Settings,
    imports: Annotated[
        bool, typer.Option("--imports", help="Also import torch, for its devices, and every implementation.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check versions, plugins, data root and cache folder; with --imports also devices and every implementation.

    Exit code 1 if something is wrong.
    """
    problems: list[str] = []
    registry = open_registry(settings, quiet=True)
    facts: dict[str, Any] = {
        "imports": imports,
        "versions": _versions(problems),
        "device": _device(problems) if imports else {"cpu_cores": os.cpu_count()},
        "plugins": _plugins(registry, problems, imports),
        "data_root": _data_root(settings.data_root, registry, problems),
        "cache_dir": _cache(settings.cache_dir, problems),
    }
    facts["plugin_problems"] = [problem_facts(problem) for problem in registry.problems]
    facts["problems"] = problems
    if as_json:
        print_json(facts)
    else:
        _print(facts)
    raise typer.Exit(PROBLEM if problems else 0)


def _versions(problems: list[str]) -> dict[str, str]:
    """Ours, Python's and those of every dependency; one that is missing or too old is a problem."""
    found = {CORE: __version__, "python": platform.python_version()}
    try:
        needed = metadata.requires(CORE) or []
    except metadata.PackageNotFoundError:
        return found  # dependencies are in the metadata; discovery reports that it is missing
    for line in needed:
        requirement = Requirement(line)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            found[requirement.name] = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            problems.append(f"{requirement.name} is not installed; run: pip install '{requirement}'")
            continue
        if not requirement.specifier.contains(found[requirement.name], prereleases=True):
            problems.append(
                f"{requirement.name} {found[requirement.name]} is too old or too new; run: pip install '{requirement}'"
            )
    return found


def _device(problems: list[str]) -> dict[str, Any]:
    try:
        import torch
    except (ImportError, OSError) as error:
        problems.append(f"torch cannot be imported ({error}); run: pip install torch")
        return {}
    names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return {"cuda": names, "cpu_threads": torch.get_num_threads(), "cpu_cores": os.cpu_count()}


def _plugins(registry: Registry, problems: list[str], imports: bool) -> list[dict[str, str]]:
    """The plugins. Those left out and implementations that are missing, or cannot be imported, are problems."""
    problems += map(str, registry.problems)
    for kind in KINDS:
        for registered in registry.all(kind.spec).values():
            problem = _import_error(registered) if imports else missing_module(registered)
            if problem is not None:
                problems.append(str(problem))
    problems += read_benchmarks(registry)[1]
    return [asdict(owner) for owner in registry.plugins]


def _import_error(registered: Registered[Spec]) -> PluginError | None:
    try:
        load(registered)
    except PluginError as error:
        return error
    return None


def _data_root(root: Path | None, registry: Registry, problems: list[str]) -> dict[str, Any]:
    """Which of the data sets that need files have a folder below the data root."""
    needed = [name for name, one in registry.all(DatasetSpec).items() if one.spec.needs_root]
    if root is None:
        return {"path": None, "found": [], "missing": needed}
    if not root.is_dir():
        problems.append(f"the data root {root} is not a folder; correct --data-root or CIR_BENCH_DATA")
    found = [name for name in needed if (root / name).is_dir()]
    return {"path": str(root), "found": found, "missing": [name for name in needed if name not in found]}


def _cache(folder: Path, problems: list[str]) -> dict[str, Any]:
    """Whether the cache folder (if it does not exist yet, its nearest existing parent) can be written."""
    existing = next((parent for parent in (folder, *folder.parents) if parent.exists()), folder)
    try:
        with tempfile.TemporaryFile(dir=existing):
            return {"path": str(folder), "exists": folder.is_dir(), "writable": True}
    except OSError as error:
        problems.append(f"the cache folder {folder} cannot be written ({error.strerror}); choose another --cache-dir")
        return {"path": str(folder), "exists": folder.is_dir(), "writable": False}


def _print(facts: dict[str, Any]) -> None:
    device, data, cache = facts["device"], facts["data_root"], facts["cache_dir"]
    print("versions:", *columns(facts["versions"].items()), sep="\n")
    if "cuda" in device:
        cuda = ", ".join(device["cuda"]) or "none"
        print(f"device: cuda {cuda}; cpu with {device['cpu_cores']} cores, {device['cpu_threads']} threads")
    elif device:
        print(f"device: cpu with {device['cpu_cores']} cores; GPUs with --imports")
    plugins = [(plugin["plugin"], f"{plugin['distribution']}@{plugin['version']}") for plugin in facts["plugins"]]
    print("plugins:", *columns(plugins), sep="\n")
    print(f"data root: {data['path'] or 'none (--data-root or CIR_BENCH_DATA)'}")
    for key in ("found", "missing"):
        print(*wrapped(f"  {key}: {', '.join(data[key]) or 'none'}", "    "), sep="\n")
    print(f"cache: {cache['path']} ({'exists' if cache['exists'] else 'created when needed'})")
    for problem in facts["problems"]:
        print(*wrapped(f"! {problem}"), sep="\n")
    if facts["problems"]:
        print(f"{len(facts['problems'])} problem(s)")
    else:
        print("no problems" if facts["imports"] else "no problems; --imports also imports every implementation")
