"""Pseudo-words of `openclip`, in both layouts of its text tower, and of `tiny`."""

import json

import open_clip
import pytest
import torch

from cir_bench import ConfigError, NoParams, levels
from cir_bench.testing import PseudoWordContract
from cir_bench_encoders.openclip import OpenClip
from cir_bench_encoders.openclip_params import OpenClipParams
from cir_bench_encoders.openclip_words import token_rows
from cir_bench_encoders.tiny.encoder import Tiny

from .conftest import CONFIGS, TEXT, save_clip

LAYOUTS = {"clip": {}, "custom": {"custom_text": True}}


def write_layout(folder, layout):
    """A small CLIP whose text tower is in this layout, with random weights."""
    config = {
        "embed_dim": 24,
        "vision_cfg": CONFIGS["mini-vit"],
        "text_cfg": {**TEXT, "context_length": 20},
        **LAYOUTS[layout],
    }
    (folder / f"mini-words-{layout}.json").write_text(json.dumps(config))
    return save_clip(folder, f"mini-words-{layout}")


def embedding_of(encoder):
    return getattr(encoder.model, "text", encoder.model).token_embedding.weight


class TestOpenClip(PseudoWordContract):
    name = "openclip"
    variants = {"clip": {}, "custom": {}}

    def prepare(self, data_root):
        self._params = write_layout(data_root, self.variant)

    def parameters(self):
        return self._params

    def word_vector(self, encoder):
        (number,) = open_clip.factory.SimpleTokenizer().encode(self.word)
        return embedding_of(encoder)[number]


class TestTiny(PseudoWordContract):
    name = "tiny"

    def word_vector(self, encoder):
        return encoder.text.words.weight[encoder.text.vocabulary.encode([self.word])[0][0, 0]]


@pytest.fixture
def make(tmp_path, context):
    return lambda layout="clip": OpenClip(OpenClipParams(**write_layout(tmp_path, layout)), context)


def test_the_layouts_differ(make):
    assert isinstance(make("custom").model, open_clip.CustomTextCLIP)
    assert isinstance(make("clip").model, open_clip.CLIP)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_pseudo_word_is_open_clips_forward_pass_with_one_embedding_replaced(make, layout):
    encoder = make(layout)
    tower = getattr(encoder.model, "text", encoder.model)
    vectors = torch.randn(2, 32)
    ids = open_clip.get_tokenizer(f"mini-words-{layout}")(["a photo of red that is blue", "a photo of red that"])
    with torch.no_grad():
        x = tower.token_embedding(ids)
        x[:, 4] = vectors  # start, a, photo, of
        x = tower.ln_final(tower.transformer(x + tower.positional_embedding, attn_mask=tower.attn_mask))
        expected = x[torch.arange(2), ids.argmax(dim=1)] @ tower.text_projection
        found = encoder.encode_texts_with("a photo of $ that {text}", ["is blue", ""], vectors).pooled
    torch.testing.assert_close(found, expected)


def test_a_template_may_do_without_a_caption(make):
    encoder = make()
    (red,) = open_clip.factory.SimpleTokenizer().encode("red")
    with torch.no_grad():
        found = encoder.encode_texts_with("a photo of $", [""], embedding_of(encoder)[red][None]).pooled
        expected = encoder.encode_texts(["a photo of red"], levels("pooled")).pooled
    torch.testing.assert_close(found, expected)


def test_captions_lose_their_end_and_templates_nothing():
    tokenizer = open_clip.factory.SimpleTokenizer(context_length=8)
    start, end, of, red, blue, dress = tokenizer.encode("<start_of_text> <end_of_text> of red blue dress")
    parts = ("{text}", "of", "$", "dress")
    ids, at_word = token_rows(tokenizer, [parts] * 3, ["red blue red blue", "red", ""])
    assert ids.tolist() == [
        [start, red, blue, red, of, start, dress, end],
        [start, red, of, start, dress, end, 0, 0],
        [start, of, start, dress, end, 0, 0, 0],
    ]
    assert at_word.nonzero().tolist() == [[0, 5], [1, 3], [2, 2]]


def test_a_template_longer_than_the_text_tower_reads_is_refused():
    tokenizer = open_clip.factory.SimpleTokenizer(context_length=8)
    with pytest.raises(
        ConfigError, match=r"red red red red red red \$' has 9 tokens, but this text tower reads 8; shorten"
    ):
        token_rows(tokenizer, [("red red red red red red", "$")], [""])


def test_a_tokenizer_of_the_hub_is_refused_by_name(make):
    encoder = make()
    encoder._tokenize = object()
    assert encoder.pseudo_word_width is None
    with pytest.raises(ConfigError, match=r"tokenizer of .*mini-words-clip\.json comes from the Hugging Face hub"):
        encoder.encode_texts_with("$", [""], torch.zeros(1, 32))


def test_tinys_unknown_words_and_pseudo_words_differ(context):
    tiny = Tiny(NoParams(), context)
    unknown = tiny.encode_texts(["a zebra"], levels("pooled")).pooled
    assert not torch.allclose(tiny.encode_texts_with("a $", [""], torch.ones(1, 96)).pooled, unknown)
