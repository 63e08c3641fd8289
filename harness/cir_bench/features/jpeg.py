"""JPEG files decoded by torchvision where the encoder is (on a GPU by nvJPEG), if features are as of Pillow's pixels.

Decoders differ: a JPEG has its colours at half the resolution, which Pillow interpolates and others repeat; and tensors
are resized with another rounding than Pillow's images. So a sample is encoded both ways first, and what passes still
differs by more than rounding. Features from this decoder have therefore an identity of their own (`Identity.decoder`),
and no table of the cache has features from both, but for the files that only Pillow reads rightly: which these are
depends on nothing but the file.
"""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from cir_bench.errors import CirBenchError, ConfigError
from cir_bench.features.extract import evaluating, read_item
from cir_bench.interfaces.dataset import ImageRef
from cir_bench.interfaces.encoder import Encoder
from cir_bench.interfaces.features import Features
from cir_bench.interfaces.file_dataset import FileDataset
from cir_bench.interfaces.levels import FeatureLevel
from cir_bench.utils.image_metadata import ORIENTATION

_LOG = logging.getLogger(__name__)

SAMPLE = 16
"""Images that are decoded both ways at the start of an extraction."""
TOLERANCE = 0.02
"""The largest difference of an image's features, over the median distance between the features of two images.

The norm of the features says little: those of two images may be much nearer to each other than they are long.
``benchmarks/gpu/extraction.py`` measures both.
"""
TOGETHER = 16
"""Files that are decoded at a time: pixels of large photos take a thousand times what the encoder reads of them."""
NAMES = ("torchvision on cpu", "torchvision on cuda")
"""What decoders are called, in records and in the identity of features."""


@dataclass(frozen=True)
class JpegFile:
    """The bytes of a file that the device decodes, ``[n]`` uint8, and the place of its image among others.

    It comes out of worker processes, so it has nothing of the data set.
    """

    data: Tensor
    place: int


class JpegDecoder:
    """Decodes where an encoder is, on ``device``; without an NVIDIA GPU on the CPU, with the same library as Pillow.

    Raises:
        ConfigError: this torchvision decodes no JPEG files (it is going to be removed in a release after 0.29).
    """

    def __init__(self, device: torch.device) -> None:
        import torchvision.io

        if not hasattr(torchvision.io, "decode_jpeg"):
            raise ConfigError(
                f"torchvision {torchvision.__version__} decodes no JPEG files; leave out --decode-jpeg device, or "
                "install an older one."
            )
        self.device = device
        self._at = device if device.type == "cuda" else torch.device("cpu")
        self.name = f"torchvision on {self._at.type}"

    def decode(self, files: Sequence[Tensor]) -> list[Tensor]:
        """``[3, H, W]`` uint8 on the device, of each file's bytes; RuntimeError if one is damaged."""
        from torchvision.io import ImageReadMode, decode_jpeg

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            found: list[Tensor] = decode_jpeg(list(files), ImageReadMode.RGB, self._at)
        return found

    def items(self, encoder: Encoder, read: Sequence[Any], images: Sequence[ImageRef]) -> list[Any]:
        """Items for ``encoder.encode_images`` of what `read_jpeg` gave, on the device if they are tensors.

        ``images`` are those that the files' places are among.
        """
        files = iter([one for one in read if isinstance(one, JpegFile)])
        made: list[Any] = []
        while some := list(islice(files, TOGETHER)):
            made += self._made(encoder, some, images)
        from_files = iter(made)
        items = [next(from_files) if isinstance(one, JpegFile) else one for one in read]
        return [item.to(self.device) if isinstance(item, Tensor) else item for item in items]

    def _made(self, encoder: Encoder, files: Sequence[JpegFile], images: Sequence[ImageRef]) -> list[Any]:
        try:
            pixels = self.decode([file.data for file in files])
        except torch.OutOfMemoryError:
            raise
        except RuntimeError:
            if len(files) == 1:
                return [read_item(encoder, images[files[0].place])]  # repairs it, or says what is wrong
            return [item for file in files for item in self._made(encoder, [file], images)]
        return [encoder.item_of_pixels(one) for one in pixels]

    def difference(self, encoder: Encoder, images: Sequence[ImageRef], levels: frozenset[FeatureLevel]) -> float | None:
        """That of `TOLERANCE`, of a sample; None if not two of it are JPEG files that the device would decode.

        Raises:
            ConfigError: the encoder makes no items of pixels.
        """
        some = images[:: max(1, len(images) // SAMPLE)][:SAMPLE]
        files = [file for place, image in enumerate(some) if (file := jpeg_file(image, place)) is not None]
        if len(files) < 2:
            return None
        with evaluating(encoder):
            ours = encoder.encode_images(self.items(encoder, files, some), levels)
            pillows = encoder.encode_images([read_item(encoder, some[file.place]) for file in files], levels)
        return feature_difference(ours, pillows)


def jpeg_file(image: ImageRef, place: int = 0) -> JpegFile | None:
    """The file of an image, if it is a JPEG in grey or RGB, upright; None: Pillow has to read it."""
    dataset = image.dataset
    if not isinstance(dataset, FileDataset) or type(dataset).open is not FileDataset.open:
        return None
    try:
        data = Path(dataset.file(image.id)).read_bytes()
        with Image.open(io.BytesIO(data)) as header:
            plain = header.format == "JPEG" and header.mode in ("RGB", "L")
            if not plain or header.getexif().get(ORIENTATION, 1) != 1:
                return None
    except Exception:  # of a broken file, which Pillow repairs, or says what is wrong with it
        return None
    return JpegFile(torch.frombuffer(bytearray(data), dtype=torch.uint8), place)


def read_jpeg(encoder: Encoder, image: ImageRef, place: int) -> Any:
    """The image's file, if the device decodes it, or else its item."""
    file = jpeg_file(image, place)
    return read_item(encoder, image) if file is None else file


def feature_difference(features: Features, expected: Features) -> float:
    """The largest difference of an item, over the median distance between two of the ``expected``; of all levels."""
    return max(_distance(*both) for both in zip(_rows(features), _rows(expected), strict=True))


def _rows(features: Features) -> list[Tensor]:
    """``[B, n]`` of each level; masks are left out."""
    named = {name: tensor for name, tensor in features.tensors().items() if tensor.is_floating_point()}
    return [named[name].float().flatten(1) for name in sorted(named)]


def _distance(found: Tensor, expected: Tensor) -> float:
    between = torch.pdist(expected).median()
    return float((found - expected).norm(dim=1).max() / between.clamp_min(torch.finfo(torch.float32).tiny))


def chosen(
    decoder: JpegDecoder, name: str, encoder: Encoder, images: Sequence[ImageRef], levels: frozenset[FeatureLevel]
) -> bool:
    """Whether ``decoder`` is to be used for ``images``; if not, it is said why, also in the record."""
    try:
        found = decoder.difference(encoder, images, levels)
    except torch.OutOfMemoryError:
        raise
    except (CirBenchError, RuntimeError) as error:  # a decoder's; what is wrong with the encoder, Pillow's way shows
        why = " ".join(str(error).split())[:200]
    else:
        if found is not None and found <= TOLERANCE:
            return True
        why = f"fewer than two of {SAMPLE} images are JPEG files that it decodes"
        if found is not None:
            why = f"features differ by {found:.3f} of the distance between images, and {TOLERANCE} is allowed"
    said = f"JPEG files are decoded by Pillow, not by {decoder.name}, for {name}: {why}."
    warnings.warn(said, stacklevel=2)
    _LOG.warning("%s", said)
    return False
