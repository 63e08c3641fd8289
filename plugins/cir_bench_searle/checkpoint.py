"""How SEARLE's training code saves its weights. Imports no torch."""

from __future__ import annotations

from cir_bench import PublishedWeights

PUBLISHED = PublishedWeights(
    entry="Phi",
    module="composer.mapping",
    width=("layers.0.weight", 1),
    encoders={512: "openclip:ViT-B-32:openai", 768: "openclip:ViT-L-14:openai"},
)
"""``{"epoch": …, "Phi": {"layers.0.weight": …}}``: SEARLE_ViT-B32.pt, SEARLE_ViT-L14.pt ("SEARLE-XL")."""
