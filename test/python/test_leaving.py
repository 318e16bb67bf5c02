"""A program that stops reading, or gives up waiting, stops the model as well: within 250 ms of its going."""

import socket
import threading
import time

import httpx
import openai
import pytest

MODEL = "gemini-3.5-flash"
MESSAGES = [{"role": "user", "content": "Tell me of lighthouses."}]
EVENT = b'data: {"candidates":[{"content":{"parts":[{"text":"A lighthouse"}],"role":"model"}}]}\r\n\r\n'
LONGEST_SECONDS = 0.25


class StallingUpstream:
    """Answers a stream with one event and then nothing, anything else with nothing at all; says when it was left."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.asked = threading.Event()
        self.left = threading.Event()
        self.left_at = 0.0
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = connection.recv(65536)
            if not piece:
                return
            head += piece
        if b"streamGenerateContent" in head:
            connection.sendall(
                b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
                + b"%x\r\n%s\r\n" % (len(EVENT), EVENT)
            )
        self.asked.set()
        try:
            while connection.recv(65536):
                pass
        except OSError:
            pass
        self.left_at = time.monotonic()
        self.left.set()
        connection.close()


@pytest.fixture
def upstream():
    stalling = StallingUpstream()
    yield stalling
    stalling.listener.close()


@pytest.fixture
def client(start_pollux, upstream):
    url = start_pollux("serve", "--port", "0", GEMINI_API_KEY="key", GOOGLE_GEMINI_BASE_URL=upstream.url).url
    with openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0) as opened:
        yield opened


def expect_left(upstream: StallingUpstream, since: float) -> None:
    assert upstream.left.wait(5), "the upstream call goes on for nobody"
    assert upstream.left_at - since < LONGEST_SECONDS


def test_f01_closing_a_stream_frees_the_upstream(client, upstream):
    stream = client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)
    assert next(iter(stream)).choices[0].delta.role == "assistant"
    assert not upstream.left.is_set()
    since = time.monotonic()
    stream.close()
    expect_left(upstream, since)


def test_f01_leaving_the_stream_of_a_with_statement_frees_the_upstream(client, upstream):
    with client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True) as stream:
        for _ in stream:
            break
        since = time.monotonic()
    expect_left(upstream, since)


def test_f02_a_client_that_times_out_frees_the_upstream(client, upstream):
    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=httpx.Timeout(5, read=0.4)).chat.completions.create(model=MODEL, messages=MESSAGES)
    since = time.monotonic()
    assert upstream.asked.is_set()
    expect_left(upstream, since)
