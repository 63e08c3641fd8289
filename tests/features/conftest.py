"""A data set and an encoder in memory, small enough to see through, that count what they are asked."""

import hashlib
from collections.abc import Mapping, Sequence

import pytest
import torch
from PIL import Image

from cir_bench import DataError, Dataset, Encoder, EncoderShape, FeatureLevel, Features, FeatureShape, ImageRef
from cir_bench.features.cache import FeatureCache


class PlainImages(Dataset):
    """Images of one colour; ``content`` maps an image id to its colour."""

    def __init__(self, content: Mapping[str, int]) -> None:
        self.content = dict(content)
        self.broken: set[str] = set()

    def train(self):
        return ()

    def queries(self, split):
        return ()

    def gallery(self, split, part=""):
        return tuple(self.content)

    def open(self, image_id):
        if image_id in self.broken:
            raise OSError("image file is truncated")
        if image_id not in self.content:
            raise DataError(f"{image_id}.png is missing.")
        return Image.new("RGB", (4, 4), (self.content[image_id], 0, 0))

    def has(self, image_id):
        return image_id in self.content

    def digest(self, image_id):
        return hashlib.sha256(str(self.content[image_id]).encode()).hexdigest()

    def refs(self, ids: Sequence[str] | None = None) -> list[ImageRef]:
        return [ImageRef("plain", self, name) for name in (self.content if ids is None else ids)]


class CountingEncoder(Encoder):
    """Image: its red value times the weight. Text: its length; tokens: character codes."""

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([weight]))
        self.shape = EncoderShape(
            FeatureShape(pooled=2, maps=((1, 4, 4), (2, 2, 2), (3, 1, 1))), FeatureShape(pooled=2, tokens=1)
        )
        self.words = "plain"
        self.image_batches: list[tuple[list[float], frozenset[FeatureLevel]]] = []
        self.text_batches: list[tuple[list[str], frozenset[FeatureLevel]]] = []

    @property
    def preprocess(self):
        return self.words

    def image_item(self, image, *, train=False):
        return torch.tensor(float(image.open().getpixel((0, 0))[0]))

    def encode_images(self, items, levels):
        self.image_batches.append(([item.item() for item in items], levels))
        value = torch.stack(list(items))[:, None] * self.weight
        maps = tuple(
            value.reshape(-1, 1, 1, 1).expand(-1, c, h, w) + i for i, (c, h, w) in enumerate(self.shape.image.maps)
        )
        return Features(pooled=value.expand(-1, 2), maps=maps)

    def encode_texts(self, texts, levels):
        self.text_batches.append((list(texts), levels))
        longest = max(1, *(len(text) for text in texts)) + 2  # more padding than needed
        codes = torch.zeros(len(texts), longest)
        mask = torch.zeros(len(texts), longest, dtype=torch.bool)
        for row, text in enumerate(texts):
            codes[row, : len(text)] = torch.tensor([float(ord(c)) for c in text])
            mask[row, : max(1, len(text))] = True
        lengths = torch.tensor([float(len(text)) for text in texts])
        return Features(pooled=lengths[:, None].expand(-1, 2) * self.weight, tokens=codes[:, :, None], mask=mask)

    def encoded(self) -> int:
        """How many images and texts went through."""
        return sum(len(batch) for batch, _ in [*self.image_batches, *self.text_batches])


@pytest.fixture
def images():
    return PlainImages({f"image{n}": n for n in range(10)})


@pytest.fixture
def encoder():
    return CountingEncoder()


@pytest.fixture
def cache(tmp_path):
    return FeatureCache(tmp_path / "features")
