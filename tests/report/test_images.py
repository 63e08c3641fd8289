"""Images of a page: embedded once, small, and the page within its limit."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from cir_bench import DataError
from cir_bench.report.examples.images import LADDER, PageImages, fitting, heated


def noise(image_id):
    if image_id == "gone":
        raise DataError("no such image")
    generator = np.random.default_rng(len(image_id))
    return Image.fromarray(generator.integers(0, 255, (300, 500, 3), dtype=np.uint8))


def decoded(style):
    _, _, data = style.partition("base64,")
    return Image.open(io.BytesIO(base64.b64decode(data.partition(")")[0])))


def test_an_image_is_embedded_once_however_often_it_is_shown():
    images = PageImages(noise)
    first, again = images.tile("a"), images.tile("a", hit=True, note="0.3")
    assert first.name == again.name
    assert (again.hit, again.note) == (True, "0.3")
    assert str(images.style(*LADDER[0])).count("base64") == 1


@pytest.mark.parametrize(("side", "quality"), LADDER)
def test_it_is_made_small_with_its_shape_kept(side, quality):
    images = PageImages(noise)
    images.tile("a")
    assert decoded(str(images.style(side, quality))).size == (side, pytest.approx(side * 3 / 5, abs=1))


def test_a_small_image_is_not_made_larger():
    images = PageImages(lambda image: Image.new("RGB", (20, 30)))
    images.tile("a")
    assert decoded(str(images.style(*LADDER[0]))).size == (20, 30)


def test_a_missing_image_has_words_in_its_place_and_is_counted():
    images = PageImages(noise)
    assert (images.tile("gone").name, images.tile("gone").words) == ("", "image missing")
    assert images.missing == 1


def test_what_an_encoder_without_pixels_sees_stands_in_the_image_s_place():
    images = PageImages(noise, lambda image: f"a caption of {image}")
    tile = images.tile("a")
    assert (tile.name, tile.words) == ("", "a caption of a")
    assert str(images.style(*LADDER[0])) == ""


def test_a_map_is_brightest_where_it_is_highest():
    values = np.zeros((4, 4))
    values[0, 3] = 7.0
    light = np.asarray(heated(Image.new("RGB", (64, 64), (90, 90, 90)), values).convert("L"))
    assert light[:8, -8:].mean() > light[-8:, :8].mean() + 50
    assert np.unravel_index(light.argmax(), light.shape)[0] < 16


def test_a_map_of_nothing_is_no_reason_to_fail():
    assert heated(None, np.zeros((2, 2))).size == (LADDER[0][0], LADDER[0][0])


def test_a_page_takes_the_finest_pictures_that_fit():
    assert fitting([(100, 9), (10, 9), (1, 9)], lambda side, quality: "x" * side, 20) == "x" * 10
    assert fitting([(100, 9)], lambda side, quality: "é" * 11, 20) is None
