"""The levels of features: which there are, which a method needs, which an encoder provides. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Literal


class FeatureLevel(str, Enum):
    """A level of features of an image or a text."""

    POOLED = "pooled"
    """One vector per item, ``[B, d]``."""
    TOKENS = "tokens"
    """A sequence per item, ``[B, L, d]``, with a mask ``[B, L]``, true at real tokens."""
    MAPS = "maps"
    """Feature maps of a CNN, shallow to deep, each ``[B, C, H, W]`` (images only)."""

    def __str__(self) -> str:
        return self.value


def levels(*names: str | FeatureLevel) -> frozenset[FeatureLevel]:
    """``levels("pooled", "maps")`` as a set of :class:`FeatureLevel`."""
    return frozenset(FeatureLevel(name) for name in names)


Examples = Literal["triplets", "images", "texts"]
"""What a method is trained on."""


def _named(levels: Iterable[FeatureLevel]) -> str:
    return ", ".join(sorted(level.value for level in levels)) or "nothing"


@dataclass(frozen=True)
class Needs:
    """The features that a composer or a method reads; compared with an encoder's :class:`Provides` before any work.

    ``Needs(image=levels(), text=levels())`` reads nothing of an encoder: nothing is encoded, and the pooled features
    ``[B, 8]`` are numbers made from the names of the images and from the texts.
    """

    image: frozenset[FeatureLevel] = field(default_factory=lambda: levels("pooled"))
    text: frozenset[FeatureLevel] = field(default_factory=lambda: levels("pooled"))
    map_levels: int = 1
    """How many maps are read, counted from the deepest (VAL: 3). Only with ``FeatureLevel.MAPS`` in ``image``."""
    same_width: bool = False
    """Pooled image and text features are added up, so they must have the same width."""
    side_text: bool = False
    """Training reads the images' own descriptions (VAL's L_vs)."""
    side_text_from: str | None = None
    """The data set, ``NAME`` or ``NAME:ARGUMENT``, whose images and descriptions a stage on descriptions uses
    (`TrainStage.descriptions`); None: the benchmark's own. VAL on FashionIQ uses Fashion200k's."""
    text_from: str | None = None
    """The artefact (``--artefact NAME=FILE``) whose texts the composer gets as ``text``, in place of the modification
    texts: ``"target-text"``. Such a method is not trained. None: it gets the modification texts."""
    triplets: bool = True
    """Training reads triplets. False: it reads ``images`` or ``texts`` alone, and exactly one of them is true."""
    images: bool = False
    """With ``triplets=False``: training reads images alone; reference and target of a `TrainBatch` are the same image,
    its text is empty."""
    texts: bool = False
    """With ``triplets=False``: training reads texts alone; a `TrainBatch` has no images. The texts are the images' own
    descriptions or, where the data set has none, the modification texts."""
    corpus: str | None = None
    """With ``triplets=False``: the data set, ``NAME`` or ``NAME:ARGUMENT``, whose train split has the images or texts;
    None: the benchmark's own."""
    pseudo_words: bool = False
    """The encoder's text tower is asked to read pseudo-words (`BuildContext.pseudo_words`)."""
    template: str = "a photo of $ that {text}"
    """With ``pseudo_words``: the text of a query where the protocol has no template for them; ``$`` is the pseudo-word,
    ``{text}`` the modification text."""

    @property
    def features(self) -> bool:
        """Whether anything of an encoder is read."""
        return bool(self.image or self.text or self.joint or self.pseudo_words)

    @property
    def examples(self) -> Examples:
        """What training reads."""
        return "triplets" if self.triplets else "images" if self.images else "texts"

    joint: frozenset[FeatureLevel] = frozenset()
    """The levels of joint features, of a reference image and its modification text read together
    (`Encoder.encode_pairs`); pooled or tokens. Empty: none."""

    def __or__(self, other: Needs) -> Needs:
        """The needs of both: of a wrapper, which says what is trained on, and of what it wraps."""
        return replace(
            self,
            image=self.image | other.image,
            text=self.text | other.text,
            map_levels=max(self.map_levels, other.map_levels),
            same_width=self.same_width or other.same_width,
            side_text=self.side_text or other.side_text,
            side_text_from=self.side_text_from or other.side_text_from,
            text_from=self.text_from or other.text_from,
            pseudo_words=self.pseudo_words or other.pseudo_words,
            template=self.template if self.pseudo_words else other.template,
            joint=self.joint | other.joint,
        )


@dataclass(frozen=True)
class Provides:
    """The features that an encoder provides."""

    image: frozenset[FeatureLevel] = field(default_factory=lambda: levels("pooled"))
    text: frozenset[FeatureLevel] = field(default_factory=lambda: levels("pooled"))
    joint: frozenset[FeatureLevel] = frozenset()
    """Of an image and a text read together (`Encoder.encode_pairs`); empty for an encoder that reads them apart."""
    map_levels: int = 0
    same_width: bool = True
    trainable: bool = True
    """False if there is nothing behind the features to fine-tune (precomputed files)."""
    pretrained: bool = True
    """False if the features mean nothing before training (cnn-lstm): every recipe then trains the encoder, too."""
    pseudo_words: bool = False
    """Its text tower reads pseudo-words (`Encoder.encode_texts_with`)."""

    def lacks(self, needs: Needs) -> list[str]:
        """What ``needs`` asks for and this encoder does not provide, in words; empty if the pairing works."""
        found: list[str] = []
        for role, needed, provided in (
            ("image", needs.image, self.image),
            ("text", needs.text, self.text),
            ("joint", needs.joint, self.joint),
        ):
            if needed - provided:
                found.append(f"{role} features {_named(needed - provided)} (it gives {_named(provided)})")
        if FeatureLevel.MAPS in needs.image and FeatureLevel.MAPS in self.image and needs.map_levels > self.map_levels:
            found.append(f"{needs.map_levels} levels of image maps (it gives {self.map_levels})")
        if needs.same_width and not self.same_width:
            found.append("image and text features of one width")
        if needs.pseudo_words and not self.pseudo_words:
            found.append("pseudo-words")
        return found
