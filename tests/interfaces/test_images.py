from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cir_bench import DataError, file_digest, inside, read_image


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


def test_a_decompression_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("L", (100, 100)).save(tmp_path / "bomb.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4000)
    with pytest.raises(DataError, match=r"bomb\.png cannot be decoded \(.*decompression bomb"):
        read_image(tmp_path / "bomb.png")


@pytest.mark.parametrize("name", ["a.png", "folder/a.png", "./a.png", "ünï çode.png", "folder/..a"])
def test_names_inside_a_root(name: str, tmp_path: Path) -> None:
    assert inside(tmp_path, name) == tmp_path / name


@pytest.mark.parametrize(
    "name", ["", ".", "/etc/passwd", "../a", "folder/../../a", "a/../b", "C:\\a", "C:a", "\\\\host\\a", "..\\a", "a\0b"]
)
def test_names_that_lead_elsewhere_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="must be a relative path inside"):
        inside(tmp_path, name)


def test_a_symbolic_link_must_not_lead_outside(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "real").mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    (root / "out").symlink_to(tmp_path / "secret")
    (root / "in").symlink_to(root / "real")
    assert inside(root, "in/a.png") == root / "in" / "a.png"
    with pytest.raises(DataError, match=r"leads outside .* by a symbolic link"):
        inside(root, "out/a.png")


def test_the_root_itself_may_be_a_symbolic_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert inside(tmp_path / "link", "a.png") == tmp_path / "link" / "a.png"


def test_a_digest_follows_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "b").write_bytes(b"one")
    (tmp_path / "c").write_bytes(b"two")
    assert file_digest(tmp_path / "a") == file_digest(tmp_path / "b") != file_digest(tmp_path / "c")
    with pytest.raises(DataError, match="cannot be read"):
        file_digest(tmp_path / "d")
