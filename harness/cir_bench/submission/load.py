"""The format of a data set's submissions, from its spec."""

from __future__ import annotations

from typing import cast

from cir_bench.errors import ConfigError
from cir_bench.interfaces.specs import DatasetSpec
from cir_bench.interfaces.submission import Submission
from cir_bench.plugin.registry import Registered, blame, load_class

BASE = "cir_bench.interfaces.submission:Submission"


def load_submission(registered: Registered[DatasetSpec]) -> Submission:
    """The `Submission` that the data set's spec names; `ConfigError` if it names none."""
    if registered.spec.submission is None:
        raise ConfigError(f"{registered} has no hidden test set that a server scores, so there is nothing to submit.")
    implementation = load_class(registered, registered.spec.submission, BASE)
    with blame(registered, "constructing its submission"):
        return cast(Submission, implementation())
