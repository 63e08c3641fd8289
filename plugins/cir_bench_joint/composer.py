"""`JointComposer`: the query is the encoder's joint feature."""

from __future__ import annotations

from cir_bench import BuildContext, Composer, ConfigError, Embedding, Features, Params


class JointComposer(Composer):
    """q = joint feature of reference image and text ``[B, d]``; candidates are their pooled image features.

    Raises:
        ConfigError: the encoder's joint and image features have different widths.
    """

    def __init__(self, params: Params | None = None, context: BuildContext | None = None) -> None:
        super().__init__(params, context)
        if context is not None and (shape := context.shape).joint.width != shape.image.width:
            raise ConfigError(
                f"joint compares joint features of width {shape.joint.width} with image features of width "
                f"{shape.image.width}; choose an encoder that has both in one space."
            )

    def compose(self, reference: Features, text: Features) -> Embedding:
        """The query ``[B, d]``."""
        return Embedding.single(text.need_joint().need_pooled())
