"""A server that sends what a test wants, breaks off, and remembers what it was asked."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest


@pytest.fixture
def server():
    """Serve ``contents`` by name; ``breaks_after[name]`` bytes the connection is cut, once."""
    state = SimpleNamespace(contents={}, breaks_after={}, asked=[], ranges=True)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.strip("/")
            state.asked.append((name, self.headers.get("Range")))
            if name not in state.contents:
                self.send_error(404)
                return
            content, asked = state.contents[name], self.headers.get("Range")
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and state.ranges else 0
            if asked and state.ranges and start >= len(content):
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            stop = state.breaks_after.pop(name, len(content))
            self.wfile.write(content[start:stop])

        def log_message(self, *_):
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    state.url = f"http://127.0.0.1:{running.server_port}"
    yield state
    running.shutdown()
    running.server_close()
