"""A method's card: Markdown in the spec, or a file of the plugin's package."""

from __future__ import annotations

import re
from importlib import resources

from cir_bench.interfaces.specs import MethodSpec
from cir_bench.plugin.registry import Registered, blame

_FILE = re.compile(r"(?P<package>[A-Za-z_]\w*(\.\w+)*):(?P<path>\w[\w./-]*\.md)")


def card_text(registered: Registered[MethodSpec]) -> str:
    """The card's Markdown; its plugin is blamed if the file cannot be read."""
    named = _FILE.fullmatch(registered.spec.card)
    if named is None:
        return registered.spec.card
    with blame(registered, f"reading its card {registered.spec.card}"):
        return resources.files(named["package"]).joinpath(*named["path"].split("/")).read_text(encoding="utf-8")
