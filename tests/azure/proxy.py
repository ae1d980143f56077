"""How the unmodified SDK reaches the stand-in under Azure's real host names, on loopback over TLS.

A CONNECT proxy, found by ``HTTPS_PROXY`` and ``REQUESTS_CA_BUNDLE`` alone. What was asked of any other host is kept,
and refused.
"""

from __future__ import annotations

import contextlib
import json
import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.azure.stand_in import SUBSCRIPTION, TENANT, Azure
from tests.azure.stand_in.names import HOSTS, Call, played
from tests.azure.stand_in.service import handle
from tests.certificates import write_certificate


class Proxy(ThreadingHTTPServer):
    """A CONNECT proxy that ends TLS itself for the hosts that it plays, and refuses every other."""

    daemon_threads = True

    def __init__(self, azure: Azure, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Tunnel)
        self.azure = azure
        self.bundle, private = write_certificate(folder, HOSTS)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(self.bundle, private)

    @property
    def environment(self) -> dict[str, str]:
        """All that the program is given."""
        return {
            "HTTPS_PROXY": f"http://127.0.0.1:{self.server_address[1]}",
            "REQUESTS_CA_BUNDLE": str(self.bundle),
            "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
            "AZURE_RESOURCE_GROUP": "rg",
            "AZURE_WORKSPACE_NAME": "ws",
            "AZURE_TENANT_ID": TENANT,
            "AZURE_CLIENT_ID": "client",
            "AZURE_CLIENT_SECRET": "secret-value",
            "FINBEHAVE_CREDENTIAL": "service-principal",
            "FINBEHAVE_BACKEND": "azure",
            "FINBEHAVE_PATIENCE": "30",
        }


class _Tunnel(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    host = ""
    server: Proxy

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_CONNECT(self) -> None:
        host = self.path.split(":")[0]
        if not played(host):
            self.server.azure.refused.append(host)
        if not played(host) or host in self.server.azure.unreachable:
            self.send_error(502)
            return
        self.send_response(200)
        self.end_headers()
        self.host = host
        with contextlib.suppress(OSError):
            self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
            self.rfile = self.connection.makefile("rb", -1)
            self.wfile = self.connection.makefile("wb", 0)
            self.close_connection = False
            while not self.close_connection:
                self.handle_one_request()
        self.close_connection = True

    def _any(self) -> None:
        if not self.host:
            self.server.azure.refused.append(self.path)
            self.send_error(502)
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answer = handle(self.server.azure, Call(self.host, self.command, self.path, self.headers, body))
        if answer.part == 0:
            self.close_connection = True
            return
        content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD" and answer.status != 204:
            self.wfile.write(content[: int(len(content) * answer.part)])
        if answer.part < 1:
            self.close_connection = True

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_PATCH = _any
