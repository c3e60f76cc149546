"""Anthropic Messages to Anthropic Messages: the client's own bytes out, the backend's own bytes back.

Out: only `model` and the credentials are replaced, and what is provably foreign to Anthropic (thinking that another
backend signed) is taken out; betas, query and every unknown field stay as they are.
Back: a good answer's bytes pass unchanged. Two things are mended: an error that is not of Anthropic's form or types
(vLLM, llama.cpp and proxies answer with their own), and a stream that is cut before `message_stop`.
"""

from ccr.dialects.anthropic.call import Anthropic, MessagesCall

__all__ = ["Anthropic", "MessagesCall"]
