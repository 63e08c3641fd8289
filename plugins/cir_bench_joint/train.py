"""Trains the network of `TinyJoint`: ``python -m cir_bench_joint.train``; minutes on a CPU.

Contrastive (cross-entropy of scaled cosines) on the triplets of css's **train** split, with tiny's features frozen:
the joint feature of reference and text against the image feature of the target. Seven in eight triplets of a batch
share their reference with others, so that the text must be read.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from random import Random

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from cir_bench import Context, NoParams
from cir_bench_css.splits import make_splits
from cir_bench_css.texts import say_all
from cir_bench_encoders.tiny.encoder import Tiny
from cir_bench_encoders.tiny.train import draw
from cir_bench_joint.encoder import POOLED
from cir_bench_joint.network import WEIGHTS, JointNetwork

SEED, EPOCHS, BATCH, SIBLINGS, LR = 0, 12, 128, 8, 2e-3


def features(tiny: Tiny) -> tuple[Tensor, list[tuple[int, int]], list[list[str]]]:
    """Image features ``[N, 128]``, the rows of each triplet's reference and target, and wordings of its text."""
    rng = Random(f"tiny-joint:{SEED}")  # noqa: S311 (no secret)
    split = make_splits().train
    pictures = tuple(dict.fromkeys(one for triplet in split.triplets for one in (triplet.reference, triplet.target)))
    row = {picture.id: place for place, picture in enumerate(pictures)}
    pixels = draw(pictures)
    with torch.no_grad():
        parts = [tiny.encode_images(list(part), POOLED).need_pooled() for part in torch.split(pixels, 256)]
    rows = [(row[triplet.reference.id], row[triplet.target.id]) for triplet in split.triplets]
    texts = [[say_all(rng, triplet.member.clauses) for _ in range(4)] for triplet in split.triplets]
    return torch.cat(parts), rows, texts


def train(epochs: int = EPOCHS) -> JointNetwork:
    """The trained network."""
    torch.manual_seed(SEED)
    tiny = Tiny(NoParams(), Context(None, Path())).eval()
    images, rows, texts = features(tiny)
    with torch.no_grad():
        words = torch.stack([tiny.encode_texts(list(w), POOLED).need_pooled() for w in zip(*texts, strict=True)])
    reference, target = torch.tensor(rows).T
    network, scale = JointNetwork(), nn.Parameter(torch.tensor(2.5))
    optimiser = torch.optim.Adam([*network.parameters(), scale], LR)
    steps = len(rows) // BATCH
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs * steps)
    for epoch in range(epochs):
        total = 0.0
        for batch in _batches(reference)[:steps]:
            wording = torch.randint(len(words), (len(batch),))
            joint, _ = network(images[reference[batch]], words[wording, batch])
            wanted = images[target[batch]]
            logits = F.normalize(joint, dim=1) @ F.normalize(wanted, dim=1).T * scale.exp()
            same = target[batch][:, None] == target[batch]
            logits = logits.masked_fill(same & ~torch.eye(len(batch), dtype=torch.bool), -torch.inf)
            loss = F.cross_entropy(logits, torch.arange(len(batch)))
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
            optimiser.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1}/{epochs}: loss {total / steps:.3f}", flush=True)
    return network.eval()


def _batches(reference: Tensor) -> list[Tensor]:
    """Rows of triplets, in which ``SIBLINGS`` of one reference follow each other, in a random order."""
    order = torch.randperm(len(reference))
    order = order[reference[order].argsort(stable=True)]
    groups = order[: len(order) // SIBLINGS * SIBLINGS].view(-1, SIBLINGS)
    return list(torch.split(groups[torch.randperm(len(groups))].flatten(), BATCH))


def main() -> None:
    """Train and write the weights, as half floats."""
    parser = argparse.ArgumentParser(description="Train the network of the encoder tiny-joint on css's train split.")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    arguments = parser.parse_args()
    torch.use_deterministic_algorithms(True)
    network = train(arguments.epochs)
    save_file({name: tensor.half().contiguous() for name, tensor in network.state_dict().items()}, arguments.out)
    print(arguments.out)


if __name__ == "__main__":
    main()
