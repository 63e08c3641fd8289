"""Builds an open_clip model with its weights, from a tag of the hub or from a local file, never by unpickling code."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import open_clip
import torch
from open_clip.model import resize_pos_embed, resize_text_pos_embed
from torch import Tensor, nn

from cir_bench import ConfigError, DataError
from cir_bench_encoders.openclip_checkpoint import find_state, first_line, read_checkpoint
from cir_bench_encoders.openclip_gelu import Activation, in_fact, of_checkpoint, of_tag
from cir_bench_encoders.openclip_params import OpenClipParams


@dataclass(frozen=True)
class LoadedClip:
    """A model with its weights on the CPU in float32, in evaluation mode.

    Attributes:
        model: without the parts that touch no feature.
        tokenize: texts to token numbers.
        activation: QuickGELU or GELU.
        weights: where the weights come from, in words.
    """

    model: nn.Module
    tokenize: Any
    activation: Activation
    weights: str


def load_model(params: OpenClipParams) -> LoadedClip:
    """The model that the parameters name.

    Raises:
        ConfigError: no weights are named and OpenAI published none for this model, or the tag is unknown; or a
            checkpoint does not tell its activation.
        DataError: weights that cannot be read or do not fit, or that are not here and cannot be downloaded.
    """
    name = _registered_name(params.model)
    with torch.random.fork_rng():  # random initial weights, replaced at once, must not move the run's generator
        build = _from_file if params.checkpoint else _from_hub
        model, activation, weights = build(name, params)
    activation = in_fact(activation, name, params, model)
    return LoadedClip(without_idle_parts(model.eval()), _tokenizer(name), activation, weights)


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


def _from_file(name: str, params: OpenClipParams) -> tuple[nn.Module, Activation, str]:
    path = params.checkpoint
    assert path is not None
    content = read_checkpoint(path)
    activation = of_checkpoint(name, params, content)
    with _quiet():
        model = open_clip.create_model(name, pretrained_hf=False, force_quick_gelu=activation.quick).float()
    without_idle_parts(model)
    found = find_state(path, content, name, model.state_dict())
    model.load_state_dict(_resized(path, dict(found.state), model))
    return model, activation, str(path) + (f", {found.place}" if found.place else "")


def _resized(path: Path, state: dict[str, Tensor], model: nn.Module) -> Mapping[str, Tensor]:
    """Position embeddings interpolated to the model's image size and context length, with a warning."""
    before = {name: tuple(tensor.shape) for name, tensor in state.items()}
    with _quiet():
        resize_pos_embed(state, model)
        resize_text_pos_embed(state, model)
    for name, tensor in state.items():
        if tuple(tensor.shape) != before[name]:
            warnings.warn(
                f"{name} of the checkpoint {path} was interpolated from {before[name][0]} to {len(tensor)} positions.",
                stacklevel=2,
            )
    return state


@contextmanager
def _quiet() -> Iterator[None]:
    """Without open_clip's log."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _from_hub(name: str, params: OpenClipParams) -> tuple[nn.Module, Activation, str]:
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
    activation = of_tag(name, tag, params)
    try:
        model = open_clip.create_model(name, pretrained=tag, force_quick_gelu=activation.quick).float()
    except Exception as error:  # the hub's clients raise their own kinds of errors, all of them meaning "not to be had"
        raise DataError(
            f"the weights {tag or name} of {name} are not on this machine and cannot be downloaded "
            f"({first_line(error)}); with a network, open_clip puts them into the Hugging Face cache once, "
            "or give a file by --set encoder.checkpoint=FILE."
        ) from error
    return model, activation, f"the published weights {tag or name}"


def _tokenizer(name: str) -> Any:
    try:
        return open_clip.get_tokenizer(name)
    except Exception as error:  # as above: some models' tokenizers come from the hub
        raise DataError(
            f"the tokenizer of {name} is not on this machine and cannot be downloaded ({first_line(error)}); "
            "with a network, open_clip puts it into the Hugging Face cache once."
        ) from error
