from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from cir_bench import DataError
from cir_bench.utils import decode_image, read_image


def pixel(path: Path, at: tuple[int, int] = (0, 0)) -> tuple[int, ...]:
    image = read_image(path)
    assert image.mode == "RGB"
    value = image.getpixel(at)
    assert isinstance(value, tuple)
    return tuple(int(channel) for channel in value)


def test_the_exif_orientation_is_applied(tmp_path: Path) -> None:
    picture = Image.new("RGB", (4, 2))
    picture.putpixel((0, 0), (255, 255, 255))
    exif = picture.getexif()
    exif[0x0112] = 6  # turned by 90°: the first row becomes the last column
    picture.save(tmp_path / "a.png", exif=exif)
    assert read_image(tmp_path / "a.png").size == (2, 4)
    assert pixel(tmp_path / "a.png", (1, 0)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_lies_on_white(mode: str, tmp_path: Path) -> None:
    colour = (10, 20, 30, 0) if mode == "RGBA" else (10, 0)
    Image.new(mode, (1, 1), colour).save(tmp_path / "a.png")
    assert pixel(tmp_path / "a.png") == (255, 255, 255)


def test_half_transparent_black_is_grey(tmp_path: Path) -> None:
    Image.new("RGBA", (1, 1), (0, 0, 0, 128)).save(tmp_path / "a.png")
    assert pixel(tmp_path / "a.png") == (127, 127, 127)


def test_a_palette_with_a_transparent_colour_lies_on_white(tmp_path: Path) -> None:
    picture = Image.new("P", (2, 1))
    picture.putpalette([10, 20, 30, 40, 50, 60])
    picture.putpixel((1, 0), 1)
    picture.save(tmp_path / "a.png", transparency=0)
    assert pixel(tmp_path / "a.png") == (255, 255, 255)
    assert pixel(tmp_path / "a.png", (1, 0)) == (40, 50, 60)


def test_a_transparent_colour_of_an_rgb_image_lies_on_white(tmp_path: Path) -> None:
    Image.new("RGB", (1, 1), (1, 2, 3)).save(tmp_path / "a.png", transparency=(1, 2, 3))
    assert pixel(tmp_path / "a.png") == (255, 255, 255)


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "a.jpg", quality=100)
    red, green, blue = pixel(tmp_path / "a.jpg")
    assert red > 240
    assert max(green, blue) < 15


def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path) -> None:
    values = np.array([[0, 0x8000, 0xFFFF]], dtype=np.uint16)
    Image.fromarray(values).save(tmp_path / "a.png")
    assert [pixel(tmp_path / "a.png", (column, 0))[0] for column in range(3)] == [0, 128, 255]


def test_floats_are_scaled(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0.0, 0.5, 1.0]], dtype=np.float32)).save(tmp_path / "a.tiff")
    assert [pixel(tmp_path / "a.tiff", (column, 0))[0] for column in range(3)] == [0, 128, 255]


def test_an_animation_gives_its_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (2, 2), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert pixel(tmp_path / "a.gif") == (255, 0, 0)


def write_png(path: Path, width: int, height: int, depth: int, colour: int, pixels: bytes, more: bytes = b"") -> None:
    """A PNG by hand, for what Pillow reads but does not write; ``pixels``: deflated rows, each behind a 0 byte."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = (chunk(b"IHDR", header), more, chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def row16(*values: int) -> bytes:
    return zlib.compress(b"\0" + struct.pack(f">{len(values)}H", *values))


def test_sixteen_bits_per_colour_are_scaled(tmp_path: Path) -> None:
    write_png(tmp_path / "a.png", 2, 1, 16, 2, row16(0, 0x8000, 0xFFFF, 0xFFFF, 0, 0x1234))
    assert [pixel(tmp_path / "a.png", (column, 0)) for column in range(2)] == [(0, 128, 255), (255, 0, 0x12)]


def test_sixteen_bits_with_alpha_lie_on_white(tmp_path: Path) -> None:
    write_png(tmp_path / "a.png", 2, 1, 16, 6, row16(0, 0x8000, 0xFFFF, 0xFFFF, 0, 0, 0, 0))
    assert [pixel(tmp_path / "a.png", (column, 0)) for column in range(2)] == [(0, 128, 255), (255, 255, 255)]


def test_sixteen_bits_with_a_transparent_value_are_scaled_and_lie_on_white(tmp_path: Path) -> None:
    transparent = chunk(b"tRNS", struct.pack(">H", 0x1234))
    write_png(tmp_path / "a.png", 3, 1, 16, 0, row16(0x8000, 0x1234, 0), transparent)
    assert [pixel(tmp_path / "a.png", (column, 0))[0] for column in range(3)] == [128, 255, 0]


def test_a_palette_becomes_its_colours(tmp_path: Path) -> None:
    picture = Image.new("P", (2, 1))
    picture.putpalette([10, 20, 30, 40, 50, 60])
    picture.putpixel((1, 0), 1)
    picture.save(tmp_path / "a.png")
    assert [pixel(tmp_path / "a.png", (column, 0)) for column in range(2)] == [(10, 20, 30), (40, 50, 60)]


@pytest.mark.parametrize(("mode", "colour"), [("RGB", (255, 0, 0)), ("CMYK", (0, 255, 255, 0)), ("L", 76)])
def test_the_orientation_of_a_camera_s_jpeg_is_applied(mode: str, colour: object, tmp_path: Path) -> None:
    picture = Image.new(mode, (32, 16), colour)  # type: ignore[arg-type] # one of the three kinds of colour
    exif = picture.getexif()
    exif[0x0112] = 8
    picture.save(tmp_path / "a.jpg", exif=exif, quality=100)
    assert read_image(tmp_path / "a.jpg").size == (16, 32)


def whole_png() -> bytes:
    data = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(data, "PNG")
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", r"is empty \(0 bytes\)"),
        (b"no image at all", "cannot be decoded"),
        (whole_png()[:-900], "cannot be decoded"),
        (whole_png()[:20], "cannot be decoded"),
    ],
)
def test_a_broken_file_is_named(data: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.png"
    path.write_bytes(data)
    with pytest.raises(DataError, match=rf"broken\.png {reason}.*; replace the file"):
        read_image(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nothing\.png is missing"):
        read_image(tmp_path / "nothing.png")


def test_a_folder_is_no_image(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be decoded"):
        read_image(tmp_path)


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "GIF"])
def test_a_truncated_file_of_any_form_is_named(form: str, tmp_path: Path) -> None:
    data = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(data, form)
    (tmp_path / "cut").write_bytes(data.getvalue()[: len(data.getvalue()) // 2])
    with pytest.raises(DataError, match=r"cut cannot be decoded \(.*\); replace the file\.$"):
        read_image(tmp_path / "cut")


def test_a_real_bomb_of_50_kilobytes_is_refused_before_its_400_million_pixels_are_there(tmp_path: Path) -> None:
    deflate = zlib.compressobj(9)
    rows = b"".join(deflate.compress(bytes(2501)) for _ in range(20_000)) + deflate.flush()
    write_png(tmp_path / "bomb.png", 20_000, 20_000, 1, 0, rows)
    assert (tmp_path / "bomb.png").stat().st_size < 60_000
    with pytest.raises(DataError, match=r"bomb\.png cannot be decoded \(.*400000000 pixels.*decompression bomb"):
        read_image(tmp_path / "bomb.png")


def test_bytes_are_read_as_the_file_they_come_from(tmp_path: Path) -> None:
    Image.new("LA", (2, 1), (10, 128)).save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    assert decode_image(data, "a").tobytes() == read_image(tmp_path / "a.png").tobytes()
    for broken, reason in ((b"", r"is empty \(0 bytes\)"), (data[:40], "cannot be decoded")):
        with pytest.raises(DataError, match=rf"The image a of a set {reason}.*; replace the file"):
            decode_image(broken, "a of a set")


def test_a_decompression_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("L", (100, 100)).save(tmp_path / "bomb.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4000)
    with pytest.raises(DataError, match=r"bomb\.png cannot be decoded \(.*decompression bomb"):
        read_image(tmp_path / "bomb.png")


def odd_exif(tag: bytes) -> bytes:
    """EXIF of orientation 6 and one more tag of twelve bytes, whose value may lie at offset 38."""
    ifd = struct.pack(">H", 2) + struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0) + tag + bytes(4)
    return b"Exif\0\0MM\0*" + struct.pack(">I", 8) + ifd + struct.pack(">ii", -1, 3)


def with_segment(jpeg: bytes, marker: int, data: bytes) -> bytes:
    """A JPEG with one more segment at its beginning."""
    return jpeg[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data + jpeg[2:]


def photo(size: tuple[int, int] = (32, 16)) -> bytes:
    data = io.BytesIO()
    picture = Image.new("RGB", size, (0, 0, 255))
    picture.paste((255, 0, 0), (0, 0, size[0] // 2, size[1]))
    picture.save(data, "JPEG", quality=95)
    return data.getvalue()


@pytest.mark.parametrize(
    "tag",
    [
        struct.pack(">HHII", 0x011A, 5, 1, 38),  # XResolution: an unsigned rational that is negative
        struct.pack(">HHI4s", 0x9003, 2, 4, b"10\xff\0"),  # DateTimeOriginal that is not ASCII
        struct.pack(">HHI4s", 0x0128, 2, 4, b"abc\0"),  # ResolutionUnit, a number, as text
        struct.pack(">HHII", 0x8769, 4, 1, 0xFFFFFFF0),  # an IFD beyond the end
        struct.pack(">HHII", 0x927C, 7, 0xFFFFFF, 38),  # a maker note longer than the file
        struct.pack(">HHII", 0x0213, 77, 1, 38),  # of a type that does not exist
    ],
)
def test_odd_exif_tags_lose_neither_pixels_nor_orientation(tag: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(with_segment(photo(), 0xE1, odd_exif(tag)))
    assert read_image(tmp_path / "a.jpg").size == (16, 32)
    assert pixel(tmp_path / "a.jpg", (8, 2))[0] > 200  # the left half is now the upper one
    assert pixel(tmp_path / "a.jpg", (8, 29))[2] > 200


@pytest.mark.parametrize("orientation", range(10))
def test_every_orientation_is_as_pillow_turns_it(orientation: int, tmp_path: Path) -> None:
    picture = Image.effect_noise((6, 4), 90)
    exif = picture.getexif()
    exif[0x0112] = orientation
    picture.save(tmp_path / "a.png", exif=exif)
    with Image.open(tmp_path / "a.png") as image:
        assert read_image(tmp_path / "a.png").tobytes() == ImageOps.exif_transpose(image).convert("RGB").tobytes()


@pytest.mark.parametrize(
    ("marker", "data"),
    [
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta tiff:Orientation='\xff\xfe"),
        (0xE1, b"Exif\0\0XX\0\0\0\0\0"),
        (0xE2, b"ICC_PROFILE\0"),  # without the number of its part, which makes Pillow give up
        (0xE2, b"MPF\0II*\0\xff\xff\xff\xff"),
        (0xED, b"Photoshop 3.0\08BIM\x04\x04\0"),
        (0xFE, b"\xff" * 100),
    ],
)
def test_other_damaged_metadata_of_a_jpeg_loses_no_pixels(marker: int, data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(with_segment(photo(), marker, data))
    (tmp_path / "b.jpg").write_bytes(photo())
    assert read_image(tmp_path / "a.jpg").tobytes() == read_image(tmp_path / "b.jpg").tobytes()


@pytest.mark.parametrize(
    "more",
    [
        chunk(b"iCCP", b"profile\0\0" + zlib.compress(bytes(3 << 20))),  # larger than Pillow reads
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(bytes(3 << 20))),
        chunk(b"tEXt", b"Comment\0x")[:-4] + b"\0\0\0\0",  # a wrong checksum
        chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0"),
    ],
)
def test_damaged_metadata_of_a_png_loses_no_pixels(more: bytes, tmp_path: Path) -> None:
    write_png(tmp_path / "a.png", 2, 1, 8, 0, zlib.compress(b"\0\x10\x20"), more)
    assert [pixel(tmp_path / "a.png", (column, 0))[0] for column in range(2)] == [16, 32]


def test_damaged_pixels_are_still_refused(tmp_path: Path) -> None:
    write_png(tmp_path / "a.png", 2, 1, 8, 0, zlib.compress(b"\0\x10\x20"), chunk(b"tEXt", b"a\0b")[:-1] + b"?")
    data = bytearray((tmp_path / "a.png").read_bytes())
    data[data.index(b"IDAT") + 6] ^= 1
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(DataError, match=r"a\.png cannot be decoded"):
        read_image(tmp_path / "a.png")


def test_a_missing_image_is_named_with_what_is_there(tmp_path: Path) -> None:
    for name in ("B00A.gif", "B00B.jpg", "README", "x.jpg"):
        (tmp_path / name).touch()
    with pytest.raises(DataError, match=r"B00A\.png is missing \(its folder has B00A\.gif, B00B\.jpg, README, …\)\.$"):
        read_image(tmp_path / "B00A.png")
