"""`Encoder`: images and texts in, `Features` out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from cir_bench.errors import ConfigError
from cir_bench.interfaces.dataset import ImageRef
from cir_bench.interfaces.features import EncoderShape, Features
from cir_bench.interfaces.levels import FeatureLevel
from cir_bench.utils.state import state_digest


@dataclass(frozen=True)
class TrainCorpus:
    """What an encoder may look at before training: the train split's texts (to build a vocabulary), nothing else."""

    texts: Sequence[str]
    """Every query text (and side text) of the train split, sorted, without repeats."""


class Encoder(nn.Module, ABC):
    """Turns images and texts into features. Frozen or fine-tuned is the method's choice.

    The work on one image is split in two so that it parallelises: :meth:`image_item` (decode, preprocess; in worker
    processes, on the CPU) and :meth:`encode_images` (a batch of items, on the device).
    """

    version: str = "1"
    """Raise it whenever the code computes something else from the same weights: cached features become stale."""

    augments: bool = False
    """True when ``image_item(..., train=True)`` draws random choices; its items are then not kept between epochs."""

    shape: EncoderShape
    """Widths of the features; set by the constructor (or by :meth:`fit` at the latest)."""

    def fit(self, corpus: TrainCorpus) -> None:
        """Prepare from the train split before anything else (a vocabulary); the default needs nothing."""

    @abstractmethod
    def image_item(self, image: ImageRef, *, train: bool = False) -> Any:
        """Decode and preprocess one image to what :meth:`encode_images` takes (a tensor, a caption, a row number).

        ``train`` asks for the encoder's training augmentation, if it has one; random choices use torch's generator.
        """

    @abstractmethod
    def encode_images(self, items: Sequence[Any], levels: frozenset[FeatureLevel]) -> Features:
        """Features of B items at the asked levels (at least those), on the module's device."""

    @abstractmethod
    def encode_texts(self, texts: Sequence[str], levels: frozenset[FeatureLevel]) -> Features:
        """Features of B texts at the asked levels (at least those), on the module's device. Empty texts are legal."""

    def has(self, image: ImageRef) -> bool:
        """Whether this encoder can represent the image (pixels there, caption there, row there)."""
        return image.exists()

    def image_digest(self, image: ImageRef) -> str:
        """Digest of what this encoder reads for the image: the pixels' file by default, else caption or row."""
        return image.digest()

    @property
    def preprocess(self) -> str:
        """The preprocessing in words that change when it does; part of the feature cache's key."""
        return "none"

    def weights_digest(self) -> str:
        """Hex digest of everything learned or fitted; part of the feature cache's key and of every record."""
        return state_digest(self)

    def extra_state(self) -> Mapping[str, Any]:
        """What :meth:`fit` found, as JSON values, so that a checkpoint can be loaded without fitting again."""
        return {}

    def load_extra_state(self, state: Mapping[str, Any]) -> None:
        """Take back what :meth:`extra_state` gave."""

    def parameter_groups(self) -> dict[str, list[nn.Parameter]]:
        """Parameters by a name that a recipe can give its own learning rate; ``backbone`` is the pretrained part."""
        return {"backbone": list(self.parameters())}

    def set_gradient_checkpointing(self, on: bool) -> None:
        """Compute activations again in the backward pass instead of keeping them, from now on or no longer.

        Features, gradients and state stay what they are without it: batch norm's statistics count a batch once. For
        torch modules, `recompute_blocks` does it; the default refuses.

        Raises:
            ConfigError: this encoder cannot.
        """
        if on:
            raise ConfigError(
                f"the encoder {type(self).__name__} cannot compute its activations again in the backward pass; "
                "leave out gradient_checkpointing."
            )

    @property
    def device(self) -> torch.device:
        """Where the module is."""
        for tensor in [*self.parameters(), *self.buffers()]:
            return tensor.device
        return torch.device("cpu")
