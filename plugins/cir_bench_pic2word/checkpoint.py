"""How Pic2Word's training code saves its weights. Imports no torch."""

from __future__ import annotations

from cir_bench import PublishedWeights

PUBLISHED = PublishedWeights(
    entry="state_dict_img2text",
    module="composer.mapping",
    width=("layers.0.0.weight", 1),
    encoders={768: "openclip:ViT-L-14:openai"},
)
"""``{"epoch": …, "state_dict": CLIP, "state_dict_img2text": {"module.layers.0.0.weight": …}}``."""
