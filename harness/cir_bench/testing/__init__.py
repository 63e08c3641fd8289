"""The contracts of the interfaces, as pytest classes that a plugin's tests inherit. Needs pytest.

The whole test file of a method (install its distribution, or name its file in ``plugin_files``)::

    from cir_bench.testing import MethodContract

    class TestMine(MethodContract):
        name = "mine"
        variants = {"plain": {}, "wide": {"width": 512}}  # every check runs once for each

`MethodContract` works on random features, `RunContract` trains and evaluates on a small generated benchmark,
`SubmissionContract` checks a hidden test set's files against their own check; `ExecutorContract` runs cells on an
executor, and `TrackerContract` sends the events of a run to a tracker.
``params`` sets parameters by name; the docstrings name the methods to override where a contract needs more (files of a
data set, an encoder's images). A check that cannot apply (nothing to train) is skipped with the reason.
"""

import pytest

_MODULES = (
    "asserts",
    "base",
    "composer",
    "dataset",
    "encoder",
    "executor",
    "explaining",
    "joint",
    "loss",
    "method",
    "pseudo_words",
    "reranking",
    "running",
    "submission",
    "tracker",
)
pytest.register_assert_rewrite(*(f"{__name__}.{module}" for module in _MODULES))

from cir_bench.testing.composer import ComposerContract as ComposerContract  # noqa: E402 (rewriting comes first)
from cir_bench.testing.dataset import DatasetContract as DatasetContract  # noqa: E402
from cir_bench.testing.encoder import EncoderContract as EncoderContract  # noqa: E402
from cir_bench.testing.executor import ExecutorContract as ExecutorContract  # noqa: E402
from cir_bench.testing.joint import JointContract as JointContract  # noqa: E402
from cir_bench.testing.loss import LossContract as LossContract  # noqa: E402
from cir_bench.testing.method import MethodContract as MethodContract  # noqa: E402
from cir_bench.testing.pseudo_words import PseudoWordContract as PseudoWordContract  # noqa: E402
from cir_bench.testing.reranking import RerankerContract as RerankerContract  # noqa: E402
from cir_bench.testing.running import RunContract as RunContract  # noqa: E402
from cir_bench.testing.submission import SubmissionContract as SubmissionContract  # noqa: E402
from cir_bench.testing.tracker import TrackerContract as TrackerContract  # noqa: E402

__all__ = [
    "ComposerContract",
    "DatasetContract",
    "EncoderContract",
    "ExecutorContract",
    "JointContract",
    "LossContract",
    "MethodContract",
    "PseudoWordContract",
    "RerankerContract",
    "RunContract",
    "SubmissionContract",
    "TrackerContract",
]
