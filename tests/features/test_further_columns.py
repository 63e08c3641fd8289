"""Columns that are stored along with those that are asked for, because others will ask for them."""

from __future__ import annotations

import pytest
import torch
from support.tables import image_request, image_table

from cir_bench import Context, FeatureLevel, Needs, NoParams, TrainCorpus, levels
from cir_bench.features import fill
from cir_bench.features.cache import FeatureCache
from cir_bench.features.request import FeatureRequest
from cir_bench.features.store import Store
from cir_bench.interfaces.features import Features
from cir_bench_encoders.cnn_lstm import CnnLstm
from cir_bench_encoders.cnn_lstm_params import CnnLstmParams
from cir_bench_encoders.tiny.encoder import Tiny

BOTH_MAPS = ("map1", "map2")


def columns(cache: FeatureCache) -> dict[str, int]:
    """The shards of each column."""
    found = [path.parent.name for path in cache.root.rglob("*.safetensors")]
    return {column: found.count(column) for column in found}


def test_they_are_stored_in_the_same_pass(cache, encoder, images) -> None:
    cache.table(image_request(encoder, images.refs()), also=lambda: BOTH_MAPS)
    table = image_table(cache, encoder, images.refs(), levels("pooled", "maps"), map_levels=2)
    assert encoder.encoded() == 10
    assert [one.shape[1:] for one in table.rows(["image3"]).maps] == [(2, 2, 2), (3, 1, 1)]


def test_the_table_has_only_what_was_asked_for(cache, encoder, images) -> None:
    table = cache.table(image_request(encoder, images.refs()), also=lambda: BOTH_MAPS)
    assert table.rows(["image1"]).levels == levels("pooled")


def test_nobody_is_asked_when_nothing_is_missing(cache, encoder, images) -> None:
    image_table(cache, encoder, images.refs())
    cache.table(image_request(encoder, images.refs()), also=pytest.fail)
    assert columns(cache) == {"pooled": 1}


def test_items_that_lack_only_these_wait_for_who_asks(cache, encoder, images) -> None:
    image_table(cache, encoder, images.refs(["image1", "image2"]))
    cache.table(image_request(encoder, images.refs()), also=lambda: BOTH_MAPS)
    assert encoder.encoded() == 10
    image_table(cache, encoder, images.refs(), levels("maps"), map_levels=2)
    assert encoder.image_batches[-1] == ([1, 2], levels("maps"))


def test_what_is_stored_is_not_stored_again(cache, encoder, images) -> None:
    image_table(cache, encoder, images.refs(), levels("maps"), map_levels=2)
    cache.table(image_request(encoder, images.refs()), also=lambda: BOTH_MAPS)
    assert columns(cache) == {"map1": 1, "map2": 1, "pooled": 1}
    assert encoder.image_batches[-1][1] == levels("pooled")


def test_features_are_written_shard_by_shard(cache, encoder, images, monkeypatch) -> None:
    """Never more than a shard and a batch is in memory, however many columns there are."""
    monkeypatch.setattr(fill, "SHARD_ITEMS", 2)
    monkeypatch.setattr("cir_bench.features.request.IMAGE_BATCH", 2)
    held: list[int] = []
    cat = Features.cat
    monkeypatch.setattr(Features, "cat", staticmethod(lambda parts: held.append(sum(map(len, parts))) or cat(parts)))
    cache.table(image_request(encoder, images.refs()), also=lambda: BOTH_MAPS)
    assert held == [2] * 5
    assert columns(cache) == {"pooled": 5, "map1": 5, "map2": 5}


@pytest.mark.parametrize("written", range(1, 6))
def test_an_interrupted_pass_is_resumed(cache, encoder, images, monkeypatch, written) -> None:
    """Also between two columns of one shard."""
    monkeypatch.setattr(fill, "SHARD_ITEMS", 5)
    monkeypatch.setattr("cir_bench.features.request.IMAGE_BATCH", 5)
    append, left = Store.append, iter(range(written))

    def dies(*args: object) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt
        append(*args)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "append", dies)
        with pytest.raises(KeyboardInterrupt):
            cache.table(image_request(encoder, images.refs()), also=lambda: BOTH_MAPS)
    again = FeatureCache(cache.root)
    again.table(image_request(encoder, images.refs()), also=lambda: BOTH_MAPS)
    table = image_table(again, encoder, images.refs(), levels("pooled", "maps"), map_levels=2)
    features = table.rows([f"image{n}" for n in range(10)])
    assert features.pooled[:, 0].tolist() == [*range(10)]
    assert features.maps[-1][:, 0, 0, 0].tolist() == [n + 2 for n in range(10)]
    assert encoder.encoded() <= 10 + 5 + 5


def test_what_fails_only_with_these_is_left_out(cache, encoder, images, monkeypatch, caplog) -> None:
    encode = encoder.encode_images

    def no_maps(items, wanted):
        if FeatureLevel.MAPS in wanted:
            raise RuntimeError("no maps today")
        return encode(items, wanted)

    monkeypatch.setattr(encoder, "encode_images", no_maps)
    table = cache.table(image_request(encoder, images.refs()), also=lambda: BOTH_MAPS)
    assert table.rows(["image4"]).pooled.tolist() == [[4, 4]]
    assert columns(cache) == {"pooled": 1}
    assert "could not be extracted in one pass with pooled" in caplog.text


@pytest.mark.parametrize("name", ["tiny", "cnn-lstm"])
def test_one_pass_gives_bit_for_bit_what_separate_passes_give(name, images, tmp_path) -> None:
    texts = ["make it red", "", "remove the large circle at the top", "blue"]
    if name == "tiny":
        encoder = Tiny(NoParams(), Context(None, tmp_path))
    else:
        encoder = CnnLstm(CnnLstmParams(image_size=32, width=16), Context(None, tmp_path))
        encoder.fit(TrainCorpus(texts))
    wanted = {"image": sorted(encoder_levels(encoder, "image")), "text": ["pooled", "tokens"]}

    def request(role: str, names: list[str]) -> FeatureRequest:
        if role == "text":
            return FeatureRequest.of_texts(name, encoder, texts, Needs(text=levels(*names)), ("plain", "train"))
        needs = Needs(image=levels(*names), map_levels=3)
        return FeatureRequest.of_images(name, encoder, images.refs(), needs, ("plain", "train"))

    for role, names in wanted.items():
        together, separate = FeatureCache(tmp_path / "together"), FeatureCache(tmp_path / "separate")
        every = request(role, names)
        together.table(request(role, ["pooled"]), also=lambda every=every: every.columns)
        for one in names:
            separate.table(request(role, [one]))
        a, b = together.table(every).rows(every.ids), separate.table(every).rows(every.ids)
        assert a.tensors().keys() == b.tensors().keys()
        assert all(torch.equal(tensor, b.tensors()[key]) for key, tensor in a.tensors().items())


def encoder_levels(encoder, role: str) -> set[str]:
    shape = getattr(encoder.shape, role)
    present = {"pooled": shape.pooled, "tokens": shape.tokens, "maps": shape.maps}
    return {level for level, width in present.items() if width}
