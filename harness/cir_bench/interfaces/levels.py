"""Which features exist, which a method needs, which an encoder provides. Imports no torch: `plan` decides with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum


class FeatureLevel(str, Enum):
    """A kind of feature of an image or of a text."""

    POOLED = "pooled"
    """One vector per item, ``[B, d]``."""
    TOKENS = "tokens"
    """A sequence per item, ``[B, L, d]``, with a mask ``[B, L]`` that is true at real tokens."""
    MAPS = "maps"
    """Feature maps of a CNN, shallow to deep, each ``[B, C, H, W]`` (images only)."""

    def __str__(self) -> str:
        return self.value


def levels(*names: str | FeatureLevel) -> frozenset[FeatureLevel]:
    """``levels("pooled", "maps")`` as a set of :class:`FeatureLevel`."""
    return frozenset(FeatureLevel(name) for name in names)


def _named(kinds: Iterable[FeatureLevel]) -> str:
    return ", ".join(sorted(kind.value for kind in kinds)) or "nothing"


@dataclass(frozen=True)
class Needs:
    """What a composer or a method consumes; checked against an encoder's :class:`Provides` before any work."""

    image: frozenset[FeatureLevel] = field(default_factory=lambda: levels("pooled"))
    text: frozenset[FeatureLevel] = field(default_factory=lambda: levels("pooled"))
    map_levels: int = 1
    """How many maps are read, counted from the deepest (VAL: 3). Only with ``FeatureLevel.MAPS`` in ``image``."""
    same_width: bool = False
    """Pooled image and text features are added up, so they must have one width."""
    side_text: bool = False
    """Training reads the image's own description (VAL's L_vs)."""
    side_text_from: str | None = None
    """Stages on descriptions (`TrainStage.descriptions`) take images and descriptions from this data set, ``NAME`` or
    ``NAME:ARGUMENT``, rather than from the benchmark's own (VAL on FashionIQ: from Fashion200k)."""

    def __or__(self, other: Needs) -> Needs:
        """The needs of both (a wrapper and what it wraps)."""
        return Needs(
            image=self.image | other.image,
            text=self.text | other.text,
            map_levels=max(self.map_levels, other.map_levels),
            same_width=self.same_width or other.same_width,
            side_text=self.side_text or other.side_text,
            side_text_from=self.side_text_from or other.side_text_from,
        )


@dataclass(frozen=True)
class Provides:
    """What an encoder gives."""

    image: frozenset[FeatureLevel] = field(default_factory=lambda: levels("pooled"))
    text: frozenset[FeatureLevel] = field(default_factory=lambda: levels("pooled"))
    map_levels: int = 0
    same_width: bool = True
    trainable: bool = True
    """False when there is nothing behind the features that could be fine-tuned (precomputed files)."""
    pretrained: bool = True
    """False when the features mean nothing before training (cnn-lstm): then every recipe trains the encoder too."""

    def lacks(self, needs: Needs) -> list[str]:
        """Say in words what ``needs`` asks for and this encoder does not give; empty when the pairing works."""
        found: list[str] = []
        for what, wanted, given in (("image", needs.image, self.image), ("text", needs.text, self.text)):
            if wanted - given:
                found.append(f"{what} features {_named(wanted - given)} (it gives {_named(given)})")
        if FeatureLevel.MAPS in needs.image and FeatureLevel.MAPS in self.image and needs.map_levels > self.map_levels:
            found.append(f"{needs.map_levels} levels of image maps (it gives {self.map_levels})")
        if needs.same_width and not self.same_width:
            found.append("image and text features of one width")
        return found
