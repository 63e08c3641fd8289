"""Files in the layout of a method's published weights, for its contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cir_bench.interfaces.features import EncoderShape
from cir_bench.interfaces.method import Method
from cir_bench.interfaces.published import PublishedWeights
from cir_bench.plugin.published import published_state


def saved(method: Method, layout: PublishedWeights) -> Mapping[str, Any]:
    """What the authors' code would save of a method, as far as names say it."""
    found = published_state(method, layout)
    return {"epoch": 1, layout.entry: found} if layout.entry else found


def assert_width(layout: PublishedWeights, content: Mapping[str, Any], shape: EncoderShape) -> None:
    """The weight that the layout names has the width of the encoder's features."""
    if layout.width is None:
        return
    name, dimension = layout.width
    weights = content[layout.entry] if layout.entry else content
    assert name in weights, f"published.width names {name}, which is not in the file"
    widths = {shape.image.pooled, shape.text.pooled}
    assert weights[name].shape[dimension] in widths, f"published.width={layout.width} is not the width of the features"
