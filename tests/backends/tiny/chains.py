"""What the tiny scripted model can say.

One item = one token of the model. In a chain an item may appear once only; different chains may share items.
"<bytes:...>" is emitted as its raw UTF-8 bytes, one token per byte, so that a character is cut across tokens.
"<loop>" = repeat the last four items for ever.

The chat template picks the chain. By itself: the last turn is a tool result -> `final`; tools are given -> `tool`;
else `text`. A user asks for another one with [[chain:NAME]] in the last user message.
"""

from pathlib import Path

THINK = ["<think>", "\nThe user wants", " something done.", " I will plan", " and act.\n", "</think>"]
END = ["<|im_end|>"]
BASH = [
    "<tool_call>",
    '\n{"name": "Bash"',
    ', "arguments": {"command": "',
    "echo hello",
    " from the tiny model",
    '", "description": "',
    "Say hello to the user",
    '"}}\n',
    "</tool_call>",
]
CHAINS: dict[str, list[str]] = {
    # what the template picks by itself
    "tool": [*THINK, "\n\nI will run", " one command", " to find out.", "\n", *BASH, *END],
    "text": [
        "<think>",
        "\n\n",
        "</think>",
        "\n\nHello, this is",
        " the scripted",
        " tiny model",
        " speaking.",
        " All done.",
        *END,
    ],
    "final": [*THINK, "\n\nThe command", " has run and", " printed its output", "; the task", " is complete.", *END],
    # on request, with [[chain:NAME]]
    "think": [*THINK, "\n\nThis is a reply", " after some", " reasoning.", *END],
    "no_think": ["Hello, this is", " a reply", " without any", " think block.", *END],
    "bare_tool": BASH + END,  # a tool call and nothing else
    "unknown_tool": [
        "<tool_call>",
        '\n{"name": "NoSuchTool"',
        ', "arguments": {"x": ',
        "1",
        "}}\n",
        "</tool_call>",
        *END,
    ],
    "bad_json": [
        "<tool_call>",
        '\n{"name": "Bash"',
        ', "arguments": {"command": "',
        "echo broken",
        "\n",
        "</tool_call>",
        *END,
    ],
    "cut_tool": ["<tool_call>", '\n{"name": "Bash"', ', "arguments": {"command": "', "echo half", *END],
    "only_think": ["<think>", "\nThe user wants", " something done.", "</think>", *END],
    "open_think": ["<think>", "\nThe user wants", " something done.", *END],
    "unicode": ["<think>", "\n\n", "</think>", "\n\nSnowman ", "<bytes:☃>", " and clef ", "<bytes:𝄞>", " end.", *END],
    "empty": END,
    # two calls in one turn (the second one's markers are aliases, so that no item repeats)
    "two_tools": [
        *BASH,
        "\n<tool_call>",
        '\n{"name": "Read"',
        ', "arguments": {"file_path": "',
        "/etc/hostname",
        '"}}',
        "\n</tool_call>",
        *END,
    ],
    # never ends: for max_tokens, client disconnects, time-outs (repeats its last four items)
    "loop": ["<think>", "\n\n", "</think>", "\n\nCounting: ", "one, ", "two, ", "three, ", "four, ", "<loop>"],
    # no script: noise, as the random flavour. Under a forced tool_choice or a JSON schema
    # the noise is valid JSON; "free" closes its think block first; "free_tool" also opens a
    # tool call, which llama.cpp then constrains to the tools' schemas even with "auto".
    "babble": [],
    "free": ["<think>", "\n\n", "</think>"],
    "free_tool": ["<think>", "\n\n", "</think>", "<tool_call>", "\n"],
}


def chain_token(name: str) -> str:
    """The control token that makes the model recite this chain."""
    return f"<|chain:{name}|>"


def chat_template() -> str:
    """ChatML with Hermes/Qwen tool calls; at its end it appends the token of the chosen chain.

    In it, `ns.last` is 'tool' when a tool result came after the last assistant turn, even with user text behind it
    (clients add reminders there), so that a loop always ends.
    """
    pick = "{%- if ns.last == 'tool' %}{{- '" + chain_token("final") + "' }}\n"
    for name in CHAINS:
        pick += "{%- elif '[[chain:" + name + "]]' in ns.pick %}{{- '" + chain_token(name) + "' }}\n"
    pick += "{%- elif tools %}{{- '" + chain_token("tool") + "' }}\n"
    pick += "{%- else %}{{- '" + chain_token("text") + "' }}{%- endif %}"
    template = Path(__file__).with_name("chat_template.jinja").read_text(encoding="utf-8")
    return template.removesuffix("\n").replace("{PICK}", pick)
