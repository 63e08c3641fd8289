"""The built-in encoders: what turns images and texts into features."""

from __future__ import annotations

from cir_bench import EncoderSpec, Provides, hookimpl, levels
from cir_bench_encoders import cnn_lstm_params, openclip_params, precomputed_params
from cir_bench_encoders.captions_params import CaptionsParams
from cir_bench_encoders.cnn_lstm_params import CnnLstmParams
from cir_bench_encoders.openclip_params import OpenClipParams
from cir_bench_encoders.precomputed_params import PrecomputedParams

CIR_BENCH_API = 1

ENCODERS = [
    EncoderSpec(
        name="openclip",
        summary="any CLIP model of open_clip, by tag or local checkpoint (openclip:RN50, openclip:ViT-B-16:TAG)",
        implementation="cir_bench_encoders.openclip:OpenClip",
        params=OpenClipParams,
        provides=openclip_params.provides,
    ),
    EncoderSpec(
        name="cnn-lstm",
        summary="a timm CNN and an LSTM over words, trained with the method (TIRG, VAL, CLVC-Net)",
        implementation="cir_bench_encoders.cnn_lstm:CnnLstm",
        params=CnnLstmParams,
        provides=cnn_lstm_params.provides,
    ),
    EncoderSpec(
        name="captions",
        summary="an image is its caption, embedded by a sentence-transformers model; no pixels needed",
        implementation="cir_bench_encoders.captions:Captions",
        params=CaptionsParams,
        provides=Provides(image=levels("pooled", "tokens"), text=levels("pooled", "tokens")),
        pixel_free=True,
        extra="captions",
    ),
    EncoderSpec(
        name="precomputed",
        summary="features from a .safetensors or .npz file with ids (precomputed:PATH)",
        implementation="cir_bench_encoders.precomputed:Precomputed",
        params=PrecomputedParams,
        provides=precomputed_params.provides,
    ),
    EncoderSpec(
        name="tiny",
        summary="half a million weights trained on the scenes of css, shipped with the project",
        implementation="cir_bench_encoders.tiny.encoder:Tiny",
        training_data=("css/train",),
        provides=Provides(
            image=levels("pooled", "tokens", "maps"),
            text=levels("pooled", "tokens"),
            map_levels=3,
            pseudo_words=True,
        ),
    ),
]


@hookimpl
def cir_bench_encoders() -> list[EncoderSpec]:
    """The encoders of this plugin."""
    return ENCODERS
