"""`openai`: what is sent, in which order it comes back, and what happens when it does not."""

import base64
import io
import time

import pytest
import torch
from PIL import Image

from cir_bench import ConfigError, DataError, levels
from cir_bench.interfaces.levels import Needs
from cir_bench_multimodal.endpoint import Endpoint
from cir_bench_multimodal.params import OpenAIParams

POOLED = levels("pooled")


@pytest.fixture
def make(server, context):
    return lambda **params: Endpoint(OpenAIParams(**{"url": server.url} | params), context)


@pytest.fixture
def waits(monkeypatch):
    """The seconds that were waited between two tries; nothing is waited for."""
    waited = []
    monkeypatch.setattr("cir_bench_multimodal.client.sleep", waited.append)
    return waited


def texts(encoder, *texts):
    return encoder.encode_texts(list(texts), POOLED).need_pooled()


def test_a_pair_is_a_conversation_of_instruction_image_and_text(make, server, pictures):
    encoder = make(query={"*": "Edit it."}, dimensions=4, body={"add_generation_prompt": True})
    item = encoder.image_item(pictures[0])
    found = encoder.encode_pairs([item], ["is red"], POOLED).need_pooled()
    sent = server.requests[-1]
    system, user = sent.pop("messages")
    assert sent == {
        "model": "tiny-vlm",
        "encoding_format": "float",
        "dimensions": 4,
        "add_generation_prompt": True,
    }
    assert system == {"role": "system", "content": [{"type": "text", "text": "Edit it."}]}
    image, text = user["content"]
    assert text == {"type": "text", "text": "is red"}
    head, data = image["image_url"]["url"].split(",")
    assert head == "data:image/png;base64"
    decoded = Image.open(io.BytesIO(base64.b64decode(data)))
    assert list(decoded.getdata()) == list(pictures[0].open().getdata())
    assert found.shape == (1, 4)
    make(order="text-first").encode_pairs([item], ["is red"], POOLED)
    assert [part["type"] for part in server.requests[-1]["messages"][-1]["content"]] == ["text", "image_url"]


def test_rows_are_in_order_whichever_answer_comes_first(make, server):
    server.slow = lambda text: time.sleep(0.1 if text == "0" else 0)
    found = texts(make(), *"01234567")
    server.slow = lambda text: None
    assert torch.equal(found, torch.cat([texts(make(concurrency=1), letter) for letter in "01234567"]))


def test_a_busy_server_is_asked_again_after_the_time_it_asks_for(make, server, waits):
    encoder = make()
    expected = texts(encoder, "red")
    server.replies = [(429, {"Retry-After": "7"}, {}), (429, {"Retry-After": "later"}, {}), 503, (500, {}, b"oops")]
    assert torch.equal(texts(encoder, "red"), expected)
    assert waits == [7.0, 2.0, 4.0, 8.0]


def test_it_gives_up_after_the_retries_with_the_servers_words(make, server, waits):
    encoder = make(retries=2)
    server.replies = [429] * 3
    with pytest.raises(DataError, match=r"/embeddings answered with status 429 \(try later\), 3 times"):
        texts(encoder, "red")
    assert waits == [1.0, 2.0]


def test_a_refusal_is_not_repeated(make, server, waits):
    encoder = make()
    server.replies = [(400, {}, {"message": "images are not supported"})]
    with pytest.raises(DataError, match=r"status 400 \(images are not supported\)\.$"):
        texts(encoder, "red")
    assert not waits


def test_a_server_that_hangs_is_a_timeout(make, server, waits):
    encoder = make(timeout=0.05, retries=1)
    server.slow = lambda text: time.sleep(0.3)
    with pytest.raises(DataError, match=r"did not answer within 0\.05 s, 2 times"):
        texts(encoder, "red")
    assert waits == [1.0]


def test_no_server_is_one_sentence(make, waits):
    with pytest.raises(DataError, match=r"http://127\.0\.0\.1:9/v1/models cannot be reached .* 6 times"):
        make(url="http://127.0.0.1:9/v1")


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        [],
        {"data": []},
        {"data": [{"embedding": "abc"}]},
        {"data": [{"embedding": []}]},
        b'{"data": [{"embedding": [NaN]}]}',
    ],
)
def test_an_answer_that_is_no_embedding_is_one_sentence(make, server, body):
    encoder = make()
    server.replies = [(200, {}, body)]
    with pytest.raises(DataError, match=r"did not answer with (JSON|one )"):
        texts(encoder, "red")


def test_vectors_of_different_widths_are_refused(make, server):
    encoder = make(concurrency=1)
    server.replies = [(200, {}, {"data": [{"embedding": [1.0]}]})]
    with pytest.raises(DataError, match=r"different widths, \[1, 6\]"):
        texts(encoder, "red", "blue")


def test_of_several_models_one_must_be_named(make, server):
    server.names = ["a", "b"]
    with pytest.raises(ConfigError, match=r"serves 2 models \(a, b\); set encoder\.model"):
        make()
    assert make(model="b").facts()["weights"] == f"b at {server.url}"


def test_a_key_is_sent_only_if_its_variable_is_named_and_is_never_recorded(make, server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    make()
    assert server.keys == [None]
    encoder = make(api_key_env="OPENAI_API_KEY")
    assert server.keys[-1] == "Bearer secret"
    assert "secret" not in f"{encoder.facts()} {encoder.preprocess}"
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(ConfigError, match=r"OPENAI_API_KEY .* is not set"):
        make(api_key_env="OPENAI_API_KEY")


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://host/v1", "http://me:secret@host/v1"])
def test_an_address_that_cannot_be_used_is_refused(url):
    with pytest.raises(ValueError, match=r"write it as http|would be recorded"):
        OpenAIParams(url=url)


def test_what_was_answered_once_is_not_asked_again_unless_the_prompt_changes(make, server, tmp_path):
    from cir_bench.features.cache import FeatureCache
    from cir_bench.features.request import FeatureRequest

    def ask(encoder):
        before = len(server.requests)
        request = FeatureRequest.of_texts("openai", encoder, ["red", "blue"], Needs(), ("toy", "test"))
        FeatureCache(tmp_path).table(request)
        return len(server.requests) - before

    assert [ask(make()), ask(make()), ask(make(query="Edit it."))] == [2, 0, 2]
