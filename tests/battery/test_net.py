"""Networks that lose, drip, flood, lie and send elsewhere: the whole command by way of a proxy that does it."""

from __future__ import annotations

import asyncio
import gzip
import os
import re
import subprocess
import sys
import zlib
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.battery.clean import assert_failed
from tests.command import ROOT
from tests.faults import asking
from tests.faults.hostile import HEAD, MIB, endless, half_closed, raw
from tests.faults.proxy import Fault, Proxy, proxying
from tests.live import running
from tests.live.conftest import Realm
from tests.live.running import edit
from tests.servers import free_port

SIGN_IN = "POST /protocol/openid-connect/token$"
SCOPES = "GET /client-scopes$"
APPLY = ("apply", "--auto-approve")


def host(proxy: Proxy) -> str:
    return urlsplit(proxy.url).netloc


def assert_nothing_written(proxy: Proxy, emulated: Realm) -> None:
    assert [each for each in proxy.asked if not each.startswith("GET ") and not each.endswith("/token")] == []
    assert emulated.client("coder") == {}


@pytest.mark.battery(28)
def test_host_that_does_not_exist_is_named(plan: Path):
    edit(plan, identity_provider__url="http://nobody.invalid")
    assert_failed(running.here("plan"), 1, "`nobody.invalid` is not known to DNS", "fix: check the spelling")


@pytest.mark.battery(28)
def test_host_where_nobody_listens_is_named(plan: Path):
    port = asyncio.run(free_port())
    edit(plan, identity_provider__url=f"http://127.0.0.1:{port}")
    assert_failed(running.here(*APPLY), 1, f"`127.0.0.1:{port}` refused the connection, 4 times", "fix: check the port")


@pytest.mark.battery(28)
def test_server_that_has_ipv6_alone_carries_a_whole_run(plan: Path, emulated: Realm):
    try:
        with proxying(emulated.url, host="::1") as proxy:
            edit(plan, identity_provider__url=proxy.url)
            running.settles()
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")


HALVES = {"sign-in": SIGN_IN, "look": asking.LIST, "scopes": SCOPES, "create": asking.CREATE}


@pytest.mark.battery(28)
@pytest.mark.parametrize("kind", HALVES)
def test_half_closed_connection_costs_one_more_try_and_makes_nothing_twice(proxy: Proxy, emulated: Realm, kind: str):
    proxy.on(HALVES[kind], half_closed)
    running.settles()
    assert proxy.unused == []
    assert len(emulated.request("GET", f"{emulated.admin}/clients?clientId=coder&search=true").json()) == 1
    assert asking.kinds(proxy)[asking.CREATE] == 1


FLOODS: dict[str, Fault] = {
    "headers that drip": endless(b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n", 0.05),
    "a body that drips": endless(HEAD + b"\r\n", b" ", 0.05),
    "nothing but 100 Continue": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.01),
    "a body that never ends, in chunks that drip": endless(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", 0.05
    ),
}


@pytest.mark.battery(29)
@pytest.mark.parametrize("case", FLOODS)
def test_answer_that_never_ends_is_ended_by_the_deadline_of_the_run(proxy: Proxy, emulated: Realm, case: str):
    proxy.on(SIGN_IN, *([FLOODS[case]] * 5))
    words = "gave no complete answer: the run's deadline of 1 s is over"
    assert_failed(running.here(*APPLY, "--deadline", "1"), 1, words)
    assert_nothing_written(proxy, emulated)


def packed(data: bytes, name: str) -> Fault:
    return raw(HEAD + f"Content-Encoding: {name}\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data)


def chunked(data: bytes) -> bytes:
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + data


LIES: dict[str, tuple[Fault, str]] = {
    "a body that never ends": (endless(HEAD + b"\r\n", b" " * 65536), "more than 16 MiB"),
    "chunks that never end": (endless(chunked(b""), b"1000\r\n" + b" " * 4096 + b"\r\n"), "more than 16 MiB"),
    "gzip bomb": (packed(gzip.compress(bytes(64 * MIB)), "gzip"), "more than 16 MiB"),
    "gzip in gzip": (packed(gzip.compress(gzip.compress(b"[]")), "gzip"), "broken JSON"),
    "gzip twice over": (packed(gzip.compress(b"[]"), "gzip, gzip"), "was not asked for"),
    "deflate": (packed(zlib.compress(b"[]"), "deflate"), "compressed its answer as 'deflate', which was not asked for"),
    "br": (packed(b"\x8b\x00\x80[]\x03", "br"), "compressed its answer as 'br', which was not asked for"),
    "no gzip": (packed(b"[]", "gzip"), "compression is broken"),
    "half a gzip": (packed(gzip.compress(b"[]" * 90)[:20], "gzip"), "ends in the middle"),
    "more comes than was promised": (raw(HEAD + b"Content-Length: 1\r\n\r\n[]"), "broken JSON"),
    "a length of a gigabyte": (raw(HEAD + b"Content-Length: 1073741824\r\n\r\n[]"), "more than 16 MiB"),
}


@pytest.mark.battery(29, 30)
@pytest.mark.parametrize("case", LIES)
def test_answer_that_floods_or_lies_is_cut_off_and_named(proxy: Proxy, emulated: Realm, case: str):
    fault, words = LIES[case]
    proxy.on(asking.LIST, fault)
    assert_failed(running.here(*APPLY), 1, f"`{host(proxy)}` ", words)
    assert_nothing_written(proxy, emulated)


BROKEN: dict[str, tuple[Fault, ...]] = {
    "headers": (
        endless(b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n" * 500),
        endless(b"HTTP/1.1 200 OK\r\nX-More: ", b"1" * 5000),
        raw(b"HTTP/1.1 one OK\r\n\r\n"),
        raw(b"220 mail.example.com ESMTP\r\n"),
    ),
    "lengths": (
        raw(HEAD + b"Content-Length: 9\r\n\r\n[]"),
        raw(HEAD + b"Content-Length: -1\r\n\r\n[]"),
        raw(HEAD + b"Content-Length: two\r\n\r\n[]"),
        raw(HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n[]"),
    ),
    "chunks": (
        raw(chunked(b"2\r\n[]")),
        raw(chunked(b"9\r\n[]\r\n0\r\n\r\n")),
        raw(chunked(b"-1\r\n[]\r\n")),
        raw(chunked(b"zz\r\n[]\r\n")),
    ),
}


@pytest.mark.battery(29, 30)
@pytest.mark.parametrize("case", BROKEN)
def test_answer_that_is_no_http_is_asked_for_again_and_then_named(proxy: Proxy, emulated: Realm, case: str):
    proxy.on(asking.LIST, *BROKEN[case])
    assert_failed(running.here(*APPLY), 1, f"`{host(proxy)}` broke the HTTP protocol", ", 4 times")
    assert proxy.unused == []
    assert_nothing_written(proxy, emulated)


@pytest.mark.battery(30)
@pytest.mark.parametrize("case", BROKEN)
def test_answer_that_is_no_http_once_costs_one_more_request(proxy: Proxy, case: str):
    proxy.on(asking.LIST, BROKEN[case][0])
    running.settles()
    assert proxy.unused == []


@pytest.mark.battery(30)
def test_bomb_takes_no_more_memory_than_the_cap(proxy: Proxy, plan: Path):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(MIB)) for _ in range(256)) + packer.flush()
    proxy.on(asking.LIST, packed(bomb, "gzip"))
    # the system's own figure of the program alone: that of a child includes what its parent held when it forked
    program = "from oidc_provision.cli.main import run; print(run(['plan'])); print(open('/proc/self/status').read())"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".src")}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=plan.parent, env=environment, capture_output=True, text=True, check=True
    )
    most = int(re.findall(r"VmHWM:\s+(\d+) kB", done.stdout)[0]) // 1024
    assert "more than 16 MiB" in done.stderr
    assert most < 150, f"{most} MB for a bomb of 256 MB"
