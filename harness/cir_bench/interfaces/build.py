"""`BuildContext`: what composers, losses and methods are constructed with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cir_bench.errors import ConfigError
from cir_bench.interfaces.features import EncoderShape

if TYPE_CHECKING:
    from cir_bench.interfaces.composer import Composer
    from cir_bench.interfaces.loss import Loss
    from cir_bench.interfaces.pseudo_words import PseudoWords


class BuildContext:
    """The encoder's widths, its text tower for pseudo-words, and composers and losses of any plugin by name.

    The harness's own contexts know the plugins. ``BuildContext(shape)`` does not, and is all it takes to construct a
    composer or a loss in a script or a test: ``TirgComposer(TirgComposerParams(), BuildContext(shape))``.

    Args:
        shape: widths of the encoder's features; a loss seldom needs it.
        pseudo_words: the text tower, for composers and methods whose `needs` have ``pseudo_words``.
    """

    def __init__(self, shape: EncoderShape | None = None, pseudo_words: PseudoWords | None = None) -> None:
        self.shape = shape or EncoderShape()
        self._pseudo_words = pseudo_words

    @property
    def pseudo_words(self) -> PseudoWords:
        """The text tower of the encoder, which reads pseudo-words.

        Raises:
            ConfigError: ``needs`` does not declare them, or the encoder has none.
        """
        if self._pseudo_words is None:
            raise ConfigError("this context has no pseudo-words; declare them: needs=Needs(pseudo_words=True).")
        return self._pseudo_words

    def composer(self, name: str, **params: Any) -> Composer:
        """A composer of any plugin, by name.

        Raises:
            ConfigError: an unknown name or parameter, a value that is not allowed, or a context without plugins.
        """
        raise ConfigError(f"this context knows no plugins; construct the class of the composer {name!r} instead.")

    def loss(self, name: str, **params: Any) -> Loss:
        """A loss of any plugin, by name; errors as for :meth:`composer`."""
        raise ConfigError(f"this context knows no plugins; construct the class of the loss {name!r} instead.")
