"""Damaged files are found, removed with a warning, and encoded again; they are never used."""

import json

import pytest
from support.killed import kill_writer
from support.tables import image_table

from cir_bench.errors import RunError
from cir_bench.features.cache import FeatureCache
from cir_bench.features.store import CacheWarning, Store


def flip_a_bit(payload, manifest):
    content = bytearray(payload.read_bytes())
    content[-1] ^= 1
    payload.write_bytes(content)


def truncate(payload, manifest):
    payload.write_bytes(payload.read_bytes()[:-4])


def garble_header(payload, manifest):
    content = payload.read_bytes()
    payload.write_bytes(b"\xff" * 16 + content[16:])


def garble_header_under_a_right_checksum(payload, manifest):
    import hashlib

    garble_header(payload, manifest)
    fields = json.loads(manifest.read_text()) | {"sha256": hashlib.sha256(payload.read_bytes()).hexdigest()}
    manifest.write_text(json.dumps(fields))


def wrong_shape_in_manifest(payload, manifest):
    fields = json.loads(manifest.read_text())
    fields["shapes"]["pooled"][1] = 999
    manifest.write_text(json.dumps(fields))


def another_item_in_manifest(payload, manifest):
    fields = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(fields | {"items": fields["items"][:-1]}))


def empty_manifest(payload, manifest):
    manifest.write_text("")


def remove_manifest(payload, manifest):
    manifest.unlink()


def remove_payload(payload, manifest):
    payload.unlink()


@pytest.mark.parametrize(
    "damage",
    [
        flip_a_bit,
        truncate,
        garble_header,
        garble_header_under_a_right_checksum,
        wrong_shape_in_manifest,
        another_item_in_manifest,
        empty_manifest,
        remove_manifest,
        remove_payload,
    ],
)
def test_a_damaged_shard_is_rebuilt_with_a_warning(damage, encoder, images, tmp_path):
    refs = images.refs(["image3", "image1"])
    image_table(FeatureCache(tmp_path), encoder, refs)
    (payload,) = tmp_path.rglob("*.safetensors")
    damage(payload, payload.with_suffix(".json"))

    with pytest.warns(CacheWarning, match=r"00000.safetensors cannot be used: .*encoded again"):
        table = image_table(FeatureCache(tmp_path), encoder, refs)
    assert table.rows(["image3", "image1"]).pooled.tolist() == [[3, 3], [1, 1]]
    assert encoder.encoded() == 4

    image_table(FeatureCache(tmp_path), encoder, refs)
    assert encoder.encoded() == 4


def test_sound_shards_beside_a_damaged_one_are_kept(encoder, images, tmp_path):
    for name in ("image1", "image2"):
        image_table(FeatureCache(tmp_path), encoder, images.refs([name]))
    flip_a_bit(*((p, p.with_suffix(".json")) for p in tmp_path.rglob("00000.safetensors")).__next__())
    with pytest.warns(CacheWarning):
        table = image_table(FeatureCache(tmp_path), encoder, images.refs(["image1", "image2"]))
    assert table.rows(["image1", "image2"]).pooled.tolist() == [[1, 1], [2, 2]]
    assert encoder.encoded() == 3


def test_leftovers_of_a_killed_writer_are_swept(encoder, images, tmp_path):
    cache = FeatureCache(tmp_path)
    image_table(cache, encoder, images.refs(["image1"]))
    (payload,) = tmp_path.rglob("*.safetensors")
    leftover = kill_writer(payload.with_name("00001.safetensors"))
    image_table(cache, encoder, images.refs(["image2"]))
    assert not leftover.exists()


def test_features_that_vanish_while_they_are_written_are_never_made_up(encoder, images, tmp_path, monkeypatch):
    monkeypatch.setattr(Store, "append", lambda *args: None)
    with pytest.raises(RunError, match="are gone or damaged"):
        image_table(FeatureCache(tmp_path), encoder, images.refs())


def test_a_cache_that_cannot_be_written_is_one_sentence(encoder, images, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(RunError, match=r"feature cache .* cannot be written: .*--cache-dir"):
        image_table(FeatureCache(blocked), encoder, images.refs())
