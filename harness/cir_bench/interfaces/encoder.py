"""`Encoder`: images and texts in, `Features` out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from cir_bench.errors import ConfigError
from cir_bench.interfaces.dataset import ImageRef
from cir_bench.interfaces.features import EncoderShape, Features
from cir_bench.interfaces.levels import FeatureLevel
from cir_bench.utils.state import state_digest


@dataclass(frozen=True)
class TrainCorpus:
    """What an encoder may see before training: the texts of the train split, to build a vocabulary."""

    texts: Sequence[str]
    """Every query text (and side text) of the train split, once, sorted."""


class Encoder(nn.Module, ABC):
    """Turns images and texts into features; the method decides whether it is frozen or fine-tuned.

    The work on an image has two parts, so that it can be parallelised: :meth:`image_item` decodes and preprocesses one
    image in a worker process, and :meth:`encode_images` computes a batch of items on the device.
    """

    version: str = "1"
    """Raise it when the code computes something else from the same weights: cached features become stale."""

    augments: bool = False
    """True if ``image_item(..., train=True)`` is random; its items are then not kept between epochs."""

    shape: EncoderShape
    """Widths of the features; set by the constructor, or by :meth:`fit` at the latest."""

    def fit(self, corpus: TrainCorpus) -> None:
        """Prepare from the train split before anything else (a vocabulary); by default there is nothing to do."""

    @abstractmethod
    def image_item(self, image: ImageRef, *, train: bool = False) -> Any:
        """Decode and preprocess one image into an item for :meth:`encode_images` (a tensor, a caption, a row number).

        With ``train``, augmented, if the encoder augments; random choices use torch's generator.
        """

    @abstractmethod
    def encode_images(self, items: Sequence[Any], levels: frozenset[FeatureLevel]) -> Features:
        """Features of B items, at least at these levels, on the module's device."""

    @abstractmethod
    def encode_texts(self, texts: Sequence[str], levels: frozenset[FeatureLevel]) -> Features:
        """Features of B texts, at least at these levels, on the module's device. Empty texts are legal."""

    def encode_pairs(self, items: Sequence[Any], texts: Sequence[str], levels: frozenset[FeatureLevel]) -> Features:
        """Joint features of B images and B texts, each image read together with its text, on the module's device.

        Offered by encoders whose `Provides.joint` is not empty (MagicLens, SPRC, multimodal language models). An
        instruction, if the encoder takes one, is a parameter of it and part of :attr:`preprocess`, which is in the
        feature cache's key.

        Args:
            items: B items of :meth:`image_item`.
            texts: B texts; empty texts are legal.
            levels: pooled, tokens or both.

        Raises:
            ConfigError: this encoder reads images and texts apart, which is the default.
        """
        raise ConfigError(
            f"the encoder {type(self).__name__} reads images and texts apart; choose one with joint features, for "
            "example -e tiny-joint."
        )

    def item_of_pixels(self, pixels: Tensor) -> Any:
        """The evaluation item of an image that the harness has decoded, as :meth:`image_item` makes it of a file.

        With ``--decode-jpeg device``, JPEG files are decoded where the encoder is, and resized there by this. The two
        may differ by the rounding of resizing; by how much features do is measured before it is used.

        Args:
            pixels: ``[3, H, W]`` uint8, RGB, on the module's device or on the CPU.

        Raises:
            ConfigError: this encoder makes no items of pixels, which is the default.
        """
        raise ConfigError(f"the encoder {type(self).__name__} has no item_of_pixels")

    @property
    def pseudo_word_width(self) -> int | None:
        """Width W of a word in the text tower, if :meth:`encode_texts_with` is implemented; by default None."""
        return None

    def encode_texts_with(self, template: str | Sequence[str], captions: Sequence[str], vectors: Tensor) -> Features:
        """Features (at least pooled) of B texts, each with a pseudo-word: a vector in the place of a word's embedding.

        Zero-shot methods map an image to such a vector (Pic2Word: Saito et al., CVPR 2023; SEARLE: Baldrati et al.,
        ICCV 2023; LinCIR: Gu et al., CVPR 2024). It enters the text tower as a word of the vocabulary does: before the
        positions are added, neither normalised nor scaled. Gradients flow to it.

        Texts that are too long lose the end of their caption; the pseudo-word and the template's own words are never
        cut. `cir_bench.utils.pseudo_word_rows` checks the arguments and splits the templates.

        Args:
            template: one ``$`` for the pseudo-word and ``{text}`` for the caption, apart from other words:
                ``"a photo of $ that {text}"``. It may lack ``{text}`` if all captions are empty. Or a sequence with a
                template for each text, which may have several ``$``: all are the text's vector (LinCIR).
            captions: B texts, which may be empty; a ``$`` in a caption is an ordinary character.
            vectors: ``[B, W]`` float on the encoder's device, W being `pseudo_word_width`.

        Raises:
            ConfigError: this encoder has no pseudo-words, which is the default; the template has not exactly one
                ``$`` (of a sequence: one has none), or is itself too long; or the vectors have another shape.
        """
        raise without_pseudo_words(self)

    def has(self, image: ImageRef) -> bool:
        """Whether this encoder can represent the image: it has its pixels, its caption or its row."""
        return image.exists()

    def image_digest(self, image: ImageRef) -> str:
        """Digest of what this encoder reads for the image: by default the image file, otherwise a caption or a row."""
        return image.digest()

    def cut_texts(self, texts: Sequence[str]) -> Sequence[str]:
        """Those of the texts that are longer than this encoder reads, so that their end is lost; by default none.

        The harness counts them, warns and records the number.
        """
        return ()

    def cut_images(self, images: Sequence[ImageRef]) -> Sequence[str]:
        """Ids of the images of which it reads a text (a caption) that is longer than it reads; by default none."""
        return ()

    def facts(self) -> Mapping[str, str]:
        """What the record should say of it besides its parameters: where weights come from, what was decided."""
        return {}

    @property
    def preprocess(self) -> str:
        """A description of the preprocessing that changes when it does; part of the feature cache's key."""
        return "none"

    def weights_digest(self) -> str:
        """Hex digest of everything learned or fitted; part of the feature cache's key and of every record."""
        return state_digest(self)

    def extra_state(self) -> Mapping[str, Any]:
        """The result of :meth:`fit` as JSON values, so that a checkpoint can be loaded without fitting again."""
        return {}

    def load_extra_state(self, state: Mapping[str, Any]) -> None:
        """Restore the result of :meth:`extra_state`."""

    def parameter_groups(self) -> dict[str, list[nn.Parameter]]:
        """Parameters by name; ``backbone`` is the pretrained part, which a recipe can give its own learning rate."""
        return {"backbone": list(self.parameters())}

    def set_gradient_checkpointing(self, on: bool) -> None:
        """Compute activations again in the backward pass instead of keeping them, or stop doing so.

        Features, gradients and state must be the same as without it: a batch counts once in batch norm's statistics.
        For torch modules, `recompute_blocks` does it.

        Raises:
            ConfigError: this encoder cannot do it, which is the default.
        """
        if on:
            raise ConfigError(
                f"the encoder {type(self).__name__} cannot compute its activations again in the backward pass; "
                "set gradient_checkpointing=false."
            )

    @property
    def device(self) -> torch.device:
        """The module's device."""
        for tensor in [*self.parameters(), *self.buffers()]:
            return tensor.device
        return torch.device("cpu")


def without_pseudo_words(encoder: Encoder) -> ConfigError:
    """The error of an encoder that reads no pseudo-words."""
    return ConfigError(
        f"the encoder {type(encoder).__name__} has no pseudo-words; choose one whose text tower reads them, "
        "for example -e openclip:ViT-B-32."
    )
