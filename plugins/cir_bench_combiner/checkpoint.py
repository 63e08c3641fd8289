"""How CLIP4Cir's training code saves the Combiner. Imports no torch."""

from __future__ import annotations

from cir_bench import PublishedWeights

PUBLISHED = PublishedWeights(
    entry="Combiner",
    module="composer.inner",
    names={
        "text_projection_layer": "project_text.0",
        "image_projection_layer": "project_image.0",
        "combiner_layer": "output.0.0",
        "output_layer": "output.1",
        "dynamic_scalar.0": "mixing.0.0",
        "dynamic_scalar.3": "mixing.1",
    },
    width=("output_layer.weight", 0),
    encoders={640: "openclip:RN50x4:openai"},
    caution="CLIP4Cir's checkpoints were chosen on the validation split",
)
"""``{"epoch": …, "Combiner": {"text_projection_layer.weight": …}}``, of CLIP features of RN50x4."""
