"""Multimodal models of sentence-transformers with a few thousand random weights, saved as that library saves them.

``write_clip``: two towers, no pairs. ``write_vlm``: a chat template reads images, texts and pairs. ``write_blip``: a
pair is an input of its own, and prompts are ignored on it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

WORDS = [
    "<pad>",
    "<unk>",
    "<s>",
    "</s>",
    *["is", "red", "and", "blue", "has", "much", "longer", "sleeves", "than", "the", "other", "one", "shorter", "a"],
]
IMAGE, START, END, VIDEO = "<|image_pad|>", "<|vision_start|>", "<|vision_end|>", "<|video_pad|>"
CHAT = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}" + START + IMAGE + END + "{% elif 'text' in part %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def word_tokenizer(length: int) -> Any:
    """A tokenizer of whole words, which puts ``<s>`` before and ``</s>`` after a text."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 2), ("</s>", 3)]
    )
    special = {"pad_token": "<pad>", "unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=length, **special)


def byte_tokenizer() -> Any:
    """Bytes as tokens, and those of a chat with images."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={letter: place for place, letter in enumerate(letters)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=512)
    fast.add_special_tokens(
        {
            "pad_token": "<|endoftext|>",
            "eos_token": "<|im_end|>",
            "additional_special_tokens": ["<|im_start|>", START, END, IMAGE, VIDEO],
        }
    )
    return fast


def write_clip(folder: Path) -> Path:
    """A CLIP of two layers; texts are cut at 16 tokens."""
    from sentence_transformers import SentenceTransformer
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor

    tower = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    text = {**tower, "vocab_size": len(WORDS), "max_position_embeddings": 16}
    ends = {"bos_token_id": 2, "eos_token_id": 3, "pad_token_id": 0}
    config = CLIPConfig(
        text_config={**text, **ends}, vision_config={**tower, "image_size": 32, "patch_size": 16}, projection_dim=12
    )
    square = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    _save_random(CLIPModel, config, CLIPProcessor(image_processor=square, tokenizer=word_tokenizer(16)), folder / "hf")
    SentenceTransformer(str(folder / "hf"), device="cpu", local_files_only=True).save(str(folder / "model"))
    return folder / "model"


def write_blip(folder: Path) -> Path:
    """A BLIP of two layers."""
    from sentence_transformers import SentenceTransformer
    from transformers import BlipConfig, BlipImageProcessor, BlipModel, BlipProcessor

    tower = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    text = {**tower, "vocab_size": len(WORDS), "max_position_embeddings": 32, "encoder_hidden_size": 16}
    ends = {"bos_token_id": 2, "eos_token_id": 3, "sep_token_id": 3, "pad_token_id": 0}
    config = BlipConfig(
        text_config={**text, **ends}, vision_config={**tower, "image_size": 32, "patch_size": 16}, projection_dim=16
    )
    square = BlipImageProcessor(size={"height": 32, "width": 32})
    _save_random(BlipModel, config, BlipProcessor(image_processor=square, tokenizer=word_tokenizer(32)), folder / "hf")
    SentenceTransformer(str(folder / "hf"), device="cpu", local_files_only=True).save(str(folder / "model"))
    return folder / "model"


def write_vlm(folder: Path, **prompts: str) -> Path:
    """A Qwen2-VL of two layers, with last-token pooling, norm and these prompts."""
    from sentence_transformers import SentenceTransformer, models
    from transformers import Qwen2VLConfig, Qwen2VLImageProcessor, Qwen2VLModel, Qwen2VLProcessor, Qwen2VLVideoProcessor

    tokenizer = byte_tokenizer()
    ids = {name: tokenizer.convert_tokens_to_ids(token) for name, token in _VLM_TOKENS.items()}
    text = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    rope = {"rope_type": "default", "type": "default", "mrope_section": [2, 1, 1], "rope_theta": 1e4}
    config = Qwen2VLConfig(
        text_config={
            **text,
            "vocab_size": len(tokenizer),
            "num_key_value_heads": 2,
            "rope_scaling": rope,
            "rope_parameters": rope,
            "max_position_embeddings": 512,
            "bos_token_id": ids["bos"],
            "eos_token_id": ids["eos"],
            "pad_token_id": ids["pad"],
        },
        vision_config={
            "depth": 2,
            "embed_dim": 16,
            "hidden_size": 32,
            "num_heads": 2,
            "mlp_ratio": 2,
            "patch_size": 4,
        },
        **{f"{name}_token_id": ids[name] for name in ("image", "video", "vision_start", "vision_end")},
    )
    sizes = {"patch_size": 4, "min_pixels": 64, "max_pixels": 256, "size": {"shortest_edge": 64, "longest_edge": 256}}
    processor = Qwen2VLProcessor(
        image_processor=Qwen2VLImageProcessor(**sizes),
        tokenizer=tokenizer,
        video_processor=Qwen2VLVideoProcessor(**sizes),
        chat_template=CHAT,
    )
    _save_random(Qwen2VLModel, config, processor, folder / "hf")
    transformer = models.Transformer(str(folder / "hf"))
    modules = [transformer, models.Pooling(32, pooling_mode="lasttoken"), models.Normalize()]
    SentenceTransformer(modules=modules, device="cpu", prompts=prompts).save(str(folder / "model"))
    return folder / "model"


_VLM_TOKENS = {
    "image": IMAGE,
    "video": VIDEO,
    "vision_start": START,
    "vision_end": END,
    "bos": "<|im_start|>",
    "eos": "<|im_end|>",
    "pad": "<|endoftext|>",
}


def _save_random(kind: Any, config: Any, processor: Any, folder: Path) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(5)
        model = kind(config)
        with torch.no_grad():  # the initial weights are so small that all inputs look alike
            for parameter in model.parameters():
                if parameter.ndim > 1:
                    parameter.copy_(torch.randn_like(parameter) / parameter.shape[-1] ** 0.5)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
