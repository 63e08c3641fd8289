"""QuickGELU or GELU: OpenAI's models, and a few others, were trained with a cheaper activation.

Their weights fit a model with either; with the wrong one the features are worse, and nothing else shows it.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import open_clip
from torch import nn

from cir_bench import ConfigError
from cir_bench.utils import parse_json, read_bounded
from cir_bench_encoders.openclip_checkpoint import is_openai
from cir_bench_encoders.openclip_params import OpenClipParams

CONFIG = "open_clip_config.json"
"""Accompanies the weights of the hub."""
_KEYS = ("force_quick_gelu", "quick_gelu")


class Activation(NamedTuple):
    """Whether a model has QuickGELU, how that is known, and whether the names of model and weights imply it."""

    quick: bool
    why: str
    implied: bool = False

    def __str__(self) -> str:
        return f"{'QuickGELU' if self.quick else 'GELU'} ({self.why})"


def of_tag(name: str, tag: str | None, params: OpenClipParams) -> Activation:
    """The activation for published weights; a setting that contradicts them is a warning. No tag: the hub says it."""
    if tag is None:
        return Activation(bool(params.quick_gelu), "set by encoder.quick_gelu=true")
    quick = bool(open_clip.get_pretrained_cfg(name, tag).get("quick_gelu", False))
    return _chosen(params, Activation(quick, f"as the weights {tag} were trained", implied=True))


def of_checkpoint(name: str, params: OpenClipParams, content: Any) -> Activation:
    """The activation for a file's weights: as the file says, or as the user does.

    Args:
        name: the model's name.
        params: the encoder's parameters.
        content: what was read from the file.

    Raises:
        ConfigError: neither says it, and the model has published weights with QuickGELU, or the file's name suggests
            it.
    """
    path = params.checkpoint
    assert path is not None
    if (open_clip.get_model_config(name) or {}).get("quick_gelu"):
        return _chosen(params, Activation(True, f"as the configuration of {name} says", implied=True))
    if is_openai(content):
        return _chosen(params, Activation(True, "the checkpoint is one of OpenAI's"))
    for written, where in ((_written(content), "the checkpoint"), (_config_next_to(path), f"{CONFIG} next to it")):
        if written is not None:
            return _chosen(params, Activation(written, f"as {where} says"))
    reason = _doubt(name, path)
    if reason and params.quick_gelu is None:
        raise ConfigError(
            f"the checkpoint {path} does not say whether it was trained with QuickGELU, but {reason}; "
            "set encoder.quick_gelu=true for weights of OpenAI or fine-tuned from them, encoder.quick_gelu=false for "
            "weights trained with GELU."
        )
    return _chosen(params, Activation(bool(params.quick_gelu), "no published weights of this model have QuickGELU"))


def in_fact(activation: Activation, name: str, params: OpenClipParams, model: nn.Module) -> Activation:
    """What the model turned out to have; `ConfigError` if the user's setting is something else."""
    quick = any(type(module).__name__ == "QuickGELU" for module in model.modules())
    if params.quick_gelu not in (None, quick):
        has = "QuickGELU" if quick else "no QuickGELU"
        raise ConfigError(f"the model {name} has {has}, whatever encoder.quick_gelu says; leave that setting out.")
    own = "as the model's own configuration says"
    return activation if quick == activation.quick else Activation(quick, own, implied=True)


def _chosen(params: OpenClipParams, known: Activation) -> Activation:
    """The user's setting, or else what is known; a warning if they differ."""
    if params.quick_gelu is None:
        return known
    setting = f"encoder.quick_gelu={str(params.quick_gelu).lower()}"
    if known.quick != params.quick_gelu:
        warnings.warn(f"{setting} contradicts the weights: {known}.", stacklevel=3)
    return Activation(params.quick_gelu, f"set by {setting}")


def _written(content: Any) -> bool | None:
    """A setting that was saved with the weights, at the top or one level below (``args``, ``config``)."""
    if not isinstance(content, Mapping):
        return None
    for entries in (content, *(entry for entry in content.values() if isinstance(entry, Mapping))):
        for key in _KEYS:
            if isinstance(entries.get(key), bool):
                return bool(entries[key])
    return None


def _config_next_to(path: Path) -> bool | None:
    """What the hub's configuration in the checkpoint's folder says of it."""
    try:
        config = parse_json(read_bounded(path.parent / CONFIG, 2**20))
        return bool(config["model_cfg"].get("quick_gelu", False))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _doubt(name: str, path: Path) -> str:
    """Why the checkpoint may well have been trained with QuickGELU; empty if nothing suggests it."""
    tags = [tag for tag in open_clip.list_pretrained_tags_by_model(name) if _quick(name, tag)]
    if tags:
        return f"the published weights {', '.join(tags)} of {name} were"
    hints = [word for word in ("openai", "quickgelu") if word in path.name.lower().replace("-", "").replace("_", "")]
    return f"its name contains {hints[0]!r}" if hints else ""


def _quick(name: str, tag: str) -> bool:
    return bool(open_clip.get_pretrained_cfg(name, tag).get("quick_gelu", False))
