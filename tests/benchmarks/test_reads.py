"""The generator of HTTP counts right, and every side of the reads benchmark answers the same. No figure is judged."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks.harness import cores, httpload
from benchmarks.harness.httpload import Get
from benchmarks.harness.load import LoadFailed
from benchmarks.harness.process import Server
from benchmarks.reads import __main__ as reads

HERE = cores.split()
BODY = b"0123456789" * 1000


class Handler(BaseHTTPRequestHandler):
    """Answers by path, counts what it is asked, and says that every tenth answer of a connection is its last."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    asked: list[str]
    number = 0

    def do_GET(self) -> None:
        self.asked.append(self.headers.get("X-Tag", ""))
        self.number += 1
        match self.path:
            case "/length":
                self._head(200, "Content-Length", str(len(BODY)))
                self.wfile.write(BODY[:5000])  # in pieces
                self.wfile.write(BODY[5000:])
            case "/chunked":
                self._head(200, "Transfer-Encoding", "chunked")
                for size in (1, 15, 9984):
                    self.wfile.write(b"%x\r\n%s\r\n" % (size, BODY[:size]))
                self.wfile.write(b"0\r\n\r\n")
            case "/nothing":
                self._head(304, "X-Content-Length", "17")
            case "/broken":
                self._head(200, "Content-Length", str(len(BODY) + 1))
                self.wfile.write(BODY)
                self.close_connection = True
            case "/endless":
                self._head(200, "X-Content-Length", "17")
            case "/more":
                self._head(200, "Content-Length", str(len(BODY) - 1))
                self.wfile.write(BODY)

    def _head(self, status: int, name: str, value: str) -> None:
        self.send_response(status)
        self.send_header(name, value)
        if not self.number % 10:
            self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[tuple[Server, list[str]]]:
    asked: list[str] = []
    running = ThreadingHTTPServer(("127.0.0.1", 0), type("Counting", (Handler,), {"asked": asked}))
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    yield Server(pid=0, port=running.server_port), asked
    running.shutdown()
    running.server_close()
    thread.join()


def get(path: str, status: int = 200, header: str | None = None) -> Get:
    return Get(path, status=status, header=header, connections=3, seconds=0.3, warm_up=0.1)


@pytest.mark.parametrize(("path", "status"), [("/length", 200), ("/chunked", 200), ("/nothing", 304)])
def test_every_answer_is_counted_once(server: tuple[Server, list[str]], path: str, status: int) -> None:
    at, asked = server
    answered = httpload.run(at, get(path, status, "X-Tag: mine"), cores=HERE.others)
    assert answered.total_asked == answered.total_answered == len(asked)
    assert set(asked) == {"mine"}
    assert 0 < answered.answers < answered.total_answered
    assert 0 < answered.p50 <= answered.p99 <= answered.max
    assert answered.reopened in range(len(asked) // 10 - 3, len(asked) // 10 + 1)
    size = answered.bytes / answered.answers
    assert (len(BODY) < size < len(BODY) + 400) if status == 200 else (0 < size < 400)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/broken", "ended by the server without saying so"),
        ("/endless", "an answer without a length"),
        ("/more", "more bytes than the answer has"),
        ("/nothing", "answered: HTTP/1.1 304"),
    ],
)
def test_what_is_no_answer_is_a_failure(server: tuple[Server, list[str]], path: str, why: str) -> None:
    with pytest.raises(LoadFailed, match=f"3 connections failed, the first: {why}"):
        httpload.run(server[0], get(path), cores=HERE.others)


@contextmanager
def connected(server: Server) -> Iterator[HTTPConnection]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        yield connection
    finally:
        connection.close()


def test_all_sides_answer_the_same_and_are_measured(capsys: pytest.CaptureFixture[str]) -> None:
    with reads.serving(HERE) as servers:
        for path in reads.READS.values():
            answers = []
            for server in servers.values():
                with connected(server) as connection:
                    connection.request("GET", path)
                    answers.append(json.load(connection.getresponse()))
            assert all(answer == answers[0] for answer in answers)
            assert len(next(iter(answers[0].values()))) == 20
        reads.compare(servers, HERE, connections=[1, 3], rounds=1, seconds=0.2, warm_up=0.1)
    printed = capsys.readouterr().out
    for side in servers:
        assert sum(line.split("|")[1].strip() == side for line in printed.splitlines() if "|" in line) == 8
