"""What an address is refused with, and its two spellings: as written and as compared."""

from __future__ import annotations

import pytest

from oidc_provision.plans.checks import Invalid
from oidc_provision.plans.urls import canonical, is_loopback, origin, read_url

FORM = "write it like `https://host.example.com`"
FOREIGN = "write a foreign host name in its `xn--` form, a path percent-encoded"

REFUSED = {
    "https://a b": ("holds a space or a character that is not ASCII", FOREIGN),
    "https://b\u00fccher.example": ("holds a space or a character that is not ASCII", FOREIGN),
    "https://a\\b": ("holds a backslash", FORM),
    "https://me@a": ("holds a user name or an `@`", FORM),
    "https://*.a": ("holds a wildcard", FORM),
    "https://a#b": ("holds a fragment", FORM),
    "https://a?": ("holds a query", FORM),
    "https://[::1": ("has no valid host and port", FORM),
    "https://a:65536": ("has no valid host and port", FORM),
    "ftp://a": ("is no http or https URL", FORM),
    "https://": ("is no http or https URL", FORM),
    "https://:443": ("is no http or https URL", FORM),
    "https://a:0": ("has no port between 1 and 65535", FORM),
    "https://a:": ("has no port between 1 and 65535", FORM),
    "https://a.example.": ("has a host name that ends with a dot, which providers do not match", "leave the dot out"),
    "https://a..b": ("has no valid host name", FORM),
    "https://-a": ("has no valid host name", FORM),
    "https://a/b/../c": ("has a path with an empty, `.` or `..` part", ""),
    "https://a/.": ("has a path with an empty, `.` or `..` part", ""),
    "https://a//b": ("has a path with an empty, `.` or `..` part", ""),
}


@pytest.mark.parametrize("url", REFUSED)
def test_an_address_is_refused_for_its_own_reason_and_with_what_helps(url: str):
    with pytest.raises(Invalid) as caught:
        read_url(url)
    assert (caught.value.message, caught.value.fix) == REFUSED[url]


@pytest.mark.parametrize(
    "url",
    [
        "https://a:65535",
        "http://a:1",
        "https://[::1]:8443/auth",
        "https://a/.well-known",
        "https://a/b../c",
        "https://a_b.example/~x",
        f"https://{'a' * 63}.example",
    ],
)
def test_an_unusual_address_is_taken_as_it_is(url: str):
    assert read_url(url) == url


@pytest.mark.parametrize("url", ["https://a/X", "https://a:1/X", "https://a", "https://[::1]"])
def test_only_the_last_slash_is_taken_off(url: str):
    assert read_url(url) == read_url(f"{url}/") == url


SPELLINGS = {
    "https://a.example": ("https://a.example", "https://a.example"),
    "https://a.example/auth/x": ("https://a.example", "https://a.example/auth/x"),
    "HTTPS://A.Example:443/Auth": ("https://a.example", "https://a.example/Auth"),
    "http://a.example:80/": ("http://a.example", "http://a.example"),
    "http://a.example:443": ("http://a.example:443", "http://a.example:443"),
    "https://a.example:8443/auth/": ("https://a.example:8443", "https://a.example:8443/auth"),
    "https://[::1]:443/x": ("https://[::1]", "https://[::1]/x"),
    "https://[::1]:1": ("https://[::1]:1", "https://[::1]:1"),
}


@pytest.mark.parametrize("url", SPELLINGS)
def test_two_spellings_of_one_server_are_one(url: str):
    assert (origin(url), canonical(url)) == SPELLINGS[url]


@pytest.mark.parametrize("url", ["http://localhost", "http://a.localhost:1/x", "http://127.0.0.9", "http://[::1]:1"])
def test_what_stays_on_this_machine_is_loopback(url: str):
    assert is_loopback(url)


@pytest.mark.parametrize(
    "url", ["http://notlocalhost", "http://localhost.example", "http://128.0.0.1", "http://[::1", "localhost", ""]
)
def test_what_is_elsewhere_or_no_address_is_not_loopback(url: str):
    assert not is_loopback(url)
