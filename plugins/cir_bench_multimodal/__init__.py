"""Multimodal embedding models: those of sentence-transformers, and those behind an OpenAI-compatible endpoint."""

from __future__ import annotations

from cir_bench import EncoderSpec, Provides, hookimpl, levels
from cir_bench_multimodal import saved
from cir_bench_multimodal.params import OpenAIParams, SentenceTransformersParams

CIR_BENCH_API = 1

POOLED = levels("pooled")

ENCODERS = [
    EncoderSpec(
        name="sentence-transformers",
        summary="a multimodal model of sentence-transformers by name or folder (GME, Qwen3-VL-Embedding, jina, CLIP)",
        implementation="cir_bench_multimodal.encoder:SentenceTransformers",
        params=SentenceTransformersParams,
        provides=saved.provides,
        extra="st",
    ),
    EncoderSpec(
        name="openai",
        summary="an OpenAI-compatible embeddings endpoint that reads images, such as vLLM's (openai:URL)",
        implementation="cir_bench_multimodal.endpoint:Endpoint",
        params=OpenAIParams,
        provides=Provides(image=POOLED, text=POOLED, joint=POOLED, same_width=True, trainable=False),
    ),
]


@hookimpl
def cir_bench_encoders() -> list[EncoderSpec]:
    """The encoders of this plugin."""
    return ENCODERS
