"""Parameters of the encoder ``openclip``, and what a model provides by its configuration file. Imports no torch."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from cir_bench import AddedLater, Params, Provides, levels
from cir_bench.utils import did_you_mean, parse_json, read_bounded

SCHEMES = ("hf-hub:", "local-dir:")


class OpenClipParams(Params):
    """``openclip:MODEL`` or ``openclip:MODEL:PRETRAINED``."""

    argument: ClassVar[str | None] = "model"

    model: str = "ViT-B-16"
    """A model of open_clip (``RN50``, ``ViT-B-16-quickgelu``, ``hf-hub:…``, ``local-dir:…``) or its .json file."""
    pretrained: str | None = None
    """Tag of published weights (``laion2b_s34b_b88k``); by default OpenAI's, where the model has them."""
    checkpoint: Path | None = None
    """Local weights instead: a .safetensors, .pt, .pth or .bin with a state dict, which may be inside other dicts and
    have prefixes (``{"epoch": …, "CLIP": …}``, ``module.``)."""
    quick_gelu: bool | None = None
    """OpenAI's activation; by default what the tag was trained with, or what the checkpoint says. A checkpoint that may
    have been trained with either is refused until this is set."""
    preprocess: Literal["model", "target-pad"] = "model"
    """``target-pad``: pad to ``pad_ratio`` before the model's own resize and crop (CLIP4Cir)."""
    pad_ratio: Annotated[float, Field(ge=1)] = 1.25
    """Largest ratio of the sides that ``target-pad`` leaves."""

    block: Annotated[Literal["second-to-last", "last"], AddedLater()] = "second-to-last"
    """The block whose output the tokens are; of texts, that of the ``last`` one after the final norm (TG-CIR's released
    code)."""
    text_positions: Annotated[Literal["real", "all"], AddedLater()] = "real"
    """Text tokens: from start to end-of-text, or ``all`` positions of the model's context, padding among them (TG-CIR's
    released code)."""

    @model_validator(mode="before")
    @classmethod
    def _split(cls, values: Any) -> Any:
        """``MODEL:PRETRAINED`` to its two fields."""
        if isinstance(values, dict) and isinstance(values.get("model"), str):
            model, colon, tag = values["model"].partition(":")
            if colon and not values["model"].startswith(SCHEMES):
                if values.get("pretrained") not in (None, tag):
                    raise ValueError(f"pretrained is given twice, as {tag} and as {values['pretrained']}")
                return values | {"model": model, "pretrained": tag}
        return values

    @field_validator("model")
    @classmethod
    def _known(cls, model: str) -> str:
        if model.startswith(SCHEMES):
            return model
        if model.endswith(".json"):
            if not Path(model).is_file():
                raise ValueError(f"there is no file {model}")
        elif (names := _built_in()) and model not in names:
            raise ValueError(f"open_clip has no such model; {did_you_mean(model, names)}")
        return model

    @model_validator(mode="after")
    def _one_source(self) -> OpenClipParams:
        if self.checkpoint is not None and self.pretrained is not None:
            raise ValueError("give pretrained or checkpoint, not both")
        if self.checkpoint is not None and self.model.startswith(SCHEMES):
            raise ValueError(f"a checkpoint cannot replace the weights of {self.model}; name a model of open_clip")
        return self


def provides(params: Any) -> Provides:
    """What the model gives: a ModifiedResNet maps, a ViT tokens, any other image tower pooled features only.

    A text tower or tokenizer of the Hugging Face hub reads no pseudo-words; of a model whose configuration is on the
    hub that is not known before it is loaded.
    """
    config = _config(params.model)
    vision, text = config.get("vision_cfg", {}), config.get("text_cfg", {})
    text_levels = levels("pooled") if _without_text_tokens(config, text) else levels("pooled", "tokens")
    words = not config or ("hf_model_name" not in text and "hf_tokenizer_name" not in text)
    if isinstance(vision.get("layers"), list):
        return Provides(image=levels("pooled", "maps"), text=text_levels, map_levels=3, pseudo_words=words)
    if "layers" in vision and "timm_model_name" not in vision:
        return Provides(image=levels("pooled", "tokens"), text=text_levels, pseudo_words=words)
    return Provides(image=levels("pooled"), text=text_levels, pseudo_words=words)


def _without_text_tokens(config: dict[str, Any], text: dict[str, Any]) -> bool:
    return not config or "hf_model_name" in text or "multimodal_cfg" in config


def _config(model: str) -> dict[str, Any]:
    """The configuration as a dict; empty when it is only known on the hub."""
    if model.startswith("local-dir:"):
        path = Path(model.removeprefix("local-dir:")) / "open_clip_config.json"
    elif model.startswith("hf-hub:"):
        return {}
    else:
        path = Path(model) if model.endswith(".json") else _built_in().get(model, Path())
    if not path.is_file():
        return {}
    config: dict[str, Any] = parse_json(read_bounded(path, 2**20))
    inner: dict[str, Any] = config.get("model_cfg", config)
    return inner


@cache
def _built_in() -> dict[str, Path]:
    """open_clip's configuration files by model name; finding the package does not import it (nor torch)."""
    spec = importlib.util.find_spec("open_clip")
    folders = spec.submodule_search_locations if spec else None
    files = [path for folder in folders or [] for path in (Path(folder) / "model_configs").glob("*.json")]
    return {path.stem: path for path in files}
