"""`Features`: the output of an encoder for a batch of images or texts, at one or several levels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from cir_bench.interfaces.levels import FeatureLevel

JOINT = "joint"
"""The branch of a text's features that has those of the pair."""


@dataclass(frozen=True)
class FeatureShape:
    """Widths of the features of images or of texts; None or empty for a level that is not provided."""

    pooled: int | None = None
    """d of ``[B, d]``."""
    tokens: int | None = None
    """d of ``[B, L, d]``."""
    maps: tuple[tuple[int, int, int], ...] = ()
    """(C, H, W) of each map, shallow to deep."""

    @property
    def width(self) -> int:
        """The pooled width; an error if there are no pooled features."""
        if self.pooled is None:
            raise ValueError("this encoder gives no pooled features")
        return self.pooled


@dataclass(frozen=True)
class EncoderShape:
    """The widths of an encoder's image and text features."""

    image: FeatureShape = FeatureShape()
    text: FeatureShape = FeatureShape()
    joint: FeatureShape = FeatureShape()
    """Of an image and a text read together; no maps."""


@dataclass(frozen=True)
class Features:
    """Features of B images or B texts. Missing levels are None (maps: an empty tuple)."""

    pooled: Tensor | None = None
    """``[B, d]``, not normalised."""
    tokens: Tensor | None = None
    """``[B, L, d]``."""
    mask: Tensor | None = None
    """``[B, L]`` bool, true at real tokens, false at padding; comes with ``tokens``."""
    maps: tuple[Tensor, ...] = ()
    """Each ``[B, C, H, W]``, shallow to deep."""
    branches: Mapping[str, Features] = field(default_factory=dict)
    """Features of further copies of the encoder by name (CLVC-Net's two networks); see :meth:`branch`."""
    texts: tuple[str, ...] = ()
    """The B texts themselves, of features of texts; read with :meth:`need_texts`."""

    def __post_init__(self) -> None:
        if (self.tokens is None) != (self.mask is None):
            raise ValueError("Features: tokens and mask come together")
        if self.tokens is not None and self.mask is not None and self.tokens.shape[:2] != self.mask.shape:
            raise ValueError(f"Features: tokens {tuple(self.tokens.shape)} and mask {tuple(self.mask.shape)} disagree")
        sizes = {len(one) for one in (self.pooled, self.tokens, self.mask, *self.maps) if one is not None}
        if self.texts:
            sizes.add(len(self.texts))
        if len(sizes) > 1:
            raise ValueError(f"Features: levels of different batch sizes {sorted(sizes)}")

    def __len__(self) -> int:
        """B, the number of items."""
        for tensor in self.tensors().values():
            return len(tensor)
        for features in self.branches.values():
            return len(features)
        return len(self.texts)

    @property
    def levels(self) -> frozenset[FeatureLevel]:
        """The levels that are present."""
        present = {
            FeatureLevel.POOLED: self.pooled is not None,
            FeatureLevel.TOKENS: self.tokens is not None,
            FeatureLevel.MAPS: bool(self.maps),
        }
        return frozenset(level for level, is_present in present.items() if is_present)

    def branch(self, name: str) -> Features:
        """The features of the encoder's copy ``name``; without copies (frozen, shared features), these features."""
        return self.branches.get(name, self)

    def need_pooled(self) -> Tensor:
        """``pooled`` ``[B, d]``; an error if the encoder did not provide it."""
        if self.pooled is None:
            raise ValueError(_missing("pooled"))
        return self.pooled

    def need_tokens(self) -> tuple[Tensor, Tensor]:
        """``tokens`` ``[B, L, d]`` and ``mask`` ``[B, L]``; an error if the encoder did not provide them."""
        if self.tokens is None or self.mask is None:
            raise ValueError(_missing("tokens"))
        return self.tokens, self.mask

    def need_joint(self) -> Features:
        """Of a query's text: features of the text and its reference image read together; an error without them."""
        if JOINT not in self.branches:
            raise ValueError(
                "joint features are missing: declare them in `needs` (joint=levels('pooled')), and read them of `text`"
            )
        return self.branches[JOINT]

    def with_joint(self, joint: Features) -> Features:
        """These features of B texts with those of their pairs, see :meth:`need_joint`."""
        return replace(self, branches={**self.branches, JOINT: joint})

    def need_maps(self, count: int = 1) -> tuple[Tensor, ...]:
        """The ``count`` deepest maps, shallow to deep; an error if the encoder provided fewer."""
        if len(self.maps) < count:
            raise ValueError(
                f"{count} feature maps are needed, but there are {len(self.maps)}; declare them: "
                f"Needs(image=levels('maps'), map_levels={count})"
            )
        return self.maps[len(self.maps) - count :]

    def need_texts(self) -> tuple[str, ...]:
        """The B texts, for a text tower that reads them with pseudo-words; an error if these are features of images."""
        if not self.texts and len(self):
            raise ValueError("these features have no texts: only those of modification texts have some")
        return self.texts

    def tensors(self) -> dict[str, Tensor]:
        """The tensors by name (``pooled``, ``tokens``, ``mask``, ``map0`` …), without those of ``branches``."""
        named = {"pooled": self.pooled, "tokens": self.tokens, "mask": self.mask}
        out = {name: tensor for name, tensor in named.items() if tensor is not None}
        out.update((f"map{i}", tensor) for i, tensor in enumerate(self.maps))
        return out

    @classmethod
    def from_tensors(
        cls,
        tensors: Mapping[str, Tensor],
        branches: Mapping[str, Features] | None = None,
        texts: tuple[str, ...] = (),
    ) -> Features:
        """The inverse of :meth:`tensors`."""
        maps = [name for name in tensors if name.startswith("map")]
        maps.sort(key=lambda name: int(name[3:]))
        return cls(
            pooled=tensors.get("pooled"),
            tokens=tensors.get("tokens"),
            mask=tensors.get("mask"),
            maps=tuple(tensors[name] for name in maps),
            branches=branches or {},
            texts=texts,
        )

    def __getitem__(self, rows: Tensor | slice | Sequence[int]) -> Features:
        """The features of some rows."""
        index = rows if isinstance(rows, (slice, Tensor)) else torch.as_tensor(rows)
        return self._mapped(lambda tensor: tensor[index], _some(self.texts, index) if self.texts else ())

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> Features:
        """These features on ``device``, floating-point ones as ``dtype``."""

        def moved(one: Tensor) -> Tensor:
            return one.to(device, dtype if one.is_floating_point() else None, non_blocking=True)

        return self._mapped(moved, self.texts)

    def pinned(self) -> Features:
        """These features in pinned memory, which a GPU reads while the processor does something else."""
        return self._mapped(Tensor.pin_memory, self.texts)

    def _mapped(self, change: Callable[[Tensor], Tensor], texts: tuple[str, ...] = ()) -> Features:
        tensors = {name: change(tensor) for name, tensor in self.tensors().items()}
        return Features.from_tensors(tensors, {name: one._mapped(change) for name, one in self.branches.items()}, texts)

    @staticmethod
    def cat(parts: Sequence[Features]) -> Features:
        """Concatenate along the batch; token sequences are padded to the longest."""
        longest = max((p.tokens.shape[1] for p in parts if p.tokens is not None), default=0)
        padded = [_pad_tokens(part, longest) for part in parts]
        names = padded[0].tensors()
        return Features.from_tensors(
            {name: torch.cat([p.tensors()[name] for p in padded]) for name in names},
            {name: Features.cat([p.branches[name] for p in padded]) for name in padded[0].branches},
            tuple(text for part in padded for text in part.texts),
        )


def _missing(level: str) -> str:
    named = level.removesuffix("s")
    return f"{named} features are missing; declare them in `needs` (image, text or joint=levels({level!r}))"


def _some(texts: tuple[str, ...], index: Tensor | slice) -> tuple[str, ...]:
    if isinstance(index, slice):
        return texts[index]
    rows = index.nonzero().flatten() if index.dtype == torch.bool else index
    return tuple(texts[row] for row in rows.tolist())


def _pad_tokens(features: Features, length: int) -> Features:
    if features.tokens is None or features.mask is None or features.tokens.shape[1] == length:
        return features
    batch, have, width = features.tokens.shape
    tokens = features.tokens.new_zeros(batch, length, width)
    mask = features.mask.new_zeros(batch, length)
    tokens[:, :have] = features.tokens
    mask[:, :have] = features.mask
    return Features.from_tensors(
        features.tensors() | {"tokens": tokens, "mask": mask}, features.branches, features.texts
    )
