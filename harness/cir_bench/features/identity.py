"""What cached features depend on, and the columns they are stored in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

from cir_bench.interfaces.encoder import Encoder
from cir_bench.interfaces.levels import FeatureLevel

FORMAT = 1
"""Version of the file format; raising it makes every file of an older format a miss."""

Role = Literal["image", "text", "pair"]

_BETWEEN = "\0"


@dataclass(frozen=True)
class Identity:
    """Everything but the item itself that its features depend on. A change of any of it is a miss."""

    encoder: str
    """Name with argument, ``openclip:RN50``."""
    weights: str
    preprocess: str
    version: str
    role: Role
    dtype: str = "float32"
    decoder: str = ""
    """What decoded JPEG files (`cir_bench.features.jpeg`), if it was not Pillow."""

    @classmethod
    def of(cls, name: str, encoder: Encoder, role: Role, decoder: str = "") -> Identity:
        """The identity of ``encoder`` with the weights it has now."""
        return cls(name, encoder.weights_digest(), encoder.preprocess, encoder.version, role, decoder=decoder)

    def digest(self) -> str:
        """Hex sha256 of all of it."""
        known = {name: value for name, value in asdict(self).items() if name != "decoder" or value}
        text = json.dumps({"format": FORMAT, **known}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def columns(levels: Iterable[FeatureLevel], map_levels: int) -> tuple[str, ...]:
    """The columns that hold ``levels``. Maps are counted from the deepest, so asking for three extends a stored one.

    >>> columns([FeatureLevel.POOLED, FeatureLevel.MAPS], map_levels=2)
    ('pooled', 'map1', 'map2')
    """
    wanted = frozenset(levels)
    names = [level.value for level in (FeatureLevel.POOLED, FeatureLevel.TOKENS) if level in wanted]
    if FeatureLevel.MAPS in wanted:
        names += [f"map{depth}" for depth in range(1, map_levels + 1)]
    return tuple(names)


def pair_name(image: str, text: str) -> str:
    """The name of an image, by id, with a text among the items of a table; also the content of a pair by digests."""
    return f"{image}{_BETWEEN}{text}"


def parts_of_pair(name: str) -> tuple[str, str]:
    """The inverse of `pair_name`."""
    image, _, text = name.partition(_BETWEEN)
    return image, text


def pair_digest(image: str, text: str) -> str:
    """Hex sha256 that names a pair in the cache: of its image's digest and its text."""
    return text_digest(pair_name(image, text_digest(text)))


def text_digest(text: str) -> str:
    """Hex sha256 of the text's bytes: the name of a text in the cache and in precomputed feature files."""
    return hashlib.sha256(text.encode()).hexdigest()
