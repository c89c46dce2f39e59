"""The form driver on pages of many shapes: what it types, where it sends it, and where it stops."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl

import httpx
import pytest
from tests.verify.sites import DONE, LOGIN, NAME, PASSWORD, SECRET, SSO, Site, page, to

from oidc_provision.plans.errors import Failed, ProvisionError
from oidc_provision.provisioners.oidc.pages import decoded, forms_of, the_form


def one_page(body: str, **more: httpx.Response) -> Site:
    """A sign-in of one page, whose form goes to /in."""
    return Site({f"GET {SSO}/auth": page(body), f"POST {SSO}/in": to(DONE), **more})


def test_name_and_password_are_typed_and_the_callback_is_not_asked():
    site = one_page(LOGIN)
    assert site.signed_in() == DONE
    assert site.typed("/in") == [("username", "anna"), ("password", PASSWORD), ("login", "")]
    assert [each.url.host for each in site.seen] == ["sso.example.com"] * 2


def form(*fields: str, action: str = "/in") -> str:
    return f'<form action="{action}" method="post">{"".join(fields)}</form>'


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (form('<input type="hidden" name="csrf" value="a&amp;b">', NAME, SECRET), [("csrf", "a&b")]),
        (form('<input type="checkbox" name="remember">', NAME, SECRET), []),
        (form('<input type="checkbox" name="terms" checked>', NAME, SECRET), [("terms", "on")]),
        (form('<input type="radio" name="r" value="1"><input type="radio" name="r" value="2" checked>', NAME, SECRET),
         [("r", "2")]),
        (form('<input name="captcha-trap" disabled>', NAME, SECRET), []),
        ('<form method="get" action="/search"><input name="q"></form>' + form(NAME, SECRET), []),
        (form('<input name="first">', SECRET, SECRET, action="/register") + form(NAME, SECRET), []),
        (form('<input name="company">', NAME, SECRET), []),
        (f'<FORM ACTION="/in" METHOD="POST">{NAME}{SECRET}</FORM>', []),
        (form(NAME, SECRET, '<button type="button" name="show" value="1">Show password</button>'), []),
    ],
    ids=["hidden", "unchecked", "checked", "radio", "disabled", "search", "register", "other field", "capitals", "eye"],
)  # fmt: skip
def test_login_form_is_found_and_filled_as_a_person_would(body: str, expected: list[tuple[str, str]]):
    site = one_page(body)
    assert site.signed_in() == DONE
    assert site.typed("/in") == [*expected, ("username", "anna"), ("password", PASSWORD)]


def test_name_comes_first_and_the_password_on_the_next_page():
    first = form('<input type="email" name="identifier">', action="/name")
    second = form('<input type="hidden" name="flow" value="7">', SECRET, action="password?flow=7")
    steps = {f"GET {SSO}/auth": page(first), f"POST {SSO}/name": to("/step/2"), f"GET {SSO}/step/2": page(second)}
    site = Site({**steps, f"POST {SSO}/step/password": to(DONE)})
    assert site.signed_in() == DONE
    assert site.typed("/name") == [("identifier", "anna")]
    assert site.typed("/step/password") == [("flow", "7"), ("password", PASSWORD)]


YES_AND_NO = {
    "no first": ('<button name="cancel" value="No">No</button><button name="accept" value="Yes">Yes</button>',
                 [("accept", "Yes")]),
    "one name, two values": ('<button name="consent" value="deny">X</button><button name="consent" value="allow">Y</button>',
                             [("consent", "allow")]),
    "known by their text": ('<button name="a" value="0">Deny</button><button name="a" value="1"><b>Allow</b></button>',
                            [("a", "1")]),
    "no without a name": ('<input type="submit" value="Cancel"><input type="submit" name="allow" value="Authorize">',
                          [("allow", "Authorize")]),
    "yes without a name": ('<button name="deny" value="1">Deny</button><button>Allow</button>', []),
    "words run together": ('<button name="btn_deny">1</button><button name="btn_allow">2</button>', [("btn_allow", "")]),
    "not allow": ('<button name="d" value="0">Do not allow</button><button name="d" value="1">Allow</button>',
                  [("d", "1")]),
    "other language": ('<button name="d" value="ja">Ja, einverstanden</button>', [("d", "ja")]),
}  # fmt: skip


@pytest.mark.parametrize("name", YES_AND_NO)
def test_consent_is_given_by_the_button_that_says_yes(name: str):
    buttons, pressed = YES_AND_NO[name]
    consent = form('<input type="hidden" name="challenge" value="7">', buttons, action="/consent")
    site = one_page(LOGIN, **{f"POST {SSO}/in": page(consent), f"POST {SSO}/consent": to(DONE)})
    assert site.signed_in() == DONE
    assert site.typed("/consent") == [("challenge", "7"), *pressed]


def test_form_that_refuses_or_signs_out_is_passed_over():
    out, deny = (form(f"<button>{words}</button>", action="/wrong") for words in ("Sign out", "Deny"))
    consent = out + deny + form("<button>Allow</button>", action="/consent")
    site = one_page(LOGIN, **{f"POST {SSO}/in": page(consent), f"POST {SSO}/consent": to(DONE)})
    assert (site.signed_in(), site.typed_all("/wrong")) == (DONE, [])


def test_page_that_posts_itself_goes_on_to_the_next_host():
    going = form('<input type="hidden" name="code" value="x">', action="https://other.example.com/back")
    site = one_page(LOGIN, **{f"POST {SSO}/in": page(going), "POST https://other.example.com/back": to(DONE)})
    assert (site.signed_in(), site.typed("/back")) == (DONE, [("code", "x")])


@pytest.mark.parametrize(
    "action", ["in", "/in", "?x=1", "", "//sso.example.com/in", "../in", "/in?a=1&amp;b=2", " /in ", "/in#top"]
)
def test_relative_action_and_its_entities_are_resolved(action: str):
    answers = {f"POST {SSO}/{path}": to(DONE) for path in ("in", "a/in", "a/auth")}
    site = Site({f"GET {SSO}/a/auth": page(form(NAME, SECRET, action=action)), **answers})
    assert site.signed_in(start=f"{SSO}/a/auth?state=s") == DONE
    posted = site.seen[-1].url
    assert posted.host == "sso.example.com"
    if "&amp;" in action:
        assert posted.query == b"a=1&b=2"


@pytest.mark.parametrize(
    ("head", "kind", "encoding"),
    [
        ('<meta charset="iso-8859-1">', "text/html", "iso-8859-1"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=windows-1252">', "text/html", "windows-1252"),
        ('<meta charset="utf-8">', "text/html; charset=iso-8859-1", "iso-8859-1"),
        ("", "text/html", "utf-8"),
        ('<meta charset="no-such-thing">', "text/html", "utf-8"),
        ('<meta charset="base64">', "text/html", "utf-8"),
    ],
)
def test_page_is_read_and_answered_in_its_own_charset(head: str, kind: str, encoding: str):
    body = f'{head}<form action="/in" method="post"><input type="hidden" name="h" value="grün">{NAME}{SECRET}</form>'
    site = one_page("", **{f"GET {SSO}/auth": page(body.encode(encoding), kind)})
    assert site.signed_in(username="jürgen") == DONE
    sent = parse_qsl(site.seen[-1].content.decode(), encoding=encoding)
    assert sent[:2] == [("h", "grün"), ("username", "jürgen")]


def test_character_that_a_charset_lacks_is_sent_as_browsers_do():
    site = one_page("", **{f"GET {SSO}/auth": page(LOGIN, "text/html; charset=iso-8859-1")})
    assert site.signed_in(username="łukasz") == DONE
    assert site.typed("/in")[0] == ("username", "&#322;ukasz")


def test_cookies_go_to_their_own_origin_until_they_are_taken_back():
    gone = ("gone=; Path=/", "old=1; Max-Age=0")
    site = Site(
        {
            f"GET {SSO}/auth": to("/login", "kept=1; Secure; HttpOnly", "gone=1", "old=1"),
            f"GET {SSO}/login": httpx.Response(
                200, text=LOGIN, headers=[("set-cookie", each) for each in gone] + [("content-type", "text/html")]
            ),
            f"POST {SSO}/in": to("http://sso.example.com/plain"),
            "GET http://sso.example.com/plain": to(DONE),
        }
    )
    assert site.signed_in() == DONE
    sent = [each.headers.get("cookie") for each in site.seen]
    assert sent == [None, "kept=1; gone=1; old=1", "kept=1", None]


REFUSED = {
    "password to another host": (form(NAME, SECRET, action="https://evil.example.com/in"), "`evil.example.com`", "--trust-host"),
    "password to a host that ends alike": (form(NAME, SECRET, action="https://evil-sso.example.com/"), "`evil-sso", "--trust-host"),
    "password by a user name that looks alike": (
        form(NAME, SECRET, action="https://sso.example.com@evil.example.com/"), "`evil.example.com`", "--trust-host"),
    "password over plain http": (form(NAME, SECRET, action="http://sso.example.com/in"), "over plain http", "https"),
    "no form": ("<h1>We are sorry</h1>", "a page (200) without a form to fill", "with a browser"),
    "empty page": ("", "an empty answer (200)", "with a browser"),
    "form that only searches": ('<form action="/in"><input name="q"></form>', "without a form to fill", "with a browser"),
    "password by GET": (f'<form action="/in">{NAME}{SECRET}</form>', "without a form to fill", "with a browser"),
    "only a no": (form('<button name="deny">Deny</button>'), "without a form to fill", "with a browser"),
    "new password": (form(SECRET, '<input type="password" name="again">'), "wants a new password", "set one"),
    "script": (form(NAME, SECRET, action="javascript:send()"), "leads away from the web", "with a browser"),
    "unreadable action": (form(NAME, SECRET, action="http://[::1/in"), "unreadable address", "with a browser"),
    "metadata service": (form(NAME, SECRET, action="http://169.254.169.254/latest"), "metadata service", "trusted"),
    "metadata service as a number": (form(NAME, SECRET, action="http://2852039166/"), "metadata service", "trusted"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_page_that_cannot_be_passed_is_named_and_no_password_is_sent(name: str):
    body, words, fix = REFUSED[name]
    site = one_page(body)
    with pytest.raises(Failed) as refused:
        site.signed_in()
    assert words in refused.value.message and fix in refused.value.fix
    assert refused.value.where.startswith("http") and "?" not in refused.value.where
    assert (site.got_password, {each.url.host for each in site.seen}) == ([], {"sso.example.com"})


def test_password_goes_to_a_named_host_over_plain_http_on_loopback_alone():
    start, inner = "http://127.0.0.1:1/auth", form(NAME, SECRET, action="http://127.0.0.1:2/in")
    site = Site({f"GET {start}": page(inner), "POST http://127.0.0.1:2/in": to(DONE)})
    assert site.signed_in("127.0.0.1", start=start) == DONE
    named = Site({f"GET {SSO}/auth": page(form(NAME, SECRET, action="https://login.example.com/in")),
                  "POST https://login.example.com/in": to(DONE)})  # fmt: skip
    assert named.signed_in("sso.example.com", "login.example.com") == DONE
    assert named.got_password == ["login.example.com"]


AFTER_THE_PASSWORD: dict[str, tuple[Callable[[], httpx.Response], str]] = {
    "the form again": (lambda: page(LOGIN), "the user name or the password is not accepted"),
    "a one-time code": (lambda: page(form('<input name="otp">')), "asks for more than a password: `otp`"),
    "a number": (lambda: page(form('<input type="number" name="code">')), "asks for more than a password: `code`"),
    "a new password": (lambda: page(form(SECRET, SECRET)), "the user name or the password is not accepted"),
    "an error page": (lambda: page("<h1>Oh no</h1>", status=500), "a page (500) without a form to fill"),
    "a redirect to nowhere": (lambda: to("", status=303), "does not come to an end"),
    "a file": (lambda: to("file:///etc/passwd"), "leads away from the web, to `file:///etc/passwd`"),
    "a script": (lambda: to("javascript:send()"), "leads away from the web"),
    "a letter": (lambda: to("mailto:anna@example.com"), "leads away from the web"),
    "an app": (lambda: to("coder://callback?code=c"), "leads away from the web"),
    "an unreadable address": (lambda: to("http://[::1"), "leads to an unreadable address"),
    "an impossible port": (lambda: to("https://sso.example.com:99999/"), "leads to an unreadable address"),
    "a cloud": (lambda: to("http://169.254.169.254/latest/meta-data"), "a cloud's metadata service, `169.254.169.254`"),
}


@pytest.mark.parametrize("name", AFTER_THE_PASSWORD)
def test_what_comes_after_the_password_is_told_and_the_password_is_sent_once(name: str):
    answer, words = AFTER_THE_PASSWORD[name]
    site = one_page(LOGIN, **{f"POST {SSO}/in": answer(), f"GET {SSO}/in": to("/in")})
    with pytest.raises(Failed) as refused:
        site.signed_in()
    assert words in refused.value.message
    assert PASSWORD not in refused.value.message + refused.value.where
    assert site.got_password == ["sso.example.com"]
    assert "169.254.169.254" not in {each.url.host for each in site.seen}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_takes_the_password_along(status: int):
    site = one_page(LOGIN, **{f"POST {SSO}/in": to("https://evil.example.com/in", status=status)})
    with pytest.raises(Failed, match="empty answer"):
        site.signed_in()
    assert (site.got_password, site.seen[-1].method) == (["sso.example.com"], "GET")


def test_redirects_in_a_circle_end():
    site = Site({f"GET {SSO}/auth": to("/b"), f"GET {SSO}/b": to("/auth")})
    with pytest.raises(Failed, match="does not come to an end"):
        site.signed_in()
    assert len(site.seen) < 30


def test_password_typed_over_and_over_is_not():
    site = one_page(LOGIN, **{f"POST {SSO}/in": to("/auth")})
    with pytest.raises(ProvisionError, match="not accepted"):
        site.signed_in()
    assert len(site.got_password) == 1


@pytest.mark.parametrize(
    "broken", ["<form", "<form method=post><input", "</form>", "<button>", "<form method=post><button>a", "\x00<form>"]
)
def test_broken_html_is_no_error(broken: str):
    text, _ = decoded(broken.encode(), "text/html")
    assert the_form(forms_of(text)) is None or forms_of(text)[0].fields
