# mypy: ignore-errors
"""Weights set by hand, so that an ordinary 2-layer Qwen3 recites its chains: the next token is the successor of the
current one in the chosen chain.

Layer 0's attention looks only at the one chain token of the prompt and adds that chain's state vector to the residual
stream. Layer 1's MLP is a table (chain, item) -> next item. `lm_head` reads the table's answer. Every other projection
is zero.

Directions of the residual stream: 0 = constant 1 for all tokens, 1 = "is a chain token", then one for "I am item X",
one for "next is item X", one for each chain's state. What is left is noise, for the tokens of no chain.
"""

import numpy as np

from tests.backends.tiny.chains import CHAINS, chain_token
from tests.backends.tiny.tokenizer import byte_char

# Noise alone would hardly ever close a string or stop: these tokens get a fixed bonus from direction 0.
STOPPERS = ['"', "}", "</think>", "<|im_end|>"]


def scripted_weights(config: dict, tokenizer, rng: np.random.Generator) -> dict[str, np.ndarray]:
    hidden, vocab, head = config["hidden_size"], config["vocab_size"], config["head_dim"]
    tensors = silent_weights(config)
    ids = {chain: tokenizer.token_to_id(chain_token(chain)) for chain in CHAINS}
    chains = {chain: token_ids(chain, tokenizer) for chain in CHAINS}
    used = sorted({token for tokens in chains.values() for token in tokens} | set(ids.values()))
    is_item = {token: 2 + j for j, token in enumerate(used)}
    next_is = {token: 2 + len(used) + j for j, token in enumerate(used)}
    state = {chain: 2 + 2 * len(used) + j for j, chain in enumerate(ids)}
    first_free = 2 + 2 * len(used) + len(ids)
    assert first_free <= hidden, f"hidden_size must be at least {first_free}"
    assert len(ids) <= head

    embedding = tensors["model.embed_tokens.weight"]
    embedding[:, 0] = 1
    embedding[:, first_free:] = rng.normal(0, 0.3, (vocab, hidden - first_free))
    for token in used:
        embedding[token, first_free:] = 0
        embedding[token, is_item[token]] = 1
    for token in ids.values():
        embedding[token, 1] = 1

    # Attention: q = u for every token, k = -u (ordinary) or +u (chain token), on the slowest rotary pair, so that
    # distance hardly turns it. q_norm and k_norm set the gain. v and o copy "chain token c" into the state of c.
    attention, slow = "model.layers.0.self_attn.", head // 2 - 1
    for j in range(config["num_attention_heads"]):
        tensors[attention + "q_proj.weight"][j * head + slow, 0] = 1
    for j in range(config["num_key_value_heads"]):
        tensors[attention + "k_proj.weight"][j * head + slow, 0] = -1
        tensors[attention + "k_proj.weight"][j * head + slow, 1] = 2
    tensors[attention + "q_norm.weight"][:] = 4
    tensors[attention + "k_norm.weight"][:] = 4
    for j, (chain, token) in enumerate(ids.items()):
        tensors[attention + "v_proj.weight"][j, is_item[token]] = 1
        tensors[attention + "o_proj.weight"][state[chain], j] = (3 / hidden) ** 0.5  # undoes the RMS norm: state = 1

    # MLP: one neuron for each (chain, current item) pair, an AND gate: SiLU(big * (item + state - 1.5)) is 0 unless
    # both are on; it writes the next item. `norm` is the value of an active direction behind the RMS norm.
    mlp, norm = "model.layers.1.mlp.", (hidden / 3) ** 0.5
    steps = [(chain, *step) for chain, tokens in chains.items() for step in transitions(ids[chain], chain, tokens)]
    assert len(steps) <= config["intermediate_size"]
    for j, (chain, current, following) in enumerate(steps):
        tensors[mlp + "gate_proj.weight"][j, [is_item[current], state[chain], 0]] = np.array([4, 4, -6])
        tensors[mlp + "up_proj.weight"][j, 0] = 1
        tensors[mlp + "down_proj.weight"][next_is[following], j] = 10.0 / (2 * norm * norm)

    # Read-out: the "next is" directions; faint noise for every other token.
    read_out = tensors["lm_head.weight"]
    read_out[:] = rng.normal(0, 0.02, read_out.shape)
    read_out[:, :first_free] = 0
    for token in used:
        read_out[token, next_is[token]] = 4
    for text in STOPPERS:
        read_out[tokenizer.token_to_id(text), 0] = 1.0
    return tensors


def silent_weights(config: dict) -> dict[str, np.ndarray]:
    """All tensors of the network: norms are one, everything else is zero."""
    hidden, vocab, inner = config["hidden_size"], config["vocab_size"], config["intermediate_size"]
    head = config["head_dim"]
    queries, keys = config["num_attention_heads"] * head, config["num_key_value_heads"] * head
    shapes = {"model.embed_tokens.weight": (vocab, hidden), "lm_head.weight": (vocab, hidden)}
    norms = {"model.norm.weight": hidden}
    for layer in range(config["num_hidden_layers"]):
        at = f"model.layers.{layer}."
        shapes |= {
            at + "self_attn.q_proj.weight": (queries, hidden),
            at + "self_attn.k_proj.weight": (keys, hidden),
            at + "self_attn.v_proj.weight": (keys, hidden),
            at + "self_attn.o_proj.weight": (hidden, queries),
            at + "mlp.gate_proj.weight": (inner, hidden),
            at + "mlp.up_proj.weight": (inner, hidden),
            at + "mlp.down_proj.weight": (hidden, inner),
        }
        norms |= {at + "input_layernorm.weight": hidden, at + "post_attention_layernorm.weight": hidden}
        norms |= {at + "self_attn.q_norm.weight": head, at + "self_attn.k_norm.weight": head}
    tensors = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    return tensors | {name: np.ones(size, np.float32) for name, size in norms.items()}


def token_ids(chain: str, tokenizer) -> list[int]:
    tokens = []
    for item in CHAINS[chain]:
        if item == "<loop>":
            continue
        if item.startswith("<bytes:"):
            tokens += [tokenizer.token_to_id(byte_char(byte)) for byte in item[7:-1].encode()]
            continue
        encoded = tokenizer.encode(item).ids
        assert len(encoded) == 1, (chain, item, encoded)
        tokens += encoded
    assert len(tokens) == len(set(tokens)), f"chain {chain}: an item repeats"
    return tokens


def transitions(start: int, chain: str, tokens: list[int]) -> list[tuple[int, int]]:
    steps = list(zip([start, *tokens], tokens, strict=False))
    return [*steps, (tokens[-1], tokens[-4])] if CHAINS[chain][-1:] == ["<loop>"] else steps
