"""The same two calls as every family of models writes them."""

from typing import NamedTuple


class Notation(NamedTuple):
    bash: str
    """A call of Bash: `command` is `ls -l`, `timeout` 5."""
    read: str
    """A call of Read: `file_path` is `a\\nb`, `limit` 2. It can follow the first."""
    cut: str
    """What was written of `bash` when the tokens ran out: its arguments are not whole."""
    stripped: str = ""
    """`bash` without its last closing tag; empty: there is none to strip."""


BASH = '{"command": "ls -l", "timeout": 5}'
READ = '{"file_path": "a\\nb", "limit": 2}'


def invoke(prefix: str, outer: str) -> Notation:
    def call(name: str, first: tuple[str, str], second: tuple[str, str]) -> str:
        parameters = "".join(
            f'\n<{prefix}parameter name="{key}"{kind}>{value}</{prefix}parameter>'
            for (key, value), kind in zip(
                (first, second), (' string="true"', ' string="false"') if "DSML" in prefix else ("", ""), strict=True
            )
        )
        return f'<{prefix}invoke name="{name}">{parameters}\n</{prefix}invoke>'

    bash = call("Bash", ("command", "ls -l"), ("timeout", "5"))
    read = call("Read", ("file_path", "a\nb"), ("limit", "2"))
    opening, closing = (f"<{outer}>\n", f"\n</{outer}>") if outer else ("", "")
    cut = opening + bash[: bash.index("5")]
    return Notation(opening + bash, "\n" + read + closing, cut, opening + bash.removesuffix(f"\n</{prefix}invoke>"))


NOTATIONS: dict[str, Notation] = {
    "hermes": Notation(
        f'<tool_call>\n{{"name": "Bash", "arguments": {BASH}}}\n</tool_call>',
        f'\n<tool_call>\n{{"arguments": {READ}, "name": "Read"}}\n</tool_call>',
        '<tool_call>\n{"name": "Bash", "arguments": {"command": "ls -l", "timeout": 5}',
        f'<tool_call>\n{{"name": "Bash", "arguments": {BASH}}}\n',
    ),
    "qwen-coder": Notation(
        "<tool_call>\n<function=Bash>\n<parameter=command>\nls -l\n</parameter>\n<parameter=timeout>\n5\n</parameter>\n"
        "</function>\n</tool_call>",
        "<tool_call>\n<function=Read>\n<parameter=file_path>\na\nb\n</parameter>\n<parameter=limit>\n2\n</parameter>\n"
        "</function>\n</tool_call>",
        "<tool_call>\n<function=Bash>\n<parameter=command>\nls -l\n</parameter>\n<parameter=timeout>\n5",
        "<tool_call>\n<function=Bash>\n<parameter=command>\nls -l\n</parameter>\n<parameter=timeout>\n5\n</parameter>",
    ),
    "qwen-coder-bare": Notation(
        "<function=Bash><parameter=command>ls -l</parameter><parameter=timeout>5</parameter></function>",
        "<function=Read><parameter=file_path>a\nb</parameter><parameter=limit>2</parameter></function></tool_call>",
        "<function=Bash><parameter=command>ls -l</parameter><parameter=timeout>5</para",
        "<function=Bash><parameter=command>ls -l</parameter><parameter=timeout>5</parameter>",
    ),
    "glm": Notation(
        "<tool_call>Bash\n<arg_key>command</arg_key>\n<arg_value>ls -l</arg_value>\n<arg_key>timeout</arg_key>\n"
        "<arg_value>5</arg_value>\n</tool_call>",
        "\n<tool_call>Read<arg_key>file_path</arg_key><arg_value>a\nb</arg_value><arg_key>limit</arg_key>"
        "<arg_value>2</arg_value></tool_call>",
        "<tool_call>Bash\n<arg_key>command</arg_key>\n<arg_value>ls -l</arg_value>\n<arg_key>timeout</arg_key>\n",
        "<tool_call>Bash\n<arg_key>command</arg_key>\n<arg_value>ls -l</arg_value>\n<arg_key>timeout</arg_key>\n"
        "<arg_value>5</arg_value>\n",
    ),
    "deepseek-v3": Notation(
        f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>Bash\n```json\n{BASH}\n```<｜tool▁call▁end｜>",
        f"\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>Read\n```json\n{READ}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
        f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>Bash\n```json\n{BASH[:-1]}",
        f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>Bash\n```json\n{BASH}\n```",
    ),
    "deepseek-v3.1": Notation(
        f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>Bash<｜tool▁sep｜>{BASH}<｜tool▁call▁end｜>",
        f"<｜tool▁call▁begin｜>Read<｜tool▁sep｜>{READ}<｜tool▁call▁end｜><｜tool▁calls▁end｜><｜end▁of▁sentence｜>",
        f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>Bash<｜tool▁sep｜>{BASH[:-1]}",
        f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>Bash<｜tool▁sep｜>{BASH}",
    ),
    "deepseek-dsml": invoke("｜DSML｜", "｜DSML｜function_calls"),
    "deepseek-v4": invoke("｜DSML｜", "｜DSML｜tool_calls"),
    "anthropic": invoke("", "function_calls"),
    "anthropic-bare": invoke("", ""),
    "anthropic-prefixed": invoke("antml:", "antml:function_calls"),
    "minimax": invoke("", "minimax:tool_call"),
    "kimi": Notation(
        "<|tool_calls_section_begin|><|tool_call_begin|>functions.Bash:0<|tool_call_argument_begin|>"
        f"{BASH}<|tool_call_end|>",
        f"<|tool_call_begin|>Read:1<|tool_call_argument_begin|>{READ}<|tool_call_end|><|tool_calls_section_end|>",
        "<|tool_calls_section_begin|><|tool_call_begin|>functions.Bash:0<|tool_call_argument_begin|>" + BASH[:-1],
        "<|tool_calls_section_begin|><|tool_call_begin|>functions.Bash:0<|tool_call_argument_begin|>" + BASH,
    ),
    "mistral": Notation(
        f'[TOOL_CALLS][{{"name": "Bash", "arguments": {BASH}}}]',
        f'[TOOL_CALLS] [{{"arguments": {READ}, "name": "Read"}}]',
        f'[TOOL_CALLS][{{"name": "Bash", "arguments": {BASH}}}',
    ),
    "mistral-v13": Notation(
        f"[TOOL_CALLS]Bash[ARGS]{BASH}", f"[TOOL_CALLS]Read[CALL_ID]a1B2c3D4e[ARGS]{READ}", "[TOOL_CALLS]Bash[ARGS]{"
    ),
    "mistral-skipped": Notation(f"[TOOL_CALLS]Bash{BASH}", f"[TOOL_CALLS]Read{READ}", "[TOOL_CALLS]Bash" + BASH[:-1]),
    "llama": Notation(
        f'<|python_tag|>{{"name": "Bash", "parameters": {BASH}}}',
        f'; {{"type": "function", "name": "Read", "parameters": {READ}}}<|eom_id|>',
        f'<|python_tag|>{{"name": "Bash", "parameters": {BASH}',
    ),
    "llama-function": Notation(
        f"<function=Bash>{BASH}</function>",
        f"<function=Read>{READ}</function><|eom_id|>",
        f"<function=Bash>{BASH[:-1]}",
        f"<function=Bash>{BASH}",
    ),
    "harmony": Notation(
        f"<|channel|>commentary to=functions.Bash <|constrain|>json<|message|>{BASH}<|call|>",
        f"<|start|>assistant<|channel|>commentary to=functions.Read <|constrain|>json<|message|>{READ}<|call|>",
        f"<|channel|>commentary to=functions.Bash <|constrain|>json<|message|>{BASH[:-1]}",
        f"<|channel|>commentary to=functions.Bash <|constrain|>json<|message|>{BASH}",
    ),
    "harmony-role": Notation(
        f"<|start|>assistant to=functions.Bash<|channel|>commentary json<|message|>{BASH}<|call|>",
        f"<|channel|>analysis to=functions.Read code<|message|>{READ}<|call|>".replace(" code", " json"),
        "<|start|>assistant to=functions.Bash<|channel|>commentary json<|message|>{",
        f"<|start|>assistant to=functions.Bash<|channel|>commentary json<|message|>{BASH}",
    ),
}
