"""cir-bench: composed image retrieval methods under identical, named protocols.

This is the whole public API; a plugin imports from here and from ``cir_bench.testing``. Importing it imports
no torch: names are loaded when they are first used.

A plugin in three lines::

    from cir_bench import MethodSpec, hookimpl

    @hookimpl
    def cir_bench_methods():
        return [MethodSpec(name="mine", summary="my method", implementation="my_package.mine:Mine")]
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cir_bench.errors import CirBenchError as CirBenchError
    from cir_bench.errors import ConfigError as ConfigError
    from cir_bench.errors import DataError as DataError
    from cir_bench.errors import PairingError as PairingError
    from cir_bench.errors import PluginError as PluginError
    from cir_bench.errors import RunError as RunError
    from cir_bench.errors import did_you_mean as did_you_mean
    from cir_bench.interfaces.composer import Composer as Composer
    from cir_bench.interfaces.composer import GalleryView as GalleryView
    from cir_bench.interfaces.composer import TopK as TopK
    from cir_bench.interfaces.dataset import Dataset as Dataset
    from cir_bench.interfaces.dataset import ImageRef as ImageRef
    from cir_bench.interfaces.dataset import Query as Query
    from cir_bench.interfaces.dataset import Triplet as Triplet
    from cir_bench.interfaces.dataset import TripletSampler as TripletSampler
    from cir_bench.interfaces.embedding import Embedding as Embedding
    from cir_bench.interfaces.encoder import Encoder as Encoder
    from cir_bench.interfaces.encoder import TrainCorpus as TrainCorpus
    from cir_bench.interfaces.encoder import state_digest as state_digest
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
    from cir_bench.interfaces.method import BuildContext as BuildContext
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
    from cir_bench.interfaces.splits import evaluated_split as evaluated_split
    from cir_bench.interfaces.submission import HiddenSet as HiddenSet
    from cir_bench.interfaces.submission import Mistakes as Mistakes
    from cir_bench.interfaces.submission import Submission as Submission
    from cir_bench.interfaces.submission import check_lists as check_lists
    from cir_bench.interfaces.submission import json_object as json_object
    from cir_bench.params.models import FinetuneParams as FinetuneParams
    from cir_bench.params.models import MethodParams as MethodParams
    from cir_bench.params.models import NoParams as NoParams
    from cir_bench.params.models import Params as Params
    from cir_bench.params.models import Selection as Selection
    from cir_bench.params.models import Training as Training
    from cir_bench.plugin.hookspecs import API_VERSION as API_VERSION
    from cir_bench.plugin.hookspecs import hookimpl as hookimpl
    from cir_bench.scoring.evaluate import OpenedProtocol as OpenedProtocol
    from cir_bench.scoring.evaluate import ProtocolResult as ProtocolResult
    from cir_bench.scoring.evaluate import evaluate as evaluate
    from cir_bench.scoring.evaluate import open_protocol as open_protocol
    from cir_bench.scoring.matrices import Scores as Scores
    from cir_bench.utils.files import read_json as read_json
    from cir_bench.utils.images import decode_image as decode_image
    from cir_bench.utils.images import file_digest as file_digest
    from cir_bench.utils.images import inside as inside
    from cir_bench.utils.images import read_image as read_image
    from cir_bench.utils.recompute import recompute as recompute
    from cir_bench.utils.recompute import recompute_blocks as recompute_blocks

_HOMES = {
    "errors": "CirBenchError ConfigError DataError PairingError PluginError RunError did_you_mean",
    "interfaces.composer": "Composer GalleryView TopK",
    "interfaces.dataset": "Dataset ImageRef Query Triplet TripletSampler",
    "interfaces.embedding": "Embedding",
    "interfaces.encoder": "Encoder TrainCorpus state_digest",
    "interfaces.explanation": "Explanation ImageMap NamedWeights NeighbourWeights",
    "interfaces.features": "EncoderShape Features FeatureShape",
    "utils.files": "read_json",
    "interfaces.finetuning": "FinetuneMethod",
    "utils.images": "decode_image file_digest inside read_image",
    "interfaces.levels": "FeatureLevel Needs Provides levels",
    "interfaces.loss": "Loss",
    "interfaces.method": "BatchGallery BuildContext Method Optimiser ParameterGroup StandardMethod TrainBatch "
    "TrainStage TrainStep",
    "params.models": "FinetuneParams MethodParams NoParams Params Selection Training",
    "utils.recompute": "recompute recompute_blocks",
    "interfaces.specs": "ComposerSpec Context DatasetSpec EncoderSpec LossSpec MethodSpec Paper RemoteFile",
    "interfaces.splits": "evaluated_split",
    "interfaces.submission": "HiddenSet Mistakes Submission check_lists json_object",
    "plugin.hookspecs": "API_VERSION hookimpl",
    "scoring.evaluate": "OpenedProtocol ProtocolResult evaluate open_protocol",
    "scoring.matrices": "Scores",
    "version": "__version__",
}
_HOME_OF = {name: f"cir_bench.{home}" for home, names in _HOMES.items() for name in names.split()}

__all__ = sorted(_HOME_OF)  # noqa: PLE0605 (names are loaded lazily)


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'cir_bench' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
