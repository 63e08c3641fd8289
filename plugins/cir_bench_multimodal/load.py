"""Loads a multimodal model of sentence-transformers; everything that may be wrong with it is one sentence."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from packaging.version import Version

from cir_bench import CirBenchError, ConfigError, DataError
from cir_bench_multimodal.params import SentenceTransformersParams
from cir_bench_multimodal.saved import folder_of

OLDEST = "6.0"
"""Multimodal models came with 5.4, which refuses ``{"text": …}`` for those without a chat template."""


def load_model(params: SentenceTransformersParams) -> tuple[Any, str]:
    """The model on the CPU, and where it came from, in words.

    Raises:
        CirBenchError: sentence-transformers is missing or too old.
        DataError: there is no such model, or it cannot be loaded.
        ConfigError: it comes with code that is not trusted, does not read images, or says nothing of its pooling.
    """
    kind = _library()
    known = folder_of(params.model, params.revision)
    options = {
        "device": "cpu",
        "revision": params.revision,
        "trust_remote_code": params.trust_remote_code,
        "local_files_only": known is not None,
        "model_kwargs": {"dtype": params.dtype},
    }
    try:
        model = kind(params.model, **options)
    except Exception as error:  # of transformers, of the hub's client, of the model's own code
        raise _explained(params, known is not None, error) from error
    for modality in ("image", "text"):
        if not model.supports(modality):
            raise ConfigError(
                f"{params.model} does not read {modality}s (it reads {', '.join(map(str, model.modalities))}); choose "
                "a multimodal model, or -e captions for one of texts."
            )
    _set_pooling(model, params)
    config = model[0].auto_model.config.get_text_config()
    config.use_cache = False  # keys and values for generating text, which gradient checkpointing would append to
    return model, _source(params, known is not None)


def _library() -> Any:
    try:
        found = version("sentence-transformers")
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise _missing("which is not installed") from error
    if Version(found) < Version(OLDEST):
        raise _missing(f"but {found} is installed")
    return SentenceTransformer


def _missing(why: str) -> CirBenchError:
    return CirBenchError(
        f"the encoder 'sentence-transformers' needs sentence-transformers {OLDEST} or newer, {why}; "
        "run: pip install 'cir-bench[st]'"
    )


def _explained(params: SentenceTransformersParams, local: bool, error: Exception) -> CirBenchError:
    why = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".:")
    if "trust_remote_code" in str(error):
        return ConfigError(
            f"{params.model} comes with Python code of its own, which cir-bench does not run unasked; read it, then "
            "set encoder.trust_remote_code=true."
        )
    if local:
        return DataError(f"{params.model} cannot be loaded by sentence-transformers: {why}.")
    return DataError(
        f"the sentence-transformers model {params.model} is neither a folder nor on this machine, and cannot be "
        f"downloaded ({why}); correct its name, or give its folder."
    )


def _set_pooling(model: Any, params: SentenceTransformersParams) -> None:
    """``pooling`` put into effect; without a modules.json the library would take the mean of all tokens, silently."""
    from sentence_transformers.models import Pooling

    places = [place for place, module in enumerate(model) if isinstance(module, Pooling)]
    folder = folder_of(params.model, params.revision)
    if params.pooling is None:
        if places and folder is not None and not (folder / "modules.json").is_file():
            raise ConfigError(
                f"{params.model} has no modules.json that says how its token vectors become one; set encoder.pooling "
                "to lasttoken (most language models), mean or cls."
            )
        return
    if not places:
        raise ConfigError(f"{params.model} pools inside the model; leave out encoder.pooling.")
    for place in places:
        model[place] = Pooling(model[place].get_embedding_dimension(), pooling_mode=params.pooling)


def _source(params: SentenceTransformersParams, local: bool) -> str:
    folder = folder_of(params.model, params.revision)
    if folder is not None and str(folder) == params.model:
        return f"the folder {params.model}"
    at = f", revision {folder.name}" if folder else ""
    return f"{params.model} {'in the Hugging Face cache' if local else 'from the Hugging Face hub'}{at}"
