# mypy: ignore-errors
# (numpy, gguf and tokenizers are no development tools of the project: they are fetched for the one run that needs them)
"""A byte-level BPE tokenizer, trained on the text that ships with Python."""

import argparse
import http.client
import inspect
import json
import subprocess
import typing
from pydoc_data import topics

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from tests.backends.tiny.chains import CHAINS, chain_token

# Qwen2/Qwen3 pre-tokenizer regex: llama.cpp knows it as pre-tokenizer "qwen2".
QWEN2_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
VISIBLE = ["<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<think>", "</think>"]


def make_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    split = pre_tokenizers.Split(Regex(QWEN2_SPLIT), behavior="isolated")
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, level])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=6000, initial_alphabet=alphabet, special_tokens=[], show_progress=False)
    tokenizer.train_from_iterator(corpus(), trainer)
    tokenizer.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in CONTROL])
    tokenizer.add_tokens([AddedToken(s, special=False, normalized=False) for s in VISIBLE])
    tokenizer.add_special_tokens([AddedToken(chain_token(c), special=True, normalized=False) for c in CHAINS])
    tokenizer.add_tokens([AddedToken(item, special=False, normalized=False) for item in items_beyond(tokenizer)])
    return tokenizer


def items_beyond(tokenizer: Tokenizer) -> list[str]:
    """The items of the chains that are not one token already."""
    items = dict.fromkeys(item for chain in CHAINS.values() for item in chain)
    return [
        item
        for item in items
        if not item.startswith(("<bytes:", "<loop>"))
        and tokenizer.token_to_id(item) is None
        and len(tokenizer.encode(item).ids) != 1
    ]


def corpus() -> list[str]:
    """English, code and JSON that every CPython ships (its own documentation and library)."""
    texts = list(topics.topics.values())
    texts += [inspect.getsource(module) for module in (argparse, http.client, json, subprocess, typing)]
    texts += [
        json.dumps(tool(name, description), indent=indent)
        for name in ("Read", "Write", "Edit", "Bash", "Grep", "Glob")
        for indent in (None, 2)
        for description in ("Reads a file from the local filesystem.", "Executes a given bash command.")
    ] * 5
    return texts


def tool(name: str, description: str) -> dict:
    schema = {
        "type": "object",
        "properties": {"path": {"type": "string", "description": description}},
        "required": ["path"],
        "additionalProperties": False,
    }
    return {"type": "function", "function": {"name": name, "description": description, "parameters": schema}}


def byte_char(byte: int) -> str:
    """A byte-level BPE's name for a byte (GPT-2's map of bytes to printable characters)."""
    keep = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return chr(byte) if byte in keep else chr(256 + [x for x in range(256) if x not in keep].index(byte))
