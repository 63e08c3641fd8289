"""Features are those of sentence-transformers, and none of its traps is silent."""

import json
import sys

import pytest
import torch
from support.building import provides

from cir_bench import CirBenchError, ConfigError, Context, DataError, levels
from cir_bench.interfaces.spec_params import make_params
from cir_bench.testing.pictures import DATASET
from cir_bench_multimodal import ENCODERS
from cir_bench_multimodal.params import SentenceTransformersParams

SPEC = ENCODERS[0]
POOLED = levels("pooled")
TEXTS = ["is red", "", "has much longer sleeves"]


@pytest.fixture
def make(models, context):
    def build(model, context=context, **params):
        from cir_bench_multimodal.encoder import SentenceTransformers

        return SentenceTransformers(SentenceTransformersParams(model=models.get(model, model), **params), context)

    return build


@pytest.fixture
def library(models):
    """``library("vlm")``: the model as sentence-transformers itself loads it."""
    from sentence_transformers import SentenceTransformer

    return lambda name: SentenceTransformer(models[name], device="cpu", local_files_only=True)


def images(encoder, pictures):
    return pooled(encoder.encode_images, [encoder.image_item(one) for one in pictures])


def pairs(encoder, pictures, texts=TEXTS):
    return pooled(encoder.encode_pairs, [encoder.image_item(one) for one in pictures], texts)


def pooled(encode, *items):
    with torch.no_grad():
        return encode(*items, POOLED).need_pooled()


@pytest.mark.parametrize("name", ["clip", "blip", "prompted"])
def test_features_are_those_of_encode_query_and_encode_document(make, library, pictures, name):
    encoder, model = make(name, batch=2), library(name)
    opened = [picture.open() for picture in pictures]
    expected = [
        model.encode_document([{"image": image} for image in opened], convert_to_tensor=True),
        model.encode_query([{"text": text} for text in TEXTS], convert_to_tensor=True),
    ]
    found = [images(encoder, pictures), pooled(encoder.encode_texts, TEXTS)]
    if name != "clip":
        both = [{"image": image, "text": text} for image, text in zip(opened, TEXTS, strict=True)]
        expected.append(model.encode_query(both, convert_to_tensor=True))
        found.append(pairs(encoder, pictures))
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_the_order_in_a_pair_is_ours_not_that_of_a_dictionary(make, library, pictures):
    text_first = library("vlm").encode_query([{"text": TEXTS[0], "image": pictures[0].open()}], convert_to_tensor=True)
    image_first, other = make("vlm"), make("vlm", order="text-first")
    assert not torch.allclose(pairs(image_first, pictures[:1], TEXTS[:1]), text_first, atol=1e-3)
    torch.testing.assert_close(pairs(other, pictures[:1], TEXTS[:1]), text_first)
    assert image_first.preprocess != other.preprocess


def test_a_text_that_is_the_name_of_an_image_file_is_a_text(make, pictures, tmp_path, monkeypatch):
    pictures[0].open().save(tmp_path / "red.png")
    encoder = make("vlm")
    apart = pooled(encoder.encode_texts, ["red.png"])
    monkeypatch.chdir(tmp_path)
    assert torch.equal(pooled(encoder.encode_texts, ["red.png"]), apart)


@pytest.mark.parametrize(("name", "normed"), [("vlm", True), ("clip", False)])
def test_truncated_vectors_have_the_models_norm(make, pictures, name, normed):
    whole, cut = images(make(name), pictures), images(make(name, truncate_dim=8), pictures)
    torch.testing.assert_close(cut, torch.nn.functional.normalize(whole[:, :8]) if normed else whole[:, :8])
    assert torch.allclose(cut.norm(dim=1), torch.ones(3)) == normed
    assert make(name, truncate_dim=8).shape.joint.pooled == (8 if name == "vlm" else None)


def test_more_dimensions_than_there_are_is_one_sentence(make):
    with pytest.raises(ConfigError, match="gives 12 dimensions, fewer than truncate_dim=64"):
        make("clip", truncate_dim=64)


def test_prompts_are_the_models_own_unless_they_are_set_for_the_data_set(make, models, pictures, tmp_path):
    plain, own = make("vlm"), make("prompted")
    assert own.facts()["prompt of a query"] == "Find the edited picture."
    assert not torch.allclose(images(own, pictures), images(plain, pictures), atol=1e-3)
    none = make("prompted", query="", document="")
    torch.testing.assert_close(pairs(none, pictures), pairs(plain, pictures))
    prompts = {DATASET: "Edit it.", "*": "Anything."}
    here = make("vlm", query=prompts)
    there = make("vlm", context=Context(tmp_path, tmp_path, dataset="cirr"), query=prompts)
    assert (here.facts()["prompt of a query"], there.facts()["prompt of a query"]) == ("Edit it.", "Anything.")
    torch.testing.assert_close(pairs(here, pictures), pairs(make("vlm", query="Edit it."), pictures))
    torch.testing.assert_close(images(here, pictures), images(plain, pictures))
    assert here.preprocess != there.preprocess


def test_a_prompt_for_one_data_set_is_set_on_the_command_line():
    from cir_bench.config import parse_set

    params = make_params(SPEC, parse_set(["query.fashioniq=Edit it.", "document='Look:'"]), "a/b")
    assert params.prompts_for("fashioniq") == ("Edit it.", "Look:")
    assert params.prompts_for("cirr") == (None, "Look:")


def test_a_prompt_that_the_model_ignores_is_refused_where_it_would_be(make, pictures):
    encoder = make("blip", query="Edit it.")
    assert encoder.facts()["prompt ignored on"] == "pairs"
    assert not torch.equal(pooled(encoder.encode_texts, TEXTS), pooled(make("blip").encode_texts, TEXTS))
    with pytest.raises(ConfigError, match=r"ignores a prompt on pairs, but encoder\.query sets one"):
        pairs(encoder, pictures)
    with pytest.raises(ConfigError, match=r"ignores a prompt on images, but encoder\.document sets one"):
        images(make("clip", document="Look:"), pictures)


def test_the_role_or_the_task_reaches_the_model(make, monkeypatch, pictures):
    encoders, seen = [make("clip"), make("clip", task="retrieval")], []
    module = type(encoders[0].model[0])
    preprocess = module.preprocess
    monkeypatch.setattr(module, "preprocess", lambda *args, **set: seen.append(set["task"]) or preprocess(*args, **set))
    for encoder in encoders:
        pooled(encoder.encode_texts, ["is red"])
        images(encoder, pictures)
    assert seen == ["query", "document", "retrieval", "retrieval"]
    assert encoders[0].preprocess != encoders[1].preprocess


def test_long_texts_are_named_and_long_pairs_refused(make, pictures):
    clip = make("clip")
    fits, long = "red " * 14, "red " * 15  # 16 tokens with start and end, and 17
    assert list(clip.cut_texts(["a", fits, long])) == [long]
    vlm = make("vlm")
    fits, long = "x" * 300, "x" * 600
    assert list(vlm.cut_texts([fits, long])) == [long]
    assert vlm.model.max_seq_length == 512
    assert len(pairs(vlm, pictures[:1], [fits])) == 1
    for order in ("image-first", "text-first"):
        with pytest.raises(DataError, match=r"an image with the text 'xxx.* has more tokens than the 512 that"):
            pairs(make("vlm", order=order), pictures[:1], [long])


def test_a_model_without_pairs_declares_none_and_says_so(make, models, pictures, tmp_path):
    assert not provides(SPEC, SentenceTransformersParams(model=models["clip"])).joint
    assert provides(SPEC, SentenceTransformersParams(model=models["blip"])).joint == POOLED
    assert provides(SPEC, SentenceTransformersParams(model=models["vlm"])).joint == POOLED
    assert provides(SPEC, SentenceTransformersParams(model="nobody/unknown")).joint == POOLED  # not known yet
    encoder = make("clip")
    assert encoder.shape.joint.pooled is None
    with pytest.raises(ConfigError, match=r"reads images and texts apart \(it reads text, image\)"):
        pairs(encoder, pictures)


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_features_are_float32_whatever_the_weights_are(make, pictures, dtype):
    encoder = make("vlm", dtype=dtype)
    assert encoder.model.dtype == getattr(torch, dtype)
    assert pairs(encoder, pictures).dtype == torch.float32
    assert dtype in encoder.preprocess


@pytest.fixture
def copied(models, tmp_path):
    """``copied("vlm", modules=…)``: a model's folder with files replaced; None: without the file."""
    import shutil

    def copy(name, **files):
        folder = tmp_path / name
        shutil.copytree(models[name], folder)
        for stem, content in files.items():
            path = folder / f"{stem}.json"
            path.unlink() if content is None else path.write_text(json.dumps(content))
        return str(folder)

    return copy


def test_pooling_is_never_guessed(make, copied, pictures):
    folder = copied("vlm", modules=None)
    with pytest.raises(ConfigError, match=r"no modules\.json .* set encoder\.pooling to lasttoken"):
        make(folder)
    normed = torch.nn.functional.normalize(images(make(folder, pooling="lasttoken"), pictures))
    torch.testing.assert_close(normed, images(make("vlm"), pictures))
    assert not torch.allclose(images(make("vlm", pooling="mean"), pictures), normed, atol=1e-3)
    with pytest.raises(ConfigError, match="pools inside the model"):
        make("clip", pooling="mean")


def test_a_changed_processor_is_another_preprocessing(make, models, copied):
    folder = copied("clip")
    before = make(folder).preprocess
    assert before == make("clip").preprocess
    path = f"{folder}/tokenizer_config.json"
    with open(path) as file:
        config = json.load(file)
    with open(path, "w") as file:
        json.dump(config | {"model_max_length": 8}, file)
    assert make(folder).preprocess != before


def test_code_of_a_model_runs_only_if_it_is_trusted(make, copied):
    folder = copied("clip")
    marker, code = f"{folder}/ran", f"{folder}/mine.py"
    with open(code, "w") as file:
        file.write(
            f"open({marker!r}, 'w').close()\nfrom transformers import CLIPConfig, CLIPModel\n"
            "class MyConfig(CLIPConfig):\n    model_type = 'mine'\n"
            "class MyModel(CLIPModel):\n    config_class = MyConfig\n"
        )
    with open(f"{folder}/config.json") as file:
        config = json.load(file)
    own = {"model_type": "mine", "auto_map": {"AutoConfig": "mine.MyConfig", "AutoModel": "mine.MyModel"}}
    with open(f"{folder}/config.json", "w") as file:
        json.dump(config | own, file)
    import os

    with pytest.raises(ConfigError, match=r"comes with Python code of its own.*trust_remote_code=true"):
        make(folder)
    assert not os.path.exists(marker)
    assert "code" in make(folder, trust_remote_code=True).facts()
    assert os.path.exists(marker)


def test_what_is_no_model_is_one_sentence(make, tmp_path):
    with pytest.raises(DataError, match="nobody/nothing is neither a folder nor on this machine"):
        make("nobody/nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="cannot be loaded by sentence-transformers"):
        make(str(tmp_path / "empty"))


def test_a_model_of_texts_is_refused(make, tmp_path):
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import StaticEmbedding
    from support.tiny_multimodal import word_tokenizer

    static = StaticEmbedding(word_tokenizer(16).backend_tokenizer, embedding_dim=4)
    SentenceTransformer(modules=[static], device="cpu").save(str(tmp_path / "texts"))
    with pytest.raises(ConfigError, match=r"does not read images \(it reads text\).*-e captions"):
        make(str(tmp_path / "texts"))


@pytest.mark.parametrize("found", ["5.5.0", None])
def test_a_library_that_is_too_old_or_missing_says_how_to_get_it(make, monkeypatch, found):
    if found:
        monkeypatch.setattr("cir_bench_multimodal.load.version", lambda name: found)
    else:
        monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(
        CirBenchError, match=r"needs sentence-transformers 6\.0 or newer.*pip install 'cir-bench\[st\]'"
    ):
        make("clip")
