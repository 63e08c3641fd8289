"""Pic2Word's checkpoints, in the layout that the released code saves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from cir_bench import DataError
from cir_bench.records.load import read_records
from cir_bench.utils.weights import read_weights

TINY = 128
"""Width of the image features of `tiny`; its words have 96."""


def released(image: int, word: int) -> dict[str, Tensor]:
    """Random weights of the released module, saved from several GPUs; names and shapes as they are published."""
    generator = torch.Generator().manual_seed(4)
    shapes = {"layers.0.0": (512, image), "layers.1.0": (512, 512), "fc_out": (word, 512)}
    state = {}
    for name, (outputs, inputs) in shapes.items():
        state[f"module.{name}.weight"] = torch.randn(outputs, inputs, generator=generator) / inputs**0.5
        state[f"module.{name}.bias"] = torch.randn(outputs, generator=generator)
    return state


@pytest.fixture
def checkpoint(tmp_path: Path):
    """``checkpoint(image, word)`` writes a file with everything that the training code puts into it."""

    def write(image: int = TINY, word: int = 96) -> Path:
        clip = {"module.visual.proj": torch.ones(2, 2), "module.logit_scale": torch.tensor(4.6)}
        optimizer = {"state": {}, "param_groups": [{"lr": 1e-4, "betas": (0.9, 0.98), "params": [0, 1]}]}
        content = {"epoch": 30, "name": "pic2word", "state_dict": clip, "optimizer": optimizer}
        torch.save({**content, "state_dict_img2text": released(image, word)}, tmp_path / "epoch_30.pt")
        return tmp_path / "epoch_30.pt"

    return write


def test_a_checkpoint_is_evaluated_as_it_is(checkpoint, on_toy) -> None:
    toy = on_toy("-e", "tiny")
    file = checkpoint()
    code, said = toy("run", "-m", "pic2word", "--weights", f"pic2word={file}")
    assert code == 0, said
    record = toy.record()
    assert (record.weights.entry, record.selection.on, record.history) == (
        "state_dict_img2text",
        "nothing to train",
        (),
    )
    assert record.training_data[0].startswith("unknown (published weights")
    (kept,) = (toy.folder / "runs").rglob("*.safetensors") or [None]
    weights = read_weights(kept)
    theirs = released(TINY, 96)
    for name, tensor in theirs.items():
        assert torch.equal(weights[f"method.composer.mapping.{name.removeprefix('module.')}"], tensor)
    assert len(theirs) == len(weights)


@pytest.mark.parametrize(
    ("image", "word", "expected"),
    [
        (768, 768, "features of width 768, and those of tiny have width 128; use -e openclip:ViT-L-14:openai"),
        (TINY, 64, "2 weights are of another shape (fc_out.weight is 64×512 instead of 96×512"),
    ],
)
def test_weights_for_another_encoder(image: int, word: int, expected: str, checkpoint, on_toy) -> None:
    code, said = on_toy("-e", "tiny")("run", "-m", "pic2word", "--weights", f"pic2word={checkpoint(image, word)}")
    assert code == 1
    assert expected in said
    assert "Traceback" not in said


def test_objects_in_a_file_are_not_loaded(tmp_path: Path) -> None:
    content: dict[str, Any] = {"state_dict_img2text": released(8, 8), "args": Path("/")}
    torch.save(content, tmp_path / "epoch_1.pt")
    with pytest.raises(DataError, match="which is more than tensors"):
        read_weights(tmp_path / "epoch_1.pt")


def test_weights_need_no_triplets_and_no_corpus(checkpoint, on_toy) -> None:
    plugin = Path(__file__).parents[2] / "support" / "alone_plugin.py"
    toy = on_toy("-e", "tiny", "--plugin", plugin)
    code, said = toy("run", "-b", "evaluated", "-m", "pic2word", "--weights", f"pic2word={checkpoint()}")
    assert code == 0, said
    names = {record.cell.benchmark for record in read_records(toy.folder / "runs")[0].values()}
    assert "evaluated" in names
