# mypy: ignore-errors
"""Makes a tiny scripted Qwen3 out of nothing, in a second, as one GGUF file: `python -m tests.backends.tiny OUT.gguf`.

No weights are downloaded. All of a real server's machinery is at work on it (template, sampler, grammar, tool and
reasoning parsers, prefix cache), and any temperature up to about 2 gives the same text.

Needs numpy, tokenizers and gguf. The same Python minor version gives a byte-identical file.
"""

import json
import sys

import gguf
import numpy as np

from tests.backends.tiny.chains import chat_template
from tests.backends.tiny.tokenizer import make_tokenizer
from tests.backends.tiny.weights import scripted_weights

NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
"""Hugging Face's name of a tensor -> GGUF's."""


def main(path: str) -> None:
    tokenizer = make_tokenizer()
    config = {
        "vocab_size": -(-tokenizer.get_vocab_size(with_added_tokens=True) // 64) * 64,
        "hidden_size": 256,
        "intermediate_size": 512,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 32,
    }
    writer = gguf.GGUFWriter(path, "qwen3")
    write_shape(writer, config)
    write_vocabulary(writer, config, tokenizer)
    writer.add_chat_template(chat_template())
    for name, tensor in scripted_weights(config, tokenizer, np.random.default_rng(0)).items():
        writer.add_tensor(gguf_name(name), tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_shape(writer: gguf.GGUFWriter, config: dict) -> None:
    writer.add_name("tiny-scripted")
    writer.add_context_length(262144)
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_key_length(config["head_dim"])
    writer.add_value_length(config["head_dim"])
    writer.add_rope_freq_base(1000000.0)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)


def write_vocabulary(writer: gguf.GGUFWriter, config: dict, tokenizer) -> None:
    spec = json.loads(tokenizer.to_str())
    text_of = {token: text for text, token in tokenizer.get_vocab(with_added_tokens=True).items()}
    added = {entry["id"]: entry["special"] for entry in spec["added_tokens"]}
    kinds = {None: gguf.TokenType.NORMAL, True: gguf.TokenType.CONTROL, False: gguf.TokenType.USER_DEFINED}
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    tokens = range(config["vocab_size"])
    writer.add_token_list([text_of.get(token, f"[PAD{token}]") for token in tokens])
    writer.add_token_types([kinds[added.get(token)] if token in text_of else gguf.TokenType.UNUSED for token in tokens])
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in spec["model"]["merges"]])
    writer.add_eos_token_id(tokenizer.token_to_id("<|im_end|>"))
    writer.add_pad_token_id(tokenizer.token_to_id("<|endoftext|>"))
    writer.add_add_bos_token(False)


def gguf_name(name: str) -> str:
    stem = name.removesuffix(".weight")
    if stem in NAMES:
        return f"{NAMES[stem]}.weight"
    _, _, layer, part = stem.split(".", 3)
    return f"blk.{layer}.{NAMES[part]}.weight"


if __name__ == "__main__":
    main(sys.argv[1])
