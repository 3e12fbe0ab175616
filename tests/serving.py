"""A web application that answers on a socket of this machine, and a client of it."""

import json
import threading
from contextlib import contextmanager
from urllib.request import Request, urlopen

import pytest

uvicorn = pytest.importorskip("uvicorn", reason="the service needs uvicorn")
pytest.importorskip("fastapi", reason="the service needs fastapi")


class _Server(uvicorn.Server):
    """One that says when it is there."""

    def __init__(self, app):
        super().__init__(uvicorn.Config(app, port=0, log_level="warning"))
        self.is_there = threading.Event()

    async def startup(self, sockets=None):
        await super().startup(sockets)
        self.is_there.set()


@contextmanager
def address_of(app):
    """Where the application answers, as long as the block lasts."""
    server = _Server(app)
    thread = threading.Thread(target=server.run)
    thread.start()
    assert server.is_there.wait(30)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(30)
    assert not thread.is_alive()


def ask(url, body=None):
    """The JSON that comes back."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data, {"Content-Type": "application/json"})
    with urlopen(request, timeout=30) as answer:
        return json.load(answer)


def rows_of(series):
    """Rows of a monthly series as JSON has them."""
    frame = series.reset_index()
    return frame.assign(date=frame["date"].dt.strftime("%Y-%m-%d")).to_dict("records")
