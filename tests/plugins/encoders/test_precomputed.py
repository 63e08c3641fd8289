import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from support.building import provides

from cir_bench import DataError, ImageRef, levels
from cir_bench.cli.app import main
from cir_bench.interfaces.spec_params import make_params
from cir_bench.testing import EncoderContract
from cir_bench.testing.encoder import TEXTS
from cir_bench.testing.pictures import DATASET, Pictures
from cir_bench_encoders import ENCODERS
from cir_bench_encoders.precomputed import Precomputed
from cir_bench_encoders.precomputed_params import PrecomputedParams, shapes_in

SPEC = next(spec for spec in ENCODERS if spec.name == "precomputed")
IMAGES = list(Pictures.names)


def arrays():
    random = np.random.default_rng(0)

    def normal(*shape):
        return random.standard_normal(shape).astype(np.float32)

    lengths = np.array([1, 4, 2, 3])
    return {
        "image_pooled": normal(3, 6),
        "image_map1": normal(3, 4, 2, 2),
        "image_map2": normal(3, 2, 4, 4),
        "text_pooled": normal(4, 6),
        "text_tokens": normal(4, 4, 5),
        "text_mask": np.arange(4) < lengths[:, None],
    }


def write(path, changed=None, images=IMAGES, texts=TEXTS):
    values = {name: array for name, array in (arrays() | (changed or {})).items() if array is not None}
    if path.suffix == ".npz":
        np.savez(path, image_ids=np.array(images), texts=np.array(texts), **values)
    else:
        metadata = {"image_ids": json.dumps(list(images)), "texts": json.dumps(list(texts))}
        save_file({name: torch.from_numpy(array) for name, array in values.items()}, path, metadata=metadata)
    return path


class TestContract(EncoderContract):
    name = "precomputed"
    variants = {"npz": {}, "safetensors": {}}

    def prepare(self, data_root):
        write(data_root / f"features.{self.variant}")

    def parameters(self):
        return {"path": self.data_root / f"features.{self.variant}"}


@pytest.fixture(params=["features.npz", "features.safetensors"])
def path(request, tmp_path):
    return tmp_path / request.param


@pytest.fixture
def make(context):
    return lambda path: Precomputed(PrecomputedParams(path=path), context)


def test_rows_are_found_by_id_and_by_text(path, make, pictures):
    encoder = make(write(path))
    expected = arrays()
    items = [encoder.image_item(picture) for picture in reversed(pictures)]
    image = encoder.encode_images(items, levels("pooled", "maps"))
    np.testing.assert_array_equal(image.pooled, expected["image_pooled"][::-1])
    np.testing.assert_array_equal(image.maps[1], expected["image_map1"][::-1])
    np.testing.assert_array_equal(image.maps[0], expected["image_map2"][::-1])
    text = encoder.encode_texts([TEXTS[2], TEXTS[0]], levels("tokens"))
    np.testing.assert_array_equal(text.tokens, expected["text_tokens"][[2, 0]])
    np.testing.assert_array_equal(text.mask, expected["text_mask"][[2, 0]])


def test_what_the_file_provides_is_read_from_its_header(path):
    found = provides(SPEC, PrecomputedParams(path=write(path)))
    assert (found.image, found.text) == (levels("pooled", "maps"), levels("pooled", "tokens"))
    assert (found.map_levels, found.same_width, found.trainable) == (2, True, False)
    narrow = write(path, {"text_pooled": np.ones((4, 3), np.float32), "image_map1": None, "image_map2": None})
    found = provides(SPEC, PrecomputedParams(path=narrow))
    assert (found.map_levels, found.same_width, found.image) == (0, False, levels("pooled"))


def test_an_image_without_a_row_is_not_there(path, make, pictures):
    encoder = make(write(path, images=["square", "wide", "else"]))
    tall = pictures[2]
    assert not encoder.has(tall)
    with pytest.raises(DataError, match="no features of image 'tall' of pictures"):
        encoder.image_item(tall)


def test_a_text_without_a_row_is_named(path, make):
    with pytest.raises(DataError, match=r"no features of the text 'is green'; .*exactly as the protocol"):
        make(write(path)).encode_texts(["is red", "is green"], levels("pooled"))


def test_a_change_of_the_file_changes_the_digest(path, make):
    before = make(write(path)).weights_digest()
    changed = arrays()["image_pooled"]
    changed[0, 0] += 1
    assert make(write(path, {"image_pooled": changed})).weights_digest() != before


def test_half_precision_comes_back_as_float32(path, make):
    encoder = make(write(path, {"image_pooled": arrays()["image_pooled"].astype(np.float16)}))
    assert encoder.encode_images([0], levels("pooled")).pooled.dtype == torch.float32


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"image_pooled": np.ones((2, 6), np.float32)}, "image_pooled has 2 rows, but image_ids lists 3"),
        ({"text_mask": None}, "text_tokens and text_mask come together"),
        ({"text_pooled": None, "text_tokens": None, "text_mask": None}, "neither text_pooled nor text_tokens"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(path, make, changed, message):
    with pytest.raises(DataError, match=message):
        make(write(path, changed))


def test_a_name_listed_twice_is_refused(path, make):
    with pytest.raises(DataError, match="image_ids lists a name twice"):
        make(write(path, images=["square", "square", "tall"]))


def test_pickled_objects_are_never_loaded(tmp_path, make):
    path = tmp_path / "features.npz"
    np.savez(path, image_ids=np.array(IMAGES, dtype=object), texts=np.array(TEXTS), **arrays())
    with pytest.raises(DataError, match="without pickled objects"):
        make(path)


@pytest.mark.parametrize("content", [b"", b"no features", None])
def test_a_file_that_is_none_is_one_sentence(path, make, content):
    if content is not None:
        path.write_bytes(content)
    for look in (make, lambda path: provides(SPEC, PrecomputedParams(path=path))):
        with pytest.raises(DataError, match=path.name):
            look(path)


def test_a_small_file_does_not_fill_the_memory(tmp_path, make):
    path = tmp_path / "features.npz"
    np.savez_compressed(path, image_ids=np.array(["a"]), image_pooled=np.zeros((1, 2**26), dtype=np.float32))
    with pytest.raises(DataError, match=r"features\.npz cannot be read .* it unpacks to 0\.3 GB"):
        make(path)


def test_a_header_is_read_within_limits(tmp_path):
    path = tmp_path / "features.safetensors"
    path.write_bytes((10**12).to_bytes(8, "little") + b"[" * 200_000)
    with pytest.raises(DataError, match="its header is damaged"):
        shapes_in(path)


def test_a_file_that_was_cut_off_is_told_by_its_header_already(path):
    whole = write(path).read_bytes()
    path.write_bytes(whole[:-1])
    with pytest.raises(DataError, match=f"{path.name} cannot be read"):
        provides(SPEC, PrecomputedParams(path=path))


@pytest.mark.parametrize("verb", ["plan", "run"])
@pytest.mark.parametrize(("content", "sentence"), [(None, "there is no file {}"), (b"damaged", "{} cannot be read as")])
def test_plan_and_run_name_the_file_that_is_missing_or_damaged(verb, content, sentence, path, capsys):
    if content is not None:
        path.write_bytes(content)
    out = path.parent / "runs"
    assert main([verb, "-m", "sum", "-e", f"precomputed:{path}", "--out", str(out), "--device", "cpu"]) == 2
    said = capsys.readouterr().err
    assert sentence.format(path) in said and "Traceback" not in said
    assert not out.exists()


def test_the_argument_is_the_path(path):
    assert make_params(SPEC, {}, str(path)).path == path


def test_an_id_is_no_path(path, make):
    encoder = make(write(path))
    assert not encoder.has(ImageRef(DATASET, Pictures(), "../square"))
