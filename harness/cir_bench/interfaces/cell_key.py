"""`CellKey`: the names that identify a cell, in records and events. Imports no torch."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class CellKey(BaseModel):
    """What a cell is: method × benchmark@protocol × encoder × seed, in one track."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    method: str
    benchmark: str
    """The benchmark's name, for example ``fashioniq`` or ``folder:photos-3fa2b1``."""
    protocol: str
    """Name and version, for example ``original@1``."""
    encoder: str
    track: Literal["controlled", "paper"]
    seed: int
    variant: str = ""
    """What the user changed with --set or --config, as ``key=value`` pairs; empty for the defaults."""

    @property
    def name(self) -> str:
        """For messages: ``tirg on css/test@1, tiny, seed 0``."""
        variant = f" [{self.variant}]" if self.variant else ""
        track = " (paper)" if self.track == "paper" else ""
        return f"{self.method}{variant} on {self.benchmark}/{self.protocol}, {self.encoder}, seed {self.seed}{track}"
