"""The listener on loopback: it takes the one request that brings an answer, and is not held up by any other."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest

from oidc_provision.plans.errors import Failed
from oidc_provision.provisioners.oidc.listener import Listener, listening

PATH = "/oidc-provision/verify/callback"


async def asked(listener: Listener, line: str, head: str = "Host: x\r\n\r\n") -> str:
    """Send a request as it stands, and return the whole answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    writer.write(f"{line}\r\n{head}".encode())
    answer = (await reader.read()).decode()
    writer.close()
    return answer


def listened(work: Callable[[Listener], Awaitable[object]]) -> object:
    async def whole() -> object:
        async with listening() as listener:
            return await work(listener)

    return asyncio.run(whole())


def test_answer_comes_back_as_the_address_that_was_asked():
    async def work(listener: Listener) -> tuple[str, str]:
        answer = await asked(listener, f"GET {PATH}?code=a%20b&state=s HTTP/1.1")
        return answer, await listener.callback(5)

    answer, address = listened(work)  # type: ignore[misc]
    assert answer.startswith("HTTP/1.1 200 OK") and "Signed in." in answer
    assert "Cache-Control: no-store" in answer and "Referrer-Policy: no-referrer" in answer
    assert address.startswith("http://127.0.0.1:") and address.endswith(f"{PATH}?code=a%20b&state=s")


def test_refusal_is_not_called_a_sign_in():
    answer = listened(lambda listener: asked(listener, f"GET {PATH}?error=access_denied&state=s HTTP/1.1"))
    assert "The sign-in was refused" in str(answer) and "Signed in" not in str(answer)


@pytest.mark.parametrize(
    "line",
    [
        "GET /favicon.ico HTTP/1.1",
        f"GET {PATH} HTTP/1.1",
        f"GET {PATH}?state=s HTTP/1.1",
        f"GET {PATH}?encode=1 HTTP/1.1",
        f"GET {PATH}/?code=c HTTP/1.1",
        f"HEAD {PATH}?code=c HTTP/1.1",
        f"POST {PATH}?code=c HTTP/1.1",
        "GET /",
        "",
    ],
)
def test_anything_else_is_not_found_and_the_wait_goes_on(line: str):
    async def work(listener: Listener) -> tuple[str, str]:
        other = await asked(listener, line)
        await asked(listener, f"GET {PATH}?code=right HTTP/1.1")
        return other, await listener.callback(5)

    other, address = listened(work)  # type: ignore[misc]
    assert other.startswith("HTTP/1.1 404") and address.endswith("?code=right")


def test_first_answer_counts():
    async def work(listener: Listener) -> str:
        for code in ("first", "second"):
            await asked(listener, f"GET {PATH}?code={code} HTTP/1.1")
        return await listener.callback(5)

    assert str(listened(work)).endswith("?code=first")


def test_endless_head_is_cut_off_and_the_wait_goes_on():
    async def work(listener: Listener) -> str:
        with pytest.raises(ConnectionError):
            _, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            for _ in range(100):
                writer.write(b"X: " + b"y" * 65_536)
                await writer.drain()
        await asked(listener, f"GET {PATH}?code=right HTTP/1.1")
        return await listener.callback(5)

    assert str(listened(work)).endswith("?code=right")


def test_browser_that_connects_ahead_and_says_nothing_does_not_hold_up_the_end():
    async def whole() -> bytes:
        async with listening() as listener:
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            await asked(listener, f"GET {PATH}?code=c HTTP/1.1")
        # less than the ten seconds that a connection is left to itself
        async with asyncio.timeout(5):
            rest = await reader.read()
        writer.close()
        return rest

    assert asyncio.run(whole()) == b""


def test_nobody_who_comes_back_is_an_error_with_a_fix():
    async def work(listener: Listener) -> None:
        await listener.callback(0.01)

    with pytest.raises(Failed, match="nobody came back from the sign-in") as failed:
        listened(work)
    assert "--wait" in failed.value.fix and PATH in failed.value.where


def test_taken_port_is_an_error():
    async def whole(port: int) -> None:
        async with listening(port):
            pass

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(Failed, match="cannot listen on port"):
            asyncio.run(whole(taken.getsockname()[1]))
