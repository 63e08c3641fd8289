"""`OpenClip`: any model of open_clip (Ilharco et al.; CLIP: Radford et al., ICML 2021) as an encoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from open_clip.model import get_model_preprocess_cfg
from open_clip.modified_resnet import ModifiedResNet
from torch import Tensor, nn

from cir_bench import ConfigError, Context, Encoder, EncoderShape, FeatureLevel, Features, FeatureShape, ImageRef
from cir_bench.utils import pseudo_word_rows, recompute, recompute_blocks
from cir_bench_encoders.openclip_image import ClipPreprocess
from cir_bench_encoders.openclip_model import load_model
from cir_bench_encoders.openclip_params import OpenClipParams, provides
from cir_bench_encoders.openclip_words import token_embedding, token_rows, words_replaced


class OpenClip(Encoder):
    """CLIP's two towers.

    Levels:
        pooled: the joint space, not normalised, image and text of one width.
        tokens: output of the second-to-last block (or of the last). Images (ViT): the class token, then the patches row
            by row. Texts: from the start to the end-of-text token; padding after it is masked and cut (or kept).
        maps: outputs of a ModifiedResNet's last three stages.

    Batch-norm statistics stay as they were trained, also while fine-tuning (CLIP4Cir).
    """

    version = "1"

    def __init__(self, params: OpenClipParams, context: Context) -> None:
        super().__init__()
        clip = load_model(params)
        self.model, self._tokenize = clip.model, clip.tokenize
        self._facts = {"activation": str(clip.activation), "weights": clip.weights}
        named = clip.activation.quick and not clip.activation.implied
        self._prepare = ClipPreprocess(dict(get_model_preprocess_cfg(self.model)), params, named)
        self.normalise = self._prepare.normalise
        self._provided = provides(params)
        self._name = params.model
        self._params, self._last = params, params.block == "last"
        self.shape = self._measure()
        self.eval()

    @property
    def preprocess(self) -> str:
        """Model, size, resize mode, mean and standard deviation, padding."""
        tokens = ", last block's tokens" if self._last else ""
        return f"{self._prepare.words}{tokens}{', all text positions' if self._params.text_positions == 'all' else ''}"

    def facts(self) -> Mapping[str, str]:
        """The activation and where the weights come from."""
        return self._facts

    def train(self, mode: bool = True) -> OpenClip:
        """Training mode, but for batch norm."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self

    def set_gradient_checkpointing(self, on: bool) -> None:
        """Of every residual block and transformer layer, and of a ModifiedResNet's stem.

        open_clip's own switch leaves a ModifiedResNet as it is, and passes over timm towers that refuse.
        """
        visual = self._part("visual")
        blocks = recompute_blocks(visual, on)
        if on and not blocks:
            raise ConfigError(
                f"the image tower of {self._name} has no blocks to compute again in the backward pass; "
                "leave out gradient_checkpointing."
            )
        recompute_blocks(self.model, on)
        if isinstance(visual, ModifiedResNet):
            recompute(visual, on, method="stem")

    def image_item(self, image: ImageRef, *, train: bool = False) -> Tensor:
        """``[3, H, W]`` uint8; there is no augmentation."""
        return self._prepare(image.open())

    def item_of_pixels(self, pixels: Tensor) -> Tensor:
        """``[3, h, w]`` uint8 of ``[3, H, W]`` uint8, for models whose images torchvision resizes and crops."""
        return self._prepare.of_pixels(pixels)

    def encode_images(self, items: Sequence[Any], levels: frozenset[FeatureLevel]) -> Features:
        """Features of B images ``[3, H, W]`` uint8."""
        return self._image_features(self.normalise(torch.stack(list(items))), levels)

    def encode_texts(self, texts: Sequence[str], levels: frozenset[FeatureLevel]) -> Features:
        """Features of B texts; words beyond the model's context length are cut."""
        ids: Tensor = self._tokenize(list(texts)).to(self.device)
        if FeatureLevel.TOKENS not in levels:
            return Features(pooled=self._encode("encode_text", ids))
        block = len(self._text_tower().transformer.resblocks) - (1 if self._last else 2)
        out = self._intermediates(text=ids, text_indices=[block], normalize_intermediates=self._last)
        mask = torch.ones_like(ids).bool() if self._params.text_positions == "all" else self._real_tokens(ids)
        longest = int(mask.sum(dim=1).max())
        tokens = out["text_intermediates"][0][:, :longest]
        return Features(pooled=out["text_features"], tokens=tokens, mask=mask[:, :longest])

    @property
    def pseudo_word_width(self) -> int | None:
        """Width of the token embedding; None of a text tower or tokenizer from the Hugging Face hub."""
        words = token_embedding(self._text_tower(), self._tokenize)
        return words.embedding_dim if words else None

    def encode_texts_with(self, template: str | Sequence[str], captions: Sequence[str], vectors: Tensor) -> Features:
        """Pooled features of B texts with a pseudo-word each, in the place of one token."""
        words = token_embedding(self._text_tower(), self._tokenize)
        if words is None:
            raise ConfigError(
                f"the text tower or the tokenizer of {self._name} comes from the Hugging Face hub, and pseudo-words "
                "are not implemented for those; choose a model with CLIP's own, for example -e openclip:ViT-B-32."
            )
        rows = pseudo_word_rows(template, captions, vectors, words.embedding_dim)
        ids, at_word = token_rows(self._tokenize, rows, captions)
        with words_replaced(words, at_word, vectors):
            return Features(pooled=self._encode("encode_text", ids.to(self.device)))

    def cut_texts(self, texts: Sequence[str]) -> Sequence[str]:
        """Those of more tokens than the context length (77 of OpenAI's models)."""
        limit: int = self._tokenize.context_length
        long = [text for text in texts if len(text.encode()) + 3 > limit]  # a token is at least a byte
        if not long:
            return []
        # a text that fits reads the same with more room, and has padding there
        ids, with_room, empty = (
            self._tokenize(batch, context_length=length)
            for batch, length in ((long, limit), (long, limit + 2), ([""], limit + 2))
        )
        differs = (ids != with_room[:, :limit]).any(dim=1) | (with_room[:, limit:] != empty[:, limit:]).any(dim=1)
        return [text for text, cut in zip(long, differs.tolist(), strict=True) if cut]

    def _image_features(self, pixels: Tensor, levels: frozenset[FeatureLevel]) -> Features:
        if FeatureLevel.MAPS in levels:
            out = self._intermediates(image=pixels, image_indices=[2, 3, 4])  # 0 is the stem
            return Features(pooled=out["image_features"], maps=tuple(out["image_intermediates"]))
        if FeatureLevel.TOKENS in levels:
            blocks = self._part("visual").transformer.resblocks
            options = {"image_output_fmt": "NLC", "image_output_extra_tokens": True}
            out = self._intermediates(image=pixels, image_indices=[len(blocks) - (1 if self._last else 2)], **options)
            tokens = torch.cat([out["image_intermediates_prefix"][0], out["image_intermediates"][0]], dim=1)
            return Features(
                pooled=out["image_features"], tokens=tokens, mask=tokens.new_ones(tokens.shape[:2], dtype=torch.bool)
            )
        return Features(pooled=self._encode("encode_image", pixels))

    def _real_tokens(self, ids: Tensor) -> Tensor:
        """``[B, L]`` true up to and including the end-of-text token, found as the model's own pooling finds it."""
        tower = self._text_tower()
        pooling = getattr(tower, "pool_type", None) or getattr(tower, "text_pool_type", "argmax")
        if pooling == "argmax":
            end = ids.argmax(dim=1)
        elif pooling == "eos":
            end = ids.eq(tower.eos_id).int().argmax(dim=1)
        else:
            hub_tokenizer = getattr(self._tokenize, "tokenizer", None)
            padding = ids.eq(getattr(hub_tokenizer, "pad_token_id", tower.pad_id)).int()
            end = torch.where(padding.any(dim=1), padding.argmax(dim=1), ids.shape[1] - 1)
        return torch.arange(ids.shape[1], device=ids.device) <= end[:, None]

    def _text_tower(self) -> Any:
        return getattr(self.model, "text", self.model)

    def _part(self, name: str) -> Any:
        return getattr(self.model, name)

    def _encode(self, method: str, batch: Tensor) -> Tensor:
        result: Tensor = getattr(self.model, method)(batch, normalize=False)
        return result

    def _intermediates(self, **options: Any) -> dict[str, Any]:
        result: dict[str, Any] = self._part("forward_intermediates")(normalize=False, **options)
        return result

    def _measure(self) -> EncoderShape:
        """The widths, from one black image and one empty text."""
        height, width = _pair(self._part("visual").image_size)
        with torch.no_grad():
            image = self._image_features(torch.zeros(1, 3, height, width), self._provided.image)
            text = self.encode_texts([""], self._provided.text)
        return EncoderShape(image=_shape(image), text=_shape(text))


def _pair(size: Any) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))


def _shape(features: Features) -> FeatureShape:
    return FeatureShape(
        pooled=features.need_pooled().shape[-1],
        tokens=None if features.tokens is None else features.tokens.shape[-1],
        maps=tuple((m.shape[1], m.shape[2], m.shape[3]) for m in features.maps),
    )
