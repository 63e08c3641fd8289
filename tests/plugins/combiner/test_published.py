"""CLIP4Cir's checkpoints: the Combiner and the fine-tuned CLIP, in the layout that the released code saves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from support.goldens import find
from torch import Tensor

import cir_bench_combiner
from cir_bench import Context, DataError, Features, levels
from cir_bench.cli.app import main
from cir_bench.plugin.published import load_content
from cir_bench.records.load import read_records
from cir_bench_encoders.openclip import OpenClip
from cir_bench_encoders.openclip_params import OpenClipParams

(SPEC,) = cir_bench_combiner.METHODS
LAYOUT = SPEC.published
WIDTH = 24
CLIP = {
    "embed_dim": WIDTH,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 2},
}


def released(width: int, projection: int = 4, hidden: int = 8) -> dict[str, Tensor]:
    """A state dict of the released Combiner with random weights; its names and shapes as they are published."""
    generator = torch.Generator().manual_seed(3)
    shapes = {
        "text_projection_layer": (projection * width, width),
        "image_projection_layer": (projection * width, width),
        "combiner_layer": (hidden * width, 2 * projection * width),
        "output_layer": (width, hidden * width),
        "dynamic_scalar.0": (hidden * width, 2 * projection * width),
        "dynamic_scalar.3": (1, hidden * width),
    }
    state = {}
    for name, (outputs, inputs) in shapes.items():
        state[f"{name}.weight"] = torch.randn(outputs, inputs, generator=generator) / inputs**0.5
        state[f"{name}.bias"] = torch.randn(outputs, generator=generator)
    return state


def released_query(w: dict[str, Tensor], image: Tensor, text: Tensor) -> Tensor:
    """The released module's forward pass in evaluation mode."""

    def linear(name: str, x: Tensor) -> Tensor:
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    joined = torch.cat(
        [linear("text_projection_layer", text).relu(), linear("image_projection_layer", image).relu()], -1
    )
    mixing = linear("dynamic_scalar.3", linear("dynamic_scalar.0", joined).relu()).sigmoid()
    output = linear("output_layer", linear("combiner_layer", joined).relu())
    return torch.nn.functional.normalize(output + mixing * text + (1 - mixing) * image, dim=-1)


def test_the_parameters_map_one_to_one(make_combiner) -> None:
    ours = make_combiner(width=4).composer.inner.state_dict()
    theirs = released(4)
    assert sorted(map(LAYOUT.ours, theirs)) == sorted(ours)
    assert sorted(map(LAYOUT.published, ours)) == sorted(theirs)
    assert all(ours[LAYOUT.ours(name)].shape == value.shape for name, value in theirs.items())


def test_the_names_are_those_of_the_released_figures() -> None:
    with np.load(find("excerpt", "combiner")) as figures:
        names = {name.removeprefix("w/") for name in figures.files if name.startswith("w/")}
    assert names == set(released(4))


def test_a_checkpoint_composes_as_the_released_module(make_combiner, tmp_path: Path) -> None:
    method, state = make_combiner(width=4).eval(), released(4)
    assert load_content(method, LAYOUT, {"epoch": 12, "Combiner": state}, "toy") == "Combiner"
    image, text = 3 * torch.randn(5, 4), torch.randn(5, 4)
    found = method.composer.compose(Features(pooled=image), Features(pooled=text)).main
    torch.testing.assert_close(found, released_query(state, image, text))


def test_the_checkpoint_of_the_encoder_in_its_place_names_its_keys(make_combiner) -> None:
    with pytest.raises(DataError, match="has no entry 'Combiner'; at the top level it has the keys epoch, CLIP"):
        load_content(make_combiner(), LAYOUT, {"epoch": 1, "CLIP": {"visual.proj": torch.ones(2, 2)}}, "toy")


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (released(640, 1, 1), "features of width 640, and those of toy have width 4; use -e openclip:RN50x4:openai"),
        (released(4, 2, 8), r"6 weights are of another shape \(text_projection_layer.weight is 8×4 instead of 16×4"),
    ],
)
def test_other_widths(make_combiner, state: dict[str, Tensor], expected: str) -> None:
    with pytest.raises(DataError, match=expected):
        load_content(make_combiner(width=4), LAYOUT, {"Combiner": state}, "toy")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A benchmark of 12 coloured images, and CLIP4Cir's two files for a small CLIP."""
    names = [f"val{i}" for i in range(12)]
    for i, name in enumerate(names):
        Image.new("RGB", (40, 30 + i), (20 * i, 255 - 20 * i, 9 * i)).save(tmp_path / f"{name}.png")
    gallery = [{"image": name, "split": "val", "file": f"{name}.png"} for name in names]
    triplets = [
        {"query_id": one, "split": "val", "reference": one, "text": f"is {i} times redder", "targets": [other]}
        for i, (one, other) in enumerate(pairwise(names))
    ]
    for name, lines in (("gallery", gallery), ("triplets", triplets)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    (tmp_path / "small.json").write_text(json.dumps(CLIP), encoding="utf-8")
    open_clip.add_model_config(tmp_path / "small.json")
    with torch.random.fork_rng():
        torch.manual_seed(5)
        clip = open_clip.create_model("small").state_dict()
    torch.save({"epoch": 30, "CLIP": clip}, tmp_path / "clip.pt")
    torch.save({"epoch": 12, "Combiner": released(WIDTH)}, tmp_path / "combiner.pt")
    return tmp_path


def _ranks(folder: Path) -> Iterator[int]:
    """Of every query's target, with encoder, Combiner and search by hand."""
    params: dict[str, Any] = {"model": str(folder / "small.json"), "checkpoint": folder / "clip.pt"}
    encoder = OpenClip(OpenClipParams(**params, quick_gelu=True, preprocess="target-pad"), Context(None, folder))
    weights = torch.load(folder / "combiner.pt", weights_only=True)["Combiner"]
    pooled = levels("pooled")
    pictures = [Image.open(folder / f"val{i}.png") for i in range(12)]
    with torch.inference_mode():
        images = encoder.encode_images([encoder._prepare(picture) for picture in pictures], pooled).need_pooled()
        for i in range(11):
            text = encoder.encode_texts([f"is {i} times redder"], pooled).need_pooled()
            scores = released_query(weights, images[i : i + 1], text) @ torch.nn.functional.normalize(images, dim=1).T
            others = [score for j, score in enumerate(scores[0].tolist()) if j != i]
            yield 1 + sum(score > scores[0, i + 1].item() for score in others)


def test_both_checkpoints_from_the_command_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["run", "-m", "combiner", "--weights", str(folder / "combiner.pt"), "-b", f"folder:{folder}"]
    argv += ["-e", f"openclip:{folder / 'small.json'}", "--set", f"encoder.checkpoint={folder / 'clip.pt'}"]
    argv += ["--set", "encoder.quick_gelu=true", "--set", "encoder.preprocess=target-pad", "--device", "cpu"]
    code = main([*argv, "--out", str(folder / "runs"), "--cache-dir", str(folder / "cache")])
    assert code == 0, capsys.readouterr()
    (record,) = read_records(folder / "runs")[0].values()
    assert record.weights is not None
    assert record.weights.entry == "Combiner"
    assert record.encoder is not None
    assert record.encoder.facts["weights"].endswith("clip.pt, 'CLIP'")
    ranks = list(_ranks(folder))
    measured = {key: value for key, value in record.metrics.items() if key.startswith("R@")}
    assert measured
    for key, value in measured.items():
        assert value == pytest.approx(100 * sum(rank <= int(key[2:]) for rank in ranks) / len(ranks)), key
    assert len(set(ranks)) > 2
