"""One golden: a folder with what goes in and, written by `--update`, what must come out.

request.json    in    the client's request (absent: one plain question with three tools)
upstream.sse    in    the backend's answer as a stream; or
upstream.json   in    the same in one piece
case.json       in    what else matters (`Setting`); absent: the defaults
outbound.json   out   the request that goes to the backend (only where request.json is)
client.sse      out   the client's bytes; or
client.json     out   the client's whole answer; for an error what is told, and what was learned from it
"""

from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from ccr.dialects import DIALECTS, Call, Endpoint, Inbound, Learned
from ccr.errors import UpstreamError, error_event
from ccr.messages.events import Event, Failed
from ccr.messages.request import parse_request

HERE = Path(__file__).parent
QUESTION = (HERE / "question.json").read_bytes()


class Setting(Struct, forbid_unknown_fields=True):
    """What a case may say besides its bytes."""

    note: str = ""
    """What the case is about, and where it was seen."""
    status: int = 200
    response_headers: dict[str, str] = {}
    headers: dict[str, str] = {}
    """The client's."""
    query: str = ""
    model: str = "backend-model"
    tokens: int = 100
    """The request's estimate."""
    api_key: str = "sk-secret"
    use_bearer: bool = False
    context_window: int | None = None
    max_output_tokens: int | None = None
    omit: list[str] = []
    """Fields that the model is known to refuse."""
    images: bool = True
    files: bool = True
    max_completion_tokens: bool = False
    flags: list[str] = []
    """Deviations of the provider, by name."""
    show_headers: bool = False
    """Write the URL and headers that go out into outbound.json too."""


class Case:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.dialect = DIALECTS[folder.relative_to(HERE).parts[0]]
        setting = folder / "case.json"
        self.setting = msgspec.json.decode(setting.read_bytes(), type=Setting) if setting.exists() else Setting()
        request = folder / "request.json"
        self.has_request = request.exists()
        self.request = request.read_bytes() if self.has_request else QUESTION
        self.learned = Learned(
            omit=set(self.setting.omit),
            images=self.setting.images,
            files=self.setting.files,
            max_completion_tokens=self.setting.max_completion_tokens,
        )

    def call(self) -> Call:
        setting = self.setting
        endpoint = Endpoint(
            name="backend",
            url="http://backend/v1",
            api_key=setting.api_key,
            use_bearer=setting.use_bearer,
            context_window=setting.context_window,
            max_output_tokens=setting.max_output_tokens,
            flags=frozenset(setting.flags),
            learned=self.learned,
        )
        inbound = Inbound(
            request=parse_request(self.request),
            body=self.request,
            headers=setting.headers,
            query=setting.query,
            tokens=setting.tokens,
            message_id="msg_golden",
        )
        return self.dialect.call(inbound, setting.model, endpoint)

    def outputs(self) -> dict[str, bytes]:
        """File name -> what this version makes of the case."""
        call = self.call()
        out: dict[str, bytes] = {}
        if self.has_request:
            out["outbound.json"] = self._outbound(call)
        stream, whole = self.folder / "upstream.sse", self.folder / "upstream.json"
        if stream.exists():
            out["client.sse"] = streamed(call, stream.read_bytes())
        elif whole.exists():
            out["client.json"] = self._whole(call, whole.read_bytes())
        return out

    def _outbound(self, call: Call) -> bytes:
        outbound = call.outbound
        body = outbound.body if self.dialect.name == "anthropic" else pretty(outbound.body)
        if not self.setting.show_headers:
            return body
        lines = [f"POST {outbound.url}", *(f"{name}: {value}" for name, value in outbound.headers)]
        return "\n".join(lines).encode() + b"\n\n" + body

    def _whole(self, call: Call, body: bytes) -> bytes:
        setting = self.setting
        if setting.status != 200:
            return self._told(call.error(setting.status, setting.response_headers, body))
        try:
            answer = call.answer(body).body
        except UpstreamError as error:
            return self._told(error)
        return answer if self.dialect.name == "anthropic" else pretty(answer)

    def _told(self, error: UpstreamError) -> bytes:
        told, learned = error.for_client(), self.learned
        lessons: dict[str, Any] = {
            "omit": sorted(learned.omit),
            "context_window": learned.context_window,
            "max_output_tokens": learned.max_output_tokens,
            "images": learned.images,
            "files": learned.files,
            "max_completion_tokens": learned.max_completion_tokens,
            "correction": round(learned.correction.factor, 2),
        }
        fresh: dict[str, Any] = {
            "omit": [],
            "context_window": None,
            "max_output_tokens": None,
            "images": True,
            "files": True,
            "max_completion_tokens": False,
            "correction": 1.0,
        }
        document = {
            "status": told.status,
            "type": told.error_type,
            "message": told.message,
            "headers": told.headers,
            "retry": error.retry,
            "learned": {name: value for name, value in lessons.items() if value != fresh[name]},
        }
        return pretty(msgspec.json.encode(document))


def streamed(call: Call, upstream: bytes) -> bytes:
    decoder = call.decoder()
    return b"".join(map(encoded, [*decoder.feed(upstream), *decoder.finish()]))


def encoded(event: Event) -> bytes:
    """An event's bytes; a failure's as the gateway writes them."""
    if isinstance(event, Failed):
        told = event.error.for_client()
        return error_event(told.error_type, told.message, "req_golden")
    return event.encode()


def pretty(body: bytes) -> bytes:
    return msgspec.json.format(body, indent=1) + b"\n"


def cases() -> list[Path]:
    """Every folder that holds a request or an answer."""
    inputs = ("request.json", "upstream.sse", "upstream.json")
    found = {path.parent for dialect in DIALECTS for path in (HERE / dialect).rglob("*") if path.name in inputs}
    return sorted(found)
