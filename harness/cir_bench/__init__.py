"""cir-bench: composed image retrieval methods under identical, named protocols.

The public API is this package, ``cir_bench.utils`` (helpers) and ``cir_bench.testing`` (contract tests). Importing it
imports no torch: names are loaded when they are first used.

A plugin in three lines::

    from cir_bench import MethodSpec, hookimpl

    @hookimpl
    def cir_bench_methods():
        return [MethodSpec(name="mine", summary="my method", implementation="my_package.mine:Mine")]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cir_bench.utils.lazy import lazy_names

if TYPE_CHECKING:
    from cir_bench.errors import CirBenchError as CirBenchError
    from cir_bench.errors import ConfigError as ConfigError
    from cir_bench.errors import DataError as DataError
    from cir_bench.errors import PairingError as PairingError
    from cir_bench.interfaces.build import BuildContext as BuildContext
    from cir_bench.interfaces.cell_key import CellKey as CellKey
    from cir_bench.interfaces.composer import Composer as Composer
    from cir_bench.interfaces.composer import GalleryView as GalleryView
    from cir_bench.interfaces.composer import TopK as TopK
    from cir_bench.interfaces.dataset import Dataset as Dataset
    from cir_bench.interfaces.dataset import ImageRef as ImageRef
    from cir_bench.interfaces.dataset import Query as Query
    from cir_bench.interfaces.dataset import Triplet as Triplet
    from cir_bench.interfaces.dataset import TripletSampler as TripletSampler
    from cir_bench.interfaces.embedding import Embedding as Embedding
    from cir_bench.interfaces.embedding import ScoreFunction as ScoreFunction
    from cir_bench.interfaces.embedding import joint_score as joint_score
    from cir_bench.interfaces.encoder import Encoder as Encoder
    from cir_bench.interfaces.encoder import TrainCorpus as TrainCorpus
    from cir_bench.interfaces.events import CellFinished as CellFinished
    from cir_bench.interfaces.events import CellStarted as CellStarted
    from cir_bench.interfaces.events import EpochFinished as EpochFinished
    from cir_bench.interfaces.events import RunFinished as RunFinished
    from cir_bench.interfaces.events import RunStarted as RunStarted
    from cir_bench.interfaces.events import WorkProgress as WorkProgress
    from cir_bench.interfaces.explanation import Explanation as Explanation
    from cir_bench.interfaces.explanation import ImageMap as ImageMap
    from cir_bench.interfaces.explanation import NamedWeights as NamedWeights
    from cir_bench.interfaces.explanation import NeighbourWeights as NeighbourWeights
    from cir_bench.interfaces.features import EncoderShape as EncoderShape
    from cir_bench.interfaces.features import Features as Features
    from cir_bench.interfaces.features import FeatureShape as FeatureShape
    from cir_bench.interfaces.finetuning import FinetuneMethod as FinetuneMethod
    from cir_bench.interfaces.levels import FeatureLevel as FeatureLevel
    from cir_bench.interfaces.levels import Needs as Needs
    from cir_bench.interfaces.levels import Provides as Provides
    from cir_bench.interfaces.levels import levels as levels
    from cir_bench.interfaces.loss import Loss as Loss
    from cir_bench.interfaces.method import BatchGallery as BatchGallery
    from cir_bench.interfaces.method import Method as Method
    from cir_bench.interfaces.method import Optimiser as Optimiser
    from cir_bench.interfaces.method import ParameterGroup as ParameterGroup
    from cir_bench.interfaces.method import StandardMethod as StandardMethod
    from cir_bench.interfaces.method import TrainBatch as TrainBatch
    from cir_bench.interfaces.method import TrainStage as TrainStage
    from cir_bench.interfaces.method import TrainStep as TrainStep
    from cir_bench.interfaces.specs import ComposerSpec as ComposerSpec
    from cir_bench.interfaces.specs import Context as Context
    from cir_bench.interfaces.specs import DatasetSpec as DatasetSpec
    from cir_bench.interfaces.specs import EncoderSpec as EncoderSpec
    from cir_bench.interfaces.specs import LossSpec as LossSpec
    from cir_bench.interfaces.specs import MethodSpec as MethodSpec
    from cir_bench.interfaces.specs import Paper as Paper
    from cir_bench.interfaces.specs import RemoteFile as RemoteFile
    from cir_bench.interfaces.submission import HiddenSet as HiddenSet
    from cir_bench.interfaces.submission import Submission as Submission
    from cir_bench.params.models import AddedLater as AddedLater
    from cir_bench.params.models import FinetuneParams as FinetuneParams
    from cir_bench.params.models import MethodParams as MethodParams
    from cir_bench.params.models import NoParams as NoParams
    from cir_bench.params.models import Params as Params
    from cir_bench.params.models import Selection as Selection
    from cir_bench.params.models import Training as Training
    from cir_bench.params.models import VariantParams as VariantParams
    from cir_bench.plugin.hookspecs import hookimpl as hookimpl
    from cir_bench.scoring.evaluate import ProtocolResult as ProtocolResult
    from cir_bench.scoring.evaluate import evaluate as evaluate
    from cir_bench.scoring.matrices import Scores as Scores

HOMES = {
    "errors": "CirBenchError ConfigError DataError PairingError",
    "interfaces.cell_key": "CellKey",
    "interfaces.build": "BuildContext",
    "interfaces.composer": "Composer GalleryView TopK",
    "interfaces.dataset": "Dataset ImageRef Query Triplet TripletSampler",
    "interfaces.embedding": "Embedding ScoreFunction joint_score",
    "interfaces.encoder": "Encoder TrainCorpus",
    "interfaces.events": "CellFinished CellStarted EpochFinished RunFinished RunStarted WorkProgress",
    "interfaces.explanation": "Explanation ImageMap NamedWeights NeighbourWeights",
    "interfaces.features": "EncoderShape Features FeatureShape",
    "interfaces.finetuning": "FinetuneMethod",
    "interfaces.levels": "FeatureLevel Needs Provides levels",
    "interfaces.loss": "Loss",
    "interfaces.method": "BatchGallery Method Optimiser ParameterGroup StandardMethod TrainBatch TrainStage TrainStep",
    "interfaces.specs": "ComposerSpec Context DatasetSpec EncoderSpec LossSpec MethodSpec Paper RemoteFile",
    "interfaces.submission": "HiddenSet Submission",
    "params.models": "AddedLater FinetuneParams MethodParams NoParams Params Selection Training VariantParams",
    "plugin.hookspecs": "hookimpl",
    "scoring.evaluate": "ProtocolResult evaluate",
    "scoring.matrices": "Scores",
    "version": "__version__",
}
__all__, __getattr__ = lazy_names(__name__, HOMES)


def __dir__() -> list[str]:
    return __all__
