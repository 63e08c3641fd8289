"""Every field of a spec is checked when it is registered; the refusal says what to write."""

from __future__ import annotations

import pytest

from cir_bench import (
    Composer,
    ComposerSpec,
    DatasetSpec,
    EncoderSpec,
    FinetuneParams,
    Loss,
    LossSpec,
    MethodSpec,
    Needs,
    Paper,
    Provides,
    PublishedWeights,
    RemoteFile,
    levels,
)
from cir_bench.interfaces.kinds import kind_of
from cir_bench.plugin.owner import PluginRejected
from cir_bench.plugin.spec_checks import check_spec

FILE = {"path": "a/b.json", "url": "https://example.org/b.json", "sha256": 64 * "0", "size": 7}
METHOD, COMPOSER, LOSS, ENCODER, DATASET = MethodSpec, ComposerSpec, LossSpec, EncoderSpec, DatasetSpec
USABLE = [
    (METHOD, {"implementation": Composer, "loss": "batch-classification"}),
    (METHOD, {"loss": {}}),
    (METHOD, {"loss": {"batch-classification": {"learn_scale": False}}}),
    (METHOD, {"loss": lambda params: {"batch-classification": {}}}),
    (METHOD, {"needs": Needs(image=levels("maps"), map_levels=3), "wraps": lambda params: {}}),
    (METHOD, {"needs": lambda params: Needs(), "params": FinetuneParams, "learns": False}),
    (METHOD, {"paper": Paper(title="t", venue="v"), "paper_encoder": "openclip:RN50x4", "encoder_recipes": {"*": {}}}),
    (METHOD, {"recipes": {"*": {"training": {"epochs": 3}}}, "controlled": {"css": {"training": {"lr": 0.1}}}}),
    (METHOD, {"published": PublishedWeights(entry="Phi", width=("fc.weight", 1), encoders={640: "openclip:RN50x4"})}),
    (METHOD, {"published": PublishedWeights(convert=dict, unused=("logit_scale",))}),
    (COMPOSER, {"needs": Needs()}),
    (LOSS, {"implementation": Loss}),
    (ENCODER, {"provides": Provides(image=levels("maps"), map_levels=2), "extra": "captions", "pixel_free": True}),
    (DATASET, {"files": (RemoteFile(**FILE),), "steps": ("Do it.",), "submission": "a.b:C", "needs_root": False}),
]
UNUSABLE = [
    (METHOD, {"name": 5}, "name=5", "lower case"),
    (METHOD, {"name": "a--b"}, "name='a--b'", "lower case"),
    (METHOD, {"summary": "two\nlines"}, "summary='two\\nlines'", "one line"),
    (METHOD, {"implementation": 5}, "implementation=5", "or the class itself"),
    (METHOD, {"version": 2}, "version=2", 'a string, like "1"'),
    (METHOD, {"training_data": "fashioniq"}, "training_data='fashioniq'", "a tuple of strings"),
    (ENCODER, {"training_data": (1,)}, "training_data=(1,)", "a tuple of strings"),
    (METHOD, {"params": dict}, "params=the class dict", "cir_bench.MethodParams"),
    (COMPOSER, {"params": dict}, "params=the class dict", "cir_bench.Params"),
    (METHOD, {"loss": "Batch Classification"}, "loss='Batch Classification'", "name of a loss"),
    (METHOD, {"loss": ["batch-classification"]}, "loss=['batch-classification']", "name of a loss"),
    (
        METHOD,
        {"loss": {"batch-classification": 5}},
        "loss={'batch-classification': 5}",
        '{"loss": {"parameter": value}}',
    ),
    (METHOD, {"published": {"fc": "layer"}}, "published={'fc': 'layer'}", "cir_bench.PublishedWeights"),
    (METHOD, {"published": PublishedWeights(names=["fc"])}, "published.names=['fc']", '{"theirs": "ours"}'),
    (METHOD, {"published": PublishedWeights(width="fc")}, "published.width='fc'", '("fc.weight", 1)'),
    (METHOD, {"published": PublishedWeights(unused="fc")}, "published.unused='fc'", "a tuple of names"),
    (METHOD, {"needs": "maps"}, "needs='maps'", "cir_bench.Needs"),
    (METHOD, {"needs": Needs(image={"maps"})}, "needs.image={'maps'}", 'levels("pooled")'),
    (METHOD, {"needs": Needs(image=frozenset({"maps"}))}, "needs.image=frozenset({'maps'})", 'levels("pooled")'),
    (METHOD, {"needs": Needs(text=levels("maps"))}, "needs.text=", "only images have maps"),
    (METHOD, {"needs": Needs(joint="pooled")}, "needs.joint='pooled'", 'levels("pooled"), levels("tokens") or'),
    (METHOD, {"needs": Needs(joint=levels("maps"))}, "needs.joint=", 'levels("pooled"), levels("tokens") or'),
    (METHOD, {"needs": Needs(triplets=False)}, "needs.triplets=False", "either images=True or texts=True"),
    (METHOD, {"needs": Needs(images=True)}, "needs.triplets=True", "either images=True or texts=True"),
    (METHOD, {"needs": Needs(corpus="cirr")}, "needs.corpus='cirr'", "only with triplets=False"),
    (METHOD, {"needs": Needs(map_levels=0)}, "needs.map_levels=0", "how many maps"),
    (METHOD, {"needs": Needs(text_from="Target Text")}, "needs.text_from='Target Text'", "name of an artefact"),
    (METHOD, {"needs": Needs(same_width="yes")}, "needs.same_width='yes'", "True or False"),
    (COMPOSER, {"needs": 3}, "needs=3", "function of the parameters"),
    (METHOD, {"wraps": {"sum": {}}}, "wraps={'sum': {}}", "function of the parameters"),
    (METHOD, {"kind": "toy"}, "kind='toy'", "'sentinel'"),
    (METHOD, {"learns": "no"}, "learns='no'", "True or False"),
    (METHOD, {"paper": "CVPR 2019"}, "paper='CVPR 2019'", "cir_bench.Paper("),
    (METHOD, {"paper": Paper(title="t", venue=2019)}, "paper.venue=2019", "CVPR 2019"),
    (METHOD, {"paper": Paper(title=" ", venue="v")}, "paper.title=' '", "title of the paper"),
    (METHOD, {"card": None}, "card=None", "a string"),
    (METHOD, {"recipes": {"*": 5}}, "recipes={'*': 5}", '{"benchmark": {"parameter": value}}'),
    (METHOD, {"controlled": {"css": 5}}, "controlled={'css': 5}", '{"benchmark": {"parameter": value}}'),
    (METHOD, {"controlled": 5}, "controlled=5", '{"benchmark": {"parameter": value}}'),
    (METHOD, {"paper_encoder": "Open CLIP"}, "paper_encoder='Open CLIP'", "openclip:RN50x4"),
    (METHOD, {"encoder_recipes": [1]}, "encoder_recipes=[1]", '{"benchmark": {"parameter": value}}'),
    (METHOD, {"encoder_recipes": {"*": {}}}, "no encoder that they are for", "paper_encoder"),
    (METHOD, {"recipes": {"*": {"training": {"epohcs": 3}}}}, "recipes['*']", "correct it"),
    (METHOD, {"controlled": {"css": {"training": {"lr": -1}}}}, "controlled['css']", "correct it"),
    (ENCODER, {"provides": Needs()}, "provides=a Needs", "cir_bench.Provides"),
    (ENCODER, {"provides": Provides(text=levels("maps"))}, "provides.text=", "only images have maps"),
    (ENCODER, {"provides": Provides(map_levels="3")}, "provides.map_levels='3'", "how many maps"),
    (ENCODER, {"extra": ["captions"]}, "extra=['captions']", "a string or None"),
    (ENCODER, {"pixel_free": 1}, "pixel_free=1", "True or False"),
    (DATASET, {"files": [RemoteFile(**FILE)]}, "files=a list", "a tuple of cir_bench.RemoteFile"),
    (DATASET, {"files": ({"path": "a"},)}, "files=({'path': 'a'},)", "a tuple of cir_bench.RemoteFile"),
    (DATASET, {"files": (RemoteFile(**FILE | {"path": "../a"}),)}, "files.path='../a'", "relative path"),
    (DATASET, {"files": (RemoteFile(**FILE | {"url": "ftp://a"}),)}, "files.url='ftp://a'", "http or https"),
    (DATASET, {"files": (RemoteFile(**FILE | {"sha256": 64 * "A"}),)}, "files.sha256=", "64 hex digits"),
    (DATASET, {"files": (RemoteFile(**FILE | {"size": 0}),)}, "files.size=0", "how many bytes"),
    (DATASET, {"steps": "Do it."}, "steps='Do it.'", "a tuple of strings"),
    (DATASET, {"submission": "a.b.C"}, "submission='a.b.C'", "or the class itself"),
    (DATASET, {"licence": None}, "licence=None", "a string"),
    (DATASET, {"trains": None}, "trains=None", "True or False"),
]


def make(spec_class, **fields):
    return spec_class(**{"name": "mine", "summary": "one line", "implementation": "a.b:C"} | fields)


@pytest.mark.parametrize(("kind", "fields"), USABLE)
def test_a_usable_spec_passes(kind, fields) -> None:
    spec = make(kind, **fields)
    assert check_spec(kind_of(kind), spec) is spec


@pytest.mark.parametrize(("kind", "fields", "message", "remedy"), UNUSABLE)
def test_a_field_that_cannot_be_used_is_refused_with_what_to_write(kind, fields, message, remedy) -> None:
    with pytest.raises(PluginRejected) as caught:
        check_spec(kind_of(kind), make(kind, **fields))
    assert message in caught.value.message
    assert f"{kind_of(kind).name} {fields.get('name', 'mine')!r}" in caught.value.message
    assert remedy in caught.value.remedy


@pytest.mark.parametrize("kind", [METHOD, COMPOSER, LOSS, ENCODER, DATASET], ids=lambda kind: kind.__name__)
def test_no_field_takes_anything(kind) -> None:
    for field in kind.__dataclass_fields__:
        with pytest.raises(PluginRejected, match=rf"has {field}=b'x'"):
            check_spec(kind_of(kind), make(kind, **{field: b"x"}))


def test_recipes_wait_for_a_parameter_that_must_be_given() -> None:
    class Params(FinetuneParams):
        width: int

    spec = make(METHOD, params=Params, recipes={"*": {"training": {"epochs": 3}}})
    assert check_spec(kind_of(METHOD), spec) is spec
