"""JPEG files decoded by torchvision, here on the CPU: the features, which files, and when Pillow decodes after all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from support.tables import SCOPE
from torchvision.transforms.functional import pil_to_tensor, resize

from cir_bench import DataError, Encoder, EncoderShape, Features, FeatureShape, ImageRef, Needs, levels
from cir_bench.errors import ConfigError
from cir_bench.features.cache import FeatureCache
from cir_bench.features.jpeg import TOLERANCE, JpegDecoder, chosen, jpeg_file
from cir_bench.features.request import FeatureRequest
from cir_bench.interfaces.file_dataset import FileDataset

POOLED = levels("pooled")
CPU = torch.device("cpu")
SIDE = 8


class Files(FileDataset):
    """The files of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def train(self):
        return ()

    def queries(self, split):
        return ()

    def gallery(self, split, part=""):
        return ()

    def file(self, image_id):
        return self.folder / image_id

    def ref(self, name: str) -> ImageRef:
        return ImageRef("files", self, name)


class Thumbnails(Encoder):
    """The pixels, eight by eight; ``shift`` is what its items of pixels are wrong by."""

    def __init__(self, shift: float = 0) -> None:
        super().__init__()
        self.shift, self.decoded = shift, 0
        self.weight = torch.nn.Parameter(torch.ones(1))
        self.shape = EncoderShape(FeatureShape(pooled=3 * SIDE**2), FeatureShape(pooled=1))

    def image_item(self, image, *, train=False):
        return pil_to_tensor(image.open().resize((SIDE, SIDE), Image.Resampling.BILINEAR)).float()

    def item_of_pixels(self, pixels):
        self.decoded += 1
        return resize(pixels, [SIDE, SIDE], antialias=True).float() + self.shift

    def encode_images(self, items, levels):
        return Features(pooled=torch.stack(items).flatten(1) * self.weight)

    def encode_texts(self, texts, levels):
        raise NotImplementedError


def picture(seed: int, size: tuple[int, int] = (64, 48)) -> Image.Image:
    few = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(few).resize(size, Image.Resampling.BICUBIC)


@pytest.fixture
def files(tmp_path):
    """Four JPEG files, one of them grey, and a PNG."""
    for n in range(3):
        picture(n, (64 + 8 * n, 48)).save(tmp_path / f"{n}.jpg")
    picture(3).convert("L").save(tmp_path / "grey.jpg")
    picture(4).save(tmp_path / "4.png")
    return Files(tmp_path)


NAMES = ["0.jpg", "4.png", "1.jpg", "grey.jpg", "2.jpg"]


def request(encoder: Encoder, files: Files, names: list[str], decoder: JpegDecoder | None) -> FeatureRequest:
    refs = [files.ref(name) for name in names]
    return FeatureRequest.of_images("thumbs", encoder, refs, Needs(image=POOLED), SCOPE, decoder=decoder)


def test_features_are_near_pillows_and_never_in_one_table_with_them(files, cache) -> None:
    encoder = Thumbnails()
    pillow = cache.table(request(encoder, files, NAMES[:2], None))
    assert (pillow.decoder, encoder.decoded) == ("", 0)
    table = cache.table(request(encoder, files, NAMES, JpegDecoder(CPU)))
    assert (table.decoder, encoder.decoded) == ("torchvision on cpu", 4), "the PNG is decoded by Pillow"
    ours = table.rows(NAMES).need_pooled()
    expected = FeatureCache(cache.root).table(request(encoder, files, NAMES, None)).rows(NAMES).need_pooled()
    assert 0 < (ours - expected).abs().max() <= 2, "of 255"
    again = FeatureCache(cache.root).table(request(encoder, files, NAMES, JpegDecoder(CPU)))
    assert torch.equal(again.rows(NAMES).need_pooled(), ours) and encoder.decoded == 4
    assert len([*cache.root.glob("*/identity.json")]) == 2


def test_the_identity_of_pillows_features_is_what_it_was() -> None:
    from cir_bench.features.identity import Identity

    known = Identity("tiny", "weights", "none", "1", "image")
    assert known.digest()[:12] == "c28317289701"
    assert Identity("tiny", "weights", "none", "1", "image", decoder="other").digest() != known.digest()


@pytest.mark.parametrize("kind", ["CMYK", "turned", "PNG by another name", "no image", "missing"])
def test_what_pillow_reads_otherwise_is_left_to_it(tmp_path, kind) -> None:
    path, image = tmp_path / "one.jpg", picture(0)
    if kind == "CMYK":
        image.convert("CMYK").save(path)
    elif kind == "turned":
        exif = Image.Exif()
        exif[0x0112] = 6
        image.save(path, exif=exif)
    elif kind == "PNG by another name":
        image.save(path, format="PNG")
    elif kind == "no image":
        path.write_bytes(b"\xff\xd8\xff\xe0 nothing")
    assert jpeg_file(Files(tmp_path).ref("one.jpg")) is None
    picture(0).save(path, format="JPEG")
    assert jpeg_file(Files(tmp_path).ref("one.jpg")) is not None


def test_a_data_set_that_opens_its_images_itself_is_left_to_it(files) -> None:
    class Own(Files):
        def open(self, image_id):
            return super().open(image_id).crop((0, 0, 8, 8))

    assert jpeg_file(Own(files.folder).ref("0.jpg")) is None


def test_a_damaged_file_is_named_and_costs_no_other_one(files, cache) -> None:
    whole = (files.folder / "1.jpg").read_bytes()
    (files.folder / "1.jpg").write_bytes(whole[: len(whole) // 2])
    encoder = Thumbnails()
    with pytest.raises(DataError, match=r"1\.jpg cannot be decoded"):
        cache.table(request(encoder, files, NAMES, JpegDecoder(CPU)))
    assert encoder.decoded >= 1
    (files.folder / "1.jpg").write_bytes(whole)
    assert cache.table(request(encoder, files, NAMES, JpegDecoder(CPU))).decoder


def decided(encoder: Encoder, files: Files, names: list[str] = NAMES) -> bool:
    return chosen(JpegDecoder(CPU), "thumbs", encoder, [files.ref(name) for name in names], POOLED)


def test_it_is_used_where_features_agree(files) -> None:
    found = JpegDecoder(CPU).difference(Thumbnails(), [files.ref(name) for name in NAMES], POOLED)
    assert found is not None and 0 < found < TOLERANCE
    assert decided(Thumbnails(), files)


def test_where_they_do_not_pillow_decodes_and_it_is_said(files) -> None:
    with pytest.warns(
        UserWarning, match=r"decoded by Pillow, not by torchvision on cpu, for thumbs: features differ by 0\.\d+"
    ):
        assert not decided(Thumbnails(shift=8), files)


def test_an_encoder_that_takes_no_pixels_is_said_to(files, monkeypatch) -> None:
    monkeypatch.delattr(Thumbnails, "item_of_pixels")
    with pytest.warns(UserWarning, match="the encoder Thumbnails has no item_of_pixels"):
        assert not decided(Thumbnails(), files)


def test_one_image_is_too_few_to_tell(files) -> None:
    with pytest.warns(UserWarning, match="fewer than two of 16 images are JPEG files that it decodes"):
        assert not decided(Thumbnails(), files, ["0.jpg", "4.png"])


def test_no_more_files_are_read_to_decide_than_are_compared(files, monkeypatch) -> None:
    read, plain = list[str](), Files.file
    monkeypatch.setattr(Files, "file", lambda self, name: read.append(name) or plain(self, name))
    assert decided(Thumbnails(), files, NAMES * 100)
    assert len(read) == 2 * 16 - read.count("4.png"), "each JPEG file once by either decoder"


def test_a_torchvision_without_it_is_refused(monkeypatch) -> None:
    import torchvision.io

    monkeypatch.delattr(torchvision.io, "decode_jpeg")
    with pytest.raises(ConfigError, match="decodes no JPEG files; leave out --decode-jpeg device"):
        JpegDecoder(CPU)


def test_worker_processes_read_the_files(files, cache, monkeypatch, caplog) -> None:
    """And send back nothing of the data set, which may be large or refuse to be pickled."""
    monkeypatch.setattr(Files, "__reduce__", lambda self: 1 / 0, raising=False)
    monkeypatch.setattr("cir_bench.features.processes.WORTH_WORKERS", 2)
    encoder: Any = Thumbnails()
    refs = [files.ref(name) for name in NAMES]
    asked = FeatureRequest.of_images(
        "thumbs", encoder, refs, Needs(image=POOLED), SCOPE, workers=1, decoder=JpegDecoder(CPU)
    )
    assert len(cache.table(asked).rows(NAMES)) == 5 and encoder.decoded == 4 and not caplog.messages
