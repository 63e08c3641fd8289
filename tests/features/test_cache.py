import math

import pytest
import torch
from support.tables import image_request, image_table, text_table

from cir_bench import DataError, FeatureLevel, Needs, levels
from cir_bench.errors import PluginError
from cir_bench.features import fill
from cir_bench.features.cache import FeatureCache
from cir_bench.features.request import FeatureRequest
from cir_bench.features.table import preload_limit

POOLED = levels("pooled")
MAPS = levels("maps")
TRAIN = ("plain", "train")
VAL = ("plain", "val")


def test_features_come_back_by_id_in_the_order_asked_for(cache, encoder, images):
    table = image_table(cache, encoder, images.refs(["image3", "image1", "image3"]))
    assert table.rows(["image3", "image1", "image3"]).pooled.tolist() == [[3, 3], [1, 1], [3, 3]]
    with pytest.raises(KeyError):
        table.rows(["image9"])


def test_no_item_is_encoded_twice(cache, encoder, images, tmp_path):
    image_table(cache, encoder, images.refs(["image1", "image2", "image1"]))
    assert encoder.encoded() == 2
    image_table(cache, encoder, images.refs(["image2", "image1"]))
    image_table(FeatureCache(tmp_path / "features"), encoder, images.refs(["image2"]))
    assert encoder.encoded() == 2


def test_only_what_is_missing_is_encoded_also_across_splits(cache, encoder, images):
    image_table(cache, encoder, images.refs(["image1", "image2"]), scope=TRAIN)
    table = image_table(cache, encoder, images.refs(["image2", "image3"]), scope=VAL)
    assert [batch for batch, _ in encoder.image_batches] == [[1, 2], [3]]
    assert table.rows(["image2", "image3"]).pooled.tolist() == [[2, 2], [3, 3]]


def test_equal_contents_are_encoded_once(cache, encoder, images):
    images.content["copy"] = 3
    table = image_table(cache, encoder, images.refs(["image3", "copy"]))
    assert encoder.encoded() == 1
    assert table.rows(["copy"]).pooled.tolist() == [[3, 3]]


def test_equal_texts_are_encoded_once_and_the_empty_text_is_a_text(cache, encoder):
    table = text_table(cache, encoder, ["red", "", "red"], levels("pooled", "tokens"))
    assert encoder.encoded() == 2
    features = table.rows(["red", "", "red"])
    assert features.pooled[:, 0].tolist() == [3, 0, 3]
    assert features.mask.tolist() == [[True] * 3, [True, False, False], [True] * 3]


def test_tokens_are_padded_to_the_longest_of_the_rows_asked_for(cache, encoder):
    texts = ["a", "abc", "abcdef"]
    wanted = levels("tokens")
    for text in texts:  # three shards of different lengths
        text_table(cache, encoder, [text], wanted)
    table = text_table(cache, encoder, texts, wanted)
    assert table.rows(["a", "abc"]).tokens.shape == (2, 3, 1)
    assert table.rows(["abcdef", "a"]).tokens[:, :, 0].tolist() == [[97, 98, 99, 100, 101, 102], [97, 0, 0, 0, 0, 0]]
    direct = table.rows(["abc", "a"])
    assert table.preload()
    assert torch.equal(table.rows(["abc", "a"]).tokens, direct.tokens)
    assert torch.equal(table.rows(["abc", "a"]).mask, direct.mask)


def test_a_preloaded_table_reads_no_file(cache, encoder, images, tmp_path):
    table = image_table(
        cache, encoder, images.refs(["image5", "image6", "image5"]), levels("pooled", "maps"), map_levels=2
    )
    before = table.rows(["image5", "image6"])
    assert table.nbytes == 2 * 4 * (2 + 3 + 8)
    assert not table.preload(max_bytes=table.nbytes - 1)
    assert table.preload(max_bytes=table.nbytes)
    for file in tmp_path.rglob("*.safetensors"):
        file.write_bytes(b"")
    after = table.rows(["image5", "image6"])
    assert all(torch.equal(a, b) for a, b in zip(before.tensors().values(), after.tensors().values(), strict=True))


def test_a_gpu_keeps_tables_by_what_is_free_on_it(cache, encoder, images, monkeypatch):
    table = image_table(cache, encoder, images.refs(["image5"]), levels("pooled"))
    monkeypatch.setattr("torch.cuda.mem_get_info", lambda device: (2 * table.nbytes - 1, 1 << 40))
    assert table.preload("cuda") and table.kept_on(torch.device("cpu")) == table.nbytes, "the host has room for it"
    monkeypatch.setattr("torch.cuda.mem_get_info", lambda device: (80 << 30, 80 << 30))
    assert preload_limit("cuda:1") == 40 << 30
    monkeypatch.setattr("cir_bench.features.table.free_host_mib", lambda: 8 << 10)
    assert preload_limit("cpu") == 2 << 30


def test_maps_are_counted_from_the_deepest_and_only_those_asked_for_are_kept(cache, encoder, images, tmp_path):
    one = image_table(cache, encoder, images.refs(["image4"]), MAPS, map_levels=1).rows(["image4"])
    assert [tuple(m.shape) for m in one.maps] == [(1, 3, 1, 1)]
    assert one.maps[0].flatten().tolist() == [6, 6, 6]
    assert {path.parent.name for path in tmp_path.rglob("*.safetensors")} == {"map1"}
    three = image_table(cache, encoder, images.refs(["image4"]), MAPS, map_levels=3).rows(["image4"])
    assert [tuple(m.shape) for m in three.maps] == [(1, 1, 4, 4), (1, 2, 2, 2), (1, 3, 1, 1)]
    assert [m.flatten()[0].item() for m in three.maps] == [4, 5, 6]


def test_a_new_level_of_a_known_image_is_a_miss_for_that_level_alone(cache, encoder, images):
    image_table(cache, encoder, images.refs(["image1", "image2"]), POOLED)
    table = image_table(cache, encoder, images.refs(["image1", "image2", "image3"]), POOLED | MAPS)
    assert [(batch, sorted(wanted)) for batch, wanted in encoder.image_batches[1:]] == [
        ([1, 2], [FeatureLevel.MAPS]),
        ([3], [FeatureLevel.MAPS, FeatureLevel.POOLED]),
    ]
    assert table.rows(["image3"]).pooled.tolist() == [[3, 3]]
    assert table.rows(["image3"]).levels == POOLED | MAPS
    assert image_table(cache, encoder, images.refs(["image1"]), POOLED).rows(["image1"]).levels == POOLED


def change_nothing(encoder, images):
    return {}


def change_name(encoder, images):
    return {"name": "another"}


def change_weights(encoder, images):
    with torch.no_grad():
        encoder.weight += 1
    return {}


def change_preprocess(encoder, images):
    encoder.words = "target-pad"
    return {}


def change_version(encoder, images):
    encoder.version = "2"
    return {}


def change_content(encoder, images):
    images.content["image1"] = 77
    return {}


def change_level(encoder, images):
    return {"wanted": MAPS}


def change_map_levels(encoder, images):
    return {"wanted": MAPS, "map_levels": 2}


@pytest.mark.parametrize(
    ("change", "encoded_again"),
    [
        (change_nothing, 0),
        (change_name, 1),
        (change_weights, 1),
        (change_preprocess, 1),
        (change_version, 1),
        (change_content, 1),
        (change_level, 1),
        (change_map_levels, 1),
    ],
)
def test_a_change_of_any_ingredient_of_the_key_is_a_miss_and_nothing_else_is(
    cache, encoder, images, change, encoded_again
):
    image_table(cache, encoder, images.refs(["image1"]))
    before = encoder.encoded()
    options = change(encoder, images)
    arguments = {"name": "counting", "wanted": POOLED} | options
    missing = cache.missing(image_request(encoder, images.refs(["image1"]), **arguments))
    assert missing.items == encoded_again
    image_table(cache, encoder, images.refs(["image1"]), **arguments)
    assert encoder.encoded() - before == encoded_again
    image_table(cache, encoder, images.refs(["image1"]), **arguments)
    assert encoder.encoded() - before == encoded_again


def test_an_image_never_answers_for_a_text_of_the_same_digest(cache, encoder, images):
    encoder.image_digest = lambda image: __import__("hashlib").sha256(b"red").hexdigest()
    image_table(cache, encoder, images.refs(["image1"]))
    table = text_table(cache, encoder, ["red"], POOLED)
    assert encoder.encoded() == 2
    assert table.rows(["red"]).pooled.tolist() == [[3, 3]]


def test_missing_says_how_many_and_how_large_without_encoding(cache, encoder, images):
    image_table(cache, encoder, images.refs(["image1"]))
    refs = images.refs(["image1", "image2", "image3", "image3"])
    missing = cache.missing(image_request(encoder, refs, POOLED | MAPS, scope=VAL, map_levels=2))
    assert (missing.items, missing.of) == (3, 3)
    assert missing.nbytes == 4 * (2 * 2 + 3 * (3 + 8))
    texts = cache.missing(FeatureRequest.of_texts("counting", encoder, ["a", "a", "b"], Needs(), VAL))
    assert (texts.items, texts.of, texts.nbytes) == (2, 2, 4 * 2 * 2)
    assert encoder.encoded() == 1


def test_progress_counts_what_is_encoded(cache, encoder, images):
    image_table(cache, encoder, images.refs(["image0"]))
    seen = []
    image_table(cache, encoder, images.refs(), batch_size=4, progress=lambda *now: seen.append(now))
    assert {levels for _, _, levels in seen} == {POOLED}
    assert [(done, total) for done, total, _ in seen] == [(0, 9), (4, 9), (8, 9), (9, 9)]
    image_table(cache, encoder, images.refs(), progress=lambda *now: seen.append(now))
    assert len(seen) == 4


def test_the_encoder_runs_in_evaluation_mode_and_gets_its_mode_back(cache, encoder, images):
    modes = []
    original = encoder.encode_images
    encoder.encode_images = lambda *a: (modes.append((encoder.training, torch.is_grad_enabled())), original(*a))[1]
    encoder.train()
    image_table(cache, encoder, images.refs())
    assert modes == [(False, False)]
    assert encoder.training


def test_worker_processes_keep_the_order(cache, encoder, images):
    images.content = {f"i{n}": n % 256 for n in range(300)}
    table = image_table(cache, encoder, images.refs(), batch_size=16, workers=2)
    assert table.rows(list(images.content)).pooled[:, 0].tolist() == [n % 256 for n in range(300)]


@pytest.mark.parametrize("workers", [0, 2])
def test_an_undecodable_image_is_named(cache, encoder, images, workers):
    images.content = {f"i{n}": n % 256 for n in range(300)}
    images.broken = {"i123"}
    with pytest.raises(DataError, match=r"^image 'i123' of plain cannot be decoded \(image file is truncated\)"):
        image_table(cache, encoder, images.refs(), batch_size=16, workers=workers)


def test_an_encoder_that_returns_another_number_of_rows_is_blamed(cache, encoder, images):
    original = encoder.encode_images
    encoder.encode_images = lambda items, wanted: original(items[:-1], wanted)
    with pytest.raises(PluginError, match="encoder counting returned 9 items"):
        image_table(cache, encoder, images.refs())


def test_features_that_are_not_finite_are_refused(cache, encoder, images):
    with torch.no_grad():
        encoder.weight.fill_(math.inf)
    with pytest.raises(PluginError, match="encoder counting returned pooled features that are not finite"):
        image_table(cache, encoder, images.refs())


def test_names_never_leave_the_cache_folder(cache, encoder, images, tmp_path):
    image_table(cache, encoder, images.refs(["image1"]), scope=("folder:../../x", "../.."))
    image_table(cache, encoder, images.refs(["image2"]), scope=("folder:../..-x", "../.."))
    assert all(path.is_relative_to(tmp_path / "features") for path in tmp_path.rglob("*") if path.is_file())
    assert len(list((tmp_path / "features").glob("*/folder-*"))) == 2


def test_large_sets_are_written_in_shards(cache, encoder, images, tmp_path, monkeypatch):
    monkeypatch.setattr(fill, "SHARD_ITEMS", 4)
    table = image_table(cache, encoder, images.refs(), batch_size=2)
    assert len(list(tmp_path.rglob("*.safetensors"))) == 3
    assert table.rows(["image9", "image0", "image4", "image3"]).pooled[:, 0].tolist() == [9, 0, 4, 3]


def test_shards_are_bounded_in_bytes(cache, encoder, images, tmp_path, monkeypatch):
    monkeypatch.setattr(fill, "SHARD_BYTES", 3 * 8)
    image_table(cache, encoder, images.refs(), batch_size=2)
    assert len(list(tmp_path.rglob("*.safetensors"))) == 3  # 4 + 4 + 2 items: the first batch that reaches the limit
