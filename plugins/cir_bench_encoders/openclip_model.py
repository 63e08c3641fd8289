"""Builds an open_clip model with its weights, from a tag of the hub or from a local file, never by unpickling code."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import open_clip
import torch
from torch import nn

from cir_bench import ConfigError, DataError
from cir_bench_encoders.openclip_params import OpenClipParams

CHECKPOINTS = (".safetensors", ".pt", ".pth", ".bin")


def load_model(params: OpenClipParams) -> tuple[nn.Module, Any]:
    """The model with its weights on the CPU in float32, in evaluation mode, and its tokenizer.

    Raises:
        ConfigError: no weights are named and OpenAI published none for this model, or the tag is unknown.
        DataError: weights that cannot be read or do not fit, or that are not here and cannot be downloaded.
    """
    name = _registered_name(params.model)
    with torch.random.fork_rng():  # random initial weights, replaced at once, must not move the run's generator
        model = _from_file(name, params) if params.checkpoint else _from_hub(name, params)
    return without_idle_parts(model.eval()), _tokenizer(name)


def without_idle_parts(model: nn.Module) -> nn.Module:
    """Drop logit scale and bias, and CoCa's caption decoder: they touch no feature, so nothing would train them."""
    for name in ("logit_scale", "logit_bias", "text_decoder"):
        if isinstance(getattr(model, name, None), (nn.Parameter, nn.Module)):
            setattr(model, name, None)
    return model


def _registered_name(model: str) -> str:
    if not model.endswith(".json"):
        return model
    open_clip.add_model_config(Path(model))
    return Path(model).stem


def _from_file(name: str, params: OpenClipParams) -> nn.Module:
    path = params.checkpoint
    assert path is not None
    if not path.is_file():
        raise DataError(f"there is no checkpoint {path}; correct encoder.checkpoint.")
    if path.suffix not in CHECKPOINTS:
        raise DataError(f"the checkpoint {path} is not a file this encoder loads: {', '.join(CHECKPOINTS)}.")
    try:
        return _create(name, str(path), bool(params.quick_gelu))
    except pickle.UnpicklingError as error:
        raise DataError(
            f"the checkpoint {path} is more than a state dict of tensors, and loading it could run its code; "
            "save `model.state_dict()` alone, best as .safetensors."
        ) from error
    except (RuntimeError, OSError, EOFError, KeyError, ValueError, AttributeError, StopIteration) as error:
        raise DataError(
            f"the checkpoint {path} cannot be loaded into {name}: {_first_line(error)}; "
            "check that encoder.model is the model it was saved from."
        ) from error


def _from_hub(name: str, params: OpenClipParams) -> nn.Module:
    if name.startswith(("hf-hub:", "local-dir:")):
        tag, tags = None, []
    else:
        tags = open_clip.list_pretrained_tags_by_model(name)
        tag = params.pretrained or ("openai" if "openai" in tags else None)
        if tag is None or not open_clip.is_pretrained_cfg(name, tag):
            known = f"its tags are {', '.join(tags)}" if tags else "it has no published weights"
            what = f"no weights {tag!r}" if tag else "no default weights"
            raise ConfigError(
                f"open_clip's {name} has {what}: {known}; "
                f"name one as openclip:{name}:TAG, or give a file by --set encoder.checkpoint=FILE."
            )
    quick_gelu = params.quick_gelu
    if quick_gelu is None and tag is not None:
        quick_gelu = bool(open_clip.get_pretrained_cfg(name, tag).get("quick_gelu", False))
    try:
        return _create(name, tag, bool(quick_gelu))
    except Exception as error:  # the hub's clients raise their own kinds of errors, all of them meaning "not to be had"
        raise DataError(
            f"the weights {tag or name} of {name} are not on this machine and cannot be downloaded "
            f"({_first_line(error)}); with a network, open_clip puts them into the Hugging Face cache once, "
            "or give a file by --set encoder.checkpoint=FILE."
        ) from error


def _create(name: str, pretrained: str | None, quick_gelu: bool) -> nn.Module:
    model: nn.Module = open_clip.create_model(name, pretrained=pretrained, force_quick_gelu=quick_gelu)
    return model.float()


def _tokenizer(name: str) -> Any:
    try:
        return open_clip.get_tokenizer(name)
    except Exception as error:  # as above: some models' tokenizers come from the hub
        raise DataError(
            f"the tokenizer of {name} is not on this machine and cannot be downloaded ({_first_line(error)}); "
            "with a network, open_clip puts it into the Hugging Face cache once."
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".:")
