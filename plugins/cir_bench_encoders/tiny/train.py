"""Trains the weights of `Tiny`: ``python -m cir_bench_encoders.tiny.train --out FILE``; minutes on two CPU cores.

Contrastive (InfoNCE, both ways, learnable scale) on css's **train** split alone:

1. image and caption: a rendered scene and a description of all of it in the words of the modification texts;
2. text and text: two wordings of one modification text, so that what a text asks for survives its wording.

It sees no target of a modification text, no scene of the test split and no held-out combination.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from random import Random

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cir_bench_css.captions import caption
from cir_bench_css.rendering import render
from cir_bench_css.splits import Picture, make_splits
from cir_bench_css.texts import say_all
from cir_bench_encoders.pixels import Normalise
from cir_bench_encoders.tiny import weights
from cir_bench_encoders.tiny.encoder import PIXELS
from cir_bench_encoders.tiny.towers import IMAGE_SIZE, ImageTower, TextTower
from cir_bench_encoders.vocabulary import Vocabulary

SEED, EPOCHS, BATCH, LR, WEIGHT_DECAY = 0, 6, 128, 2e-3, 1e-2
_THREADS = 2  # sums on another number of threads round differently


class InfoNce(nn.Module):
    """Cross-entropy of scaled cosines against the diagonal, both ways; the scale is exp(s), s from 2.5."""

    def __init__(self) -> None:
        super().__init__()
        self.s = nn.Parameter(torch.tensor(2.5))

    def forward(self, one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
        """The loss and the share of right answers in the batch."""
        logits = F.normalize(one, dim=1) @ F.normalize(other, dim=1).T * self.s.exp()
        right = torch.arange(len(logits))
        loss = (F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)) / 2
        return loss, (logits.argmax(1) == right).float().mean().detach()


def draw(pictures: tuple[Picture, ...]) -> Tensor:
    """``[N, 3, S, S]`` uint8."""
    pixels = np.stack([np.asarray(render(p.scene, p.id, IMAGE_SIZE)) for p in pictures])
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()


def train(seed: int = SEED, epochs: int = EPOCHS) -> tuple[ImageTower, TextTower, dict[str, float]]:
    """Both towers, trained, and the mean share of right answers in the last epoch's batches."""
    torch.manual_seed(seed)
    rng = Random(f"tiny-train:{seed}")  # noqa: S311 (no secret)
    split = make_splits().train
    texts = [caption(rng, picture.scene) for picture in split.pictures]
    texts += [say_all(rng, triplet.member.clauses) for triplet in split.triplets for _ in range(2)]
    pixels, normalise = draw(split.pictures), Normalise(*PIXELS)
    image = ImageTower().to(memory_format=torch.channels_last)
    text = TextTower(Vocabulary.of(texts))
    captions, wordings = InfoNce(), InfoNce()
    parameters = [p for module in (image, text, captions, wordings) for p in module.parameters()]
    optimiser = torch.optim.AdamW(parameters, LR, weight_decay=WEIGHT_DECAY)
    steps = len(pixels) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LR, epochs * steps)
    metrics: dict[str, float] = {}
    for epoch in range(epochs):
        right = torch.zeros(2)
        start = time.perf_counter()
        for rows in torch.split(torch.randperm(len(pixels))[: steps * BATCH], BATCH):
            batch = normalise(pixels[rows]).contiguous(memory_format=torch.channels_last)
            described = text([caption(rng, split.pictures[row].scene) for row in rows.tolist()])[0]
            loss_captions, right_captions = captions(image(batch)[0], described)
            clauses = [triplet.member.clauses for triplet in rng.sample(split.triplets, BATCH)]
            pairs = text([say_all(rng, clause) for clause in clauses * 2])[0]
            loss_wordings, right_wordings = wordings(pairs[:BATCH], pairs[BATCH:])
            optimiser.zero_grad()
            (loss_captions + loss_wordings).backward()
            optimiser.step()
            schedule.step()
            right += torch.stack([right_captions, right_wordings])
        values = (right / steps).tolist()
        metrics = dict(zip(("caption_in_batch", "wording_in_batch"), values, strict=True))
        print(f"epoch {epoch + 1}/{epochs}: {metrics} in {time.perf_counter() - start:.0f} s", flush=True)
    return image.eval(), text.eval(), metrics


def main() -> None:
    """Train and write ``FILE`` and its card."""
    parser = argparse.ArgumentParser(description="Train the weights of the encoder tiny on css's train split.")
    parser.add_argument("--out", type=Path, default=weights.WEIGHTS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    arguments = parser.parse_args()
    torch.set_num_threads(_THREADS)
    torch.use_deterministic_algorithms(True)
    image, text, metrics = train(arguments.seed, arguments.epochs)
    state = {f"image.{k}": v for k, v in image.state_dict().items()}
    state |= {f"text.{k}": v for k, v in text.state_dict().items()}
    facts = {"seed": arguments.seed, "epochs": arguments.epochs, "torch": torch.__version__, "metrics": metrics}
    digest = weights.save(arguments.out, state, text.vocabulary.words, {"trained_on": "css, train split", **facts})
    print(f"{arguments.out}: sha256 {digest}")


if __name__ == "__main__":
    main()
