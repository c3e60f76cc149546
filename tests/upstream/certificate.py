"""A self-signed certificate for localhost, made with the openssl command when a test first asks for it."""

import os
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest


class Certificate:
    """`file`: PEM to trust. `server()`: a context that shows it."""

    def __init__(self, folder: Path, names: str = "DNS:localhost,IP:127.0.0.1") -> None:
        self.file = folder / "certificate.pem"
        self._key = folder / "key.pem"
        openssl = shutil.which("openssl")
        if openssl is None:
            if os.environ.get("CI") == "true":
                pytest.fail("the openssl command is missing")
            pytest.skip("the openssl command is missing")
        subject = ["-subj", "/CN=localhost", "-addext", f"subjectAltName={names}"]
        usage = ["-addext", "keyUsage=critical,digitalSignature,keyCertSign"]
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(self._key)]
        command = [openssl, "req", "-x509", *key, "-days", "2", *subject, *usage, "-out", str(self.file)]
        subprocess.run(command, check=True, capture_output=True)

    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file, self._key)
        context.set_alpn_protocols(["h2", "http/1.1"])
        return context
