"""`PublishedWeights`: how the authors of a method save its weights. Imports no torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class PublishedWeights:
    """The layout of the files in which the authors of a method publish its weights.

    ``cir-bench run --weights FILE`` reads such a file and evaluates the method without training it. Only tensors in
    plain containers are read, never code. If all names of the state dict begin with ``module.`` or ``_orig_mod.`` (it
    was saved from a parallel or compiled module), they are read without it. A file that is a state dict and nothing
    else is read whatever ``entry`` says, so that weights can be saved again as safetensors.
    """

    entry: str = ""
    """The key of the file that holds the state dict (``"Combiner"``); empty: the file is the state dict."""
    module: str = "composer"
    """The submodule of the `Method` that the weights are for. It must contain all parameters of the composer, and the
    file all parameters and buffers of it."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Published names to names in ``module``, of weights or of the modules that have them; all others stay as they are:
    ``{"output_layer": "output.1"}``."""
    convert: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
    """For what names cannot say, such as a matrix that is split here: a function from the tensors of the file by
    published name to those that are looked up in ``names``."""
    unused: tuple[str, ...] = ()
    """Published weights, or modules, that the evaluation does not use (``"logit_scale"``)."""
    width: tuple[str, int] | None = None
    """A published weight, and its dimension that is the width of the encoder's features
    (``("output_layer.weight", 0)``), for an error that says which encoder the weights need."""
    encoders: Mapping[int, str] = field(default_factory=dict)
    """The encoder that weights of a width were published for: ``{640: "openclip:RN50x4:openai"}``."""
    caution: str = ""
    """What a reader of the numbers must know: ``"chosen on the validation split"``."""

    def ours(self, published: str) -> str:
        """The name in ``module`` of a published weight."""
        return _renamed(published, self.names)

    def published(self, ours: str) -> str:
        """The published name of a weight of ``module``."""
        return _renamed(ours, {name: their for their, name in self.names.items()})

    def ignores(self, published: str) -> bool:
        """Whether a published weight is one of ``unused``."""
        return any(_within(published, name) for name in self.unused)


def _renamed(name: str, names: Mapping[str, str]) -> str:
    """``name`` with the longest of the prefixes that it has replaced."""
    prefix = max((one for one in names if _within(name, one)), key=len, default=None)
    return name if prefix is None else names[prefix] + name[len(prefix) :]


def _within(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}.")
