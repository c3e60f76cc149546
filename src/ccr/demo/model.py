"""The scripted model as a server: OpenAI chat completions over HTTP, in threads of its own."""

import itertools
import socketserver
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import msgspec

from ccr.demo.script import ChatRequest, speak
from ccr.demo.wire import chunks, whole


class ScriptedModel(ThreadingHTTPServer):
    """`with ScriptedModel() as model:` serves on `model.url`, a free port of this machine."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: Counter[str] = Counter()
        """Model -> requests."""
        self.numbers = itertools.count(1)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True, name="scripted model")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def server_bind(self) -> None:
        """Without HTTPServer's look-up of the host's name, which may ask a name server."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves is nothing to print a stack trace for."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: ScriptedModel

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path != "/v1/chat/completions":
            self.whole(404, b'{"error":{"message":"The scripted model answers to /v1/chat/completions only."}}')
            return
        try:
            request = msgspec.json.decode(body, type=ChatRequest)
        except msgspec.DecodeError as error:
            self.whole(400, msgspec.json.encode({"error": {"message": str(error)}}))
            return
        self.server.asked[request.model] += 1
        speech, number = speak(request), next(self.server.numbers)
        if not request.stream:
            self.whole(200, whole(request, speech, body, number))
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for chunk in chunks(request, speech, body, number):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        self.wfile.write(b"0\r\n\r\n")

    def whole(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the terminal is for the demo."""
