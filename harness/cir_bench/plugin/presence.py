"""`missing_module`: whether the module that implements an object is there, without importing anything."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from cir_bench.interfaces.specs import Spec
from cir_bench.plugin.owner import BlamedPluginError
from cir_bench.plugin.registry import Registered
from cir_bench.plugin.remedies import remedy_for_import


def missing_module(registered: Registered[Spec]) -> BlamedPluginError | None:
    """The error that importing the object's class would raise if its module is not installed; None if it is."""
    module = registered.spec.class_path.partition(":")[0]
    if _exists(module):
        return None
    error = ModuleNotFoundError(f"No module named {module!r}", name=module)
    message, remedy = remedy_for_import(error, registered.owner, module)
    return BlamedPluginError(registered.owner, str(registered), "looking for its class", message, remedy)


def _exists(module: str) -> bool:
    """Whether there is such a module; also true where only an import could tell, as in a zip file."""
    if module in sys.modules:
        return True
    top, *rest = module.split(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError, AttributeError):
        return False
    if spec is None or not rest:
        return spec is not None
    folders = [Path(place) for place in spec.submodule_search_locations or ()]
    if folders and not any(folder.is_dir() for folder in folders):
        return True
    places = (folder.joinpath(*rest) for folder in folders)
    return any(place.is_dir() or any(place.parent.glob(f"{place.name}.*")) for place in places)
