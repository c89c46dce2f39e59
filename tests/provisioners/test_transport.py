"""The transport against real servers on loopback, each with one fault."""

from __future__ import annotations

import asyncio
import resource
import traceback
from dataclasses import replace
from pathlib import Path

import pytest

from oidc_provision.plans.errors import ProvisionError, RemoteFailure, UsageError
from oidc_provision.plans.redaction import Redactor
from oidc_provision.provisioners.clock import SystemClock
from oidc_provision.provisioners.traffic import Traffic
from oidc_provision.provisioners.transport import ACCEPT_REDIRECT, Limits, TransportSettings, fetch_json, open_client

from ..servers import FakeClock, always, answer, free_port, gzip_bomb, in_turn, serving

OK = answer(200, {"ok": True})
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def settings(**changes) -> TransportSettings:
    limits = Limits(request=5.0, attempts=3)
    standard = {"limits": limits, "clock": FakeClock(), "random": lambda: 0.5, "proxies": {}, "traffic": Traffic()}
    return TransportSettings(**(standard | changes))


def ask(behaviour, *, method="GET", path="/x", chosen=None, **request):
    """Send one request to a server of this behaviour; return what came, or the error, and the server."""
    chosen = chosen or settings()

    async def run():
        async with serving(behaviour) as server, open_client(chosen) as client:
            try:
                return await client.request(method, server.url + path, **request), server
            except ProvisionError as error:
                return error, server

    return asyncio.run(run())


def then_cut(data):
    """Write this and close the connection."""

    async def behave(_seen, write):
        await write(data)
        return False

    return behave


def test_answer_arrives_whole_and_parsed():
    response, server = ask(always(OK))
    assert response.json() == {"ok": True}
    assert server.seen[0].headers["accept"] == "application/json"


@pytest.mark.battery(28, 35)
@pytest.mark.parametrize("status", [429, 502, 503, 504])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_harmless_request_is_sent_again(method, status):
    response, server = ask(in_turn(answer(status), OK), method=method)
    assert (response.status_code, len(server.seen)) == (200, 2)


@pytest.mark.battery(28, 35, 36)
@pytest.mark.parametrize(
    "fault", [answer(502), answer(503), answer(504), b"", HEAD[:30], HEAD + b"Content-Length: 9\r\n\r\n{"]
)
def test_create_whose_answer_is_lost_is_not_sent_again(fault):
    error, server = ask(then_cut(fault), method="POST", json={})
    assert (len(server.seen), error.arrived, error.ambiguous) == (1, True, True)


@pytest.mark.battery(34)
def test_create_refused_by_429_is_sent_again():
    response, server = ask(in_turn(answer(429), OK), method="POST", json={"name": "a"})
    assert [seen.body for seen in server.seen] == [b'{"name":"a"}'] * 2
    assert response.status_code == 200


@pytest.mark.battery(28)
def test_create_that_was_never_sent_says_so():
    async def run():
        async with open_client(settings()) as client:
            await client.post(f"http://127.0.0.1:{await free_port()}/x", json={})

    with pytest.raises(RemoteFailure, match="refused the connection, 3 times") as caught:
        asyncio.run(run())
    assert (caught.value.arrived, caught.value.ambiguous) == (False, False)


def test_post_that_the_vendor_calls_repeatable_is_sent_again():
    chosen = settings(repeatable=lambda method, path: path.endswith("/token"))
    response, server = ask(in_turn(b"", OK), method="POST", path="/a/token?x=1", chosen=chosen)
    assert (response.status_code, len(server.seen)) == (200, 2)


@pytest.mark.battery(35)
@pytest.mark.parametrize(("method", "sent"), [("GET", 3), ("PUT", 1), ("POST", 1), ("DELETE", 1)])
def test_server_error_is_tried_again_for_reads_only_and_then_handed_on(method, sent):
    response, server = ask(always(answer(500, {"error": "unknown_error"})), method=method)
    assert (response.status_code, len(server.seen)) == (500, sent)


@pytest.mark.battery(34)
def test_retry_after_is_honoured():
    chosen = settings()
    ask(in_turn(answer(429, Retry_After="7"), OK), chosen=chosen)
    assert 7 <= chosen.clock.monotonic() < 8


@pytest.mark.battery(34)
def test_retry_after_a_date_counts_from_the_servers_own_clock():
    date, later = "Thu, 01 Jan 1970 00:00:10 GMT", "Thu, 01 Jan 1970 00:00:15 GMT"
    chosen = settings()
    ask(in_turn(answer(503, Date=date, Retry_After=later), OK), chosen=chosen)
    assert 5 <= chosen.clock.monotonic() < 6


@pytest.mark.battery(34)
def test_retry_after_a_day_ends_at_once_and_names_both_figures():
    error, server = ask(always(answer(429, Retry_After="86400")))
    assert "asks to wait 86400 s, this run has 120 s" in str(error)
    assert (len(server.seen), error.status, error.arrived) == (1, 429, False)


@pytest.mark.battery(34)
def test_waiting_budget_is_shared_by_all_requests_of_a_run():
    chosen = settings(limits=Limits(attempts=100, waiting=10.0))
    error, server = ask(always(answer(503, Retry_After="4")), chosen=chosen)
    again, _ = ask(always(answer(503, Retry_After="4")), chosen=replace(chosen, repeatable=lambda *_: False))
    assert (len(server.seen), error.status, again.status) == (3, 503, 503)
    assert "of waiting left" in str(again)


@pytest.mark.battery(29)
def test_run_deadline_stops_before_the_next_request():
    chosen = settings(limits=Limits(run=5.0))
    asyncio.run(chosen.clock.sleep(6))
    error, server = ask(always(OK), chosen=chosen)
    assert "the run's deadline of 5 s is over" in str(error)
    assert server.seen == []


@pytest.mark.battery(29)
@pytest.mark.parametrize(
    "behaviour",
    [
        always(b"", pause=30),
        always(b"H", *[b"T"] * 500, pause=0.02),
        always(HEAD + b"\r\n", *[b" "] * 500, pause=0.02),
        always(*[b"HTTP/1.1 100 Continue\r\n\r\n"] * 500, pause=0.02),
    ],
    ids=["silent", "dripping headers", "dripping body", "endless 100"],
)
def test_deadline_covers_the_whole_answer(behaviour):
    error, _ = ask(behaviour, chosen=settings(limits=Limits(request=0.2, attempts=1)))
    assert "gave no complete answer within 0.2 s" in str(error)


CAPPED = {
    "more than 1 MiB": [
        gzip_bomb(50 * 2**20),
        answer(200, bytes(2**20 + 1)),
        HEAD + b"Content-Length: 99999999999\r\n\r\n",
        HEAD + b"\r\n" + bytes(3 * 2**20),
    ],
    "broke the HTTP protocol": [
        b"HTTP/1.1 200 OK\r\n" + b"X-A: " + b"a" * 200_000 + b"\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"garbage\r\n\r\n",
    ],
    "was not asked for": [answer(200, b"x", Content_Encoding="br")],
    "compression is broken": [answer(200, b"not gzip", Content_Encoding="gzip")],
    "ends in the middle": [answer(200, b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", Content_Encoding="gzip")],
    "broken JSON": [answer(200, b'{"a":1,"a":2}'), answer(200, b'{"a": NaN}'), answer(200, b'{"a":')],
    "text/html where JSON": [answer(200, b"<html>sign in</html>", "text/html; charset=utf-8")],
    "nothing where JSON": [answer(200, b"")],
}


@pytest.mark.battery(30, 37)
@pytest.mark.parametrize(("words", "data"), [(words, data) for words, all_ in CAPPED.items() for data in all_])
def test_useless_answer_is_a_clean_error(words, data):
    error, server = ask(then_cut(data), chosen=settings(limits=Limits(attempts=1, body=2**20)))
    assert words in str(error)
    assert str(error).startswith(f"`127.0.0.1:{server.port}` ")


@pytest.mark.battery(31)
@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("http://169.254.169.254/latest", "`http://169.254.169.254`"),
        ("//evil.example/x", "`evil.example`"),
        ("file:///etc/passwd", "another path of itself"),
        ("/elsewhere", "another path of itself"),
        ("https://a b/", "an unreadable"),
        ("", "nowhere"),
    ],
)
def test_redirect_is_an_error_that_names_the_host(location, shown):
    error, server = ask(always(answer(302, None, Location=location)))
    assert f"redirects to {shown}" in str(error)
    assert len(server.seen) == 1


def test_redirect_that_was_asked_for_is_the_answer():
    response, _ = ask(always(answer(302, None, Location="/x?error=login_required")), extensions={**ACCEPT_REDIRECT})
    assert response.headers["location"] == "/x?error=login_required"


def test_page_that_was_asked_for_may_be_html():
    response, _ = ask(always(answer(200, b"<html>", "text/html")), headers={"Accept": "text/html"})
    assert response.text == "<html>"


def test_secret_in_an_address_is_in_no_message():
    chosen = settings(redactor=Redactor(["s3cr3t-value/1"]))
    error, _ = ask(always(answer(502)), path="/s3cr3t-value%2f1?token=s3cr3t-value", chosen=chosen)
    assert "s3cr3t" not in error.message + error.where
    assert "(redacted)" in error.where


def test_traffic_is_counted_by_shape_and_traced_without_values():
    lines = []
    chosen = settings(traffic=Traffic(lambda exchange: lines.append(str(exchange))))
    ask(in_turn(answer(503), OK), path="/clients/12/x?clientId=coder&max=5", chosen=chosen)
    assert chosen.traffic.counts == {"GET /clients/{id}/x?clientId,max": 2}
    assert (chosen.traffic.retries, chosen.traffic.waited) == (1, 0.25)
    assert "?clientId,max -> 503 in 0 ms" in lines[0]
    assert "coder" not in "".join(lines)
    assert lines[1].endswith("(attempt 2)")


def test_concurrency_is_bounded():
    async def run():
        chosen = settings(limits=Limits(concurrency=3))
        async with serving(always(b"", OK, pause=0.01)) as server, open_client(chosen) as client:
            await asyncio.gather(*(client.get(server.url) for _ in range(12)))
            return server.most_open, len(server.seen)

    assert asyncio.run(run()) == (3, 12)


def test_place_is_given_back_while_waiting():
    chosen = settings(limits=Limits(concurrency=1, attempts=2))

    async def run():
        other_is_done = asyncio.Event()
        chosen.clock.sleep = lambda _seconds: asyncio.wait_for(other_is_done.wait(), 5)
        async with serving(in_turn(answer(503), OK)) as server, open_client(chosen) as client:
            waiting = asyncio.create_task(client.get(server.url))
            await asyncio.sleep(0.05)
            statuses = [(await client.get(server.url)).status_code]
            other_is_done.set()
            return [*statuses, (await waiting).status_code]

    assert asyncio.run(run()) == [200, 200]


@pytest.mark.battery(28)
def test_idle_connection_that_was_closed_costs_a_read_one_more_try():
    async def run():
        async with serving(in_turn(OK, b"", OK)) as server, open_client(settings()) as client:
            return [(await client.get(server.url)).status_code for _ in range(2)], server.connections

    assert asyncio.run(run()) == ([200, 200], 2)


def test_cancelling_leaves_no_place_taken():
    chosen = settings()

    async def run():
        async with serving(always(b"", pause=30)) as server, open_client(chosen) as client:
            task = asyncio.create_task(client.get(server.url))
            await asyncio.sleep(0.1)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        return chosen.run.gate._value

    assert asyncio.run(run()) == chosen.limits.concurrency


@pytest.mark.parametrize(
    "behaviour", [always(b"", pause=30), in_turn(answer(503, Retry_After="60"))], ids=["silent", "waiting"]
)
def test_request_that_nobody_waits_for_ends_with_its_client(behaviour):
    async def run():
        arrived = asyncio.Event()

        async def noting(seen, write):
            arrived.set()
            return await behaviour(seen, write)

        async with serving(noting) as server:
            async with open_client(settings(clock=SystemClock())) as client:
                left = asyncio.create_task(client.get(server.url))
                await arrived.wait()
            return left.cancelled(), len(server.seen)

    assert asyncio.run(run()) == (True, 1)


def test_fetch_json_returns_the_document_and_refuses_other_statuses():
    async def run(data):
        async with serving(always(data)) as server, open_client(settings()) as client:
            return await fetch_json(client, server.url)

    assert asyncio.run(run(answer(200, {"issuer": "x"}))) == {"issuer": "x"}
    with pytest.raises(RemoteFailure, match="answered 404"):
        asyncio.run(run(answer(404, {"error": "x"})))


@pytest.mark.battery(31)
@pytest.mark.parametrize("url", ["http://[::1", "file:///etc/passwd", "no-scheme/x"])
def test_address_that_cannot_be_asked_is_refused(url):
    async def run():
        async with open_client(settings()) as client:
            await fetch_json(client, url)

    with pytest.raises((RemoteFailure, UsageError), match=r"was not asked|cannot|can be asked"):
        asyncio.run(run())


@pytest.mark.battery(28)
def test_unknown_host_is_named_with_its_cause():
    async def run():
        async with open_client(settings()) as client:
            await client.get("http://nobody.invalid/x")

    with pytest.raises(RemoteFailure, match=r"`nobody.invalid` is not known to DNS"):
        asyncio.run(run())


def test_plain_http_costs_no_certificate_store():
    chosen = settings()
    ask(always(OK), chosen=chosen)
    assert "context" not in vars(chosen.run.trust)


@pytest.mark.battery(32)
def test_proxy_of_the_settings_is_asked_and_its_page_is_no_answer():
    async def run():
        async with (
            serving(always(answer(407, b"<html>", "text/html"))) as proxy,
            open_client(settings(proxies={"http": proxy.url})) as client,
        ):
            await client.get("http://sso.invalid/x")

    with pytest.raises(RemoteFailure, match=r"`sso.invalid` is behind a proxy that wants a sign-in") as caught:
        asyncio.run(run())
    assert caught.value.arrived is False


@pytest.mark.battery(32)
def test_tunnel_that_the_proxy_refuses_was_provably_not_sent():
    async def run():
        async with serving(always(answer(407))) as proxy, open_client(settings(proxies={"https": proxy.url})) as client:
            await client.post("https://sso.invalid/x")

    with pytest.raises(RemoteFailure, match="is behind a proxy that refused: 407") as caught:
        asyncio.run(run())
    assert (caught.value.arrived, caught.value.ambiguous) == (False, False)


def test_secret_in_a_broken_header_is_in_no_traceback():
    secret = "".join(["can", "ary"])

    async def run():
        async with open_client(settings()) as client:
            await client.get(f"http://127.0.0.1:{await free_port()}/x", headers={"X-Key": f"{secret}\nx"})

    with pytest.raises(RemoteFailure) as caught:
        asyncio.run(run())
    assert secret not in "".join(traceback.format_exception(caught.value))


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.battery(58)
def test_few_file_descriptors_are_enough_for_many_requests():
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)

    async def run():
        async with serving(always(OK)) as server, open_client(settings(limits=Limits(concurrency=2))) as client:
            await client.get(server.url)
            resource.setrlimit(resource.RLIMIT_NOFILE, (open_files() + 2, limits[1]))
            return await asyncio.gather(*(client.get(server.url) for _ in range(40)))

    try:
        assert [response.status_code for response in asyncio.run(run())] == [200] * 40
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_ipv6_only_server_is_reached():
    async def run():
        try:
            async with serving(always(OK), host="::1") as server, open_client(settings()) as client:
                return (await client.get(f"http://[::1]:{server.port}")).json()
        except OSError:
            pytest.skip("this machine has no IPv6 loopback")

    assert asyncio.run(run()) == {"ok": True}
