"""How LinCIR's training code saves its weights. Imports no torch."""

from __future__ import annotations

from cir_bench import PublishedWeights

PUBLISHED = PublishedWeights(
    entry="Phi",
    module="composer.mapping",
    width=("layers.0.weight", 1),
    encoders={768: "openclip:ViT-L-14:openai"},
    caution="LinCIR's checkpoints were chosen on the validation split of CIRR",
)
"""``{"epoch": …, "Phi": {"layers.0.weight": …}}``."""
