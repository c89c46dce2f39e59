"""What a refresh brings, as the vendors' pages have it: a new refresh token, the same one, none, one after an interval; and who gets one at all."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.sandbox.serving import APP, issuer
from tests.sandbox.test_provider import SECRET, VERIFIER, Browser

from oidc_provision.provisioners.sandbox.refreshing import RefreshRules, Rotation

GOOGLE = RefreshRules(issue="consent", renewal="never", idle=182 * 86400, access=3599, most=100)
DUENDE = RefreshRules(issue="offline", renewal="same", idle=15 * 86400, maximum=30 * 86400, access=3600)
PINGFEDERATE = RefreshRules(rotation=Rotation(grace=60, ends_family=False), interval=3600, idle=30 * 86400)
CALLBACK = APP.redirect_uris[0]
ASKING = replace(APP, needs_consent=True)


def code_of(browser: Browser, **asked: str) -> str:
    """Go through sign-in and consent, as far as they are asked for, and return the code."""
    page = browser.authorize(**asked)
    for _ in range(2):
        if page.status_code == 200:
            page = browser.typed(page, username="anna", password="pw", accept="Yes")
    return page.headers["location"].partition("code=")[2].partition("&")[0]


def tokens(browser: Browser, **form: str) -> dict[str, object]:
    answer: dict[str, object] = browser.ask("POST", "/token", data={**SECRET, **form}).json()
    return answer


def signed_in(browser: Browser, **asked: str) -> dict[str, object]:
    form = {"code": code_of(browser, **asked), "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    return tokens(browser, grant_type="authorization_code", **form)


def refreshed(browser: Browser, token: object) -> dict[str, object]:
    return tokens(browser, grant_type="refresh_token", refresh_token=str(token))


def test_google_gives_one_with_consent_alone_and_never_another():
    with issuer(GOOGLE, ASKING) as (app, _, _):
        browser = Browser(app)
        first = signed_in(browser, access_type="offline")
        again = signed_in(browser, access_type="offline")
        prompted = signed_in(browser, access_type="offline", prompt="consent")
        assert ["refresh_token" in each for each in (first, again, prompted)] == [True, False, True]
        renewed = refreshed(browser, first["refresh_token"])
        assert "access_token" in renewed and "refresh_token" not in renewed
        assert "access_token" in refreshed(browser, first["refresh_token"])


def test_google_gives_none_where_offline_access_was_not_asked_for():
    with issuer(GOOGLE, ASKING) as (app, _, _):
        assert "refresh_token" not in signed_in(Browser(app))


def test_google_ends_the_oldest_of_too_many():
    with issuer(replace(GOOGLE, most=2), ASKING) as (app, _, clock):
        browser, made = Browser(app), []
        for _ in range(3):
            made.append(signed_in(browser, access_type="offline", prompt="consent")["refresh_token"])
            clock.advance(1)
        assert ["access_token" in refreshed(browser, each) for each in made] == [False, True, True]


def test_duende_gives_the_same_token_again_and_slides_up_to_the_absolute_end():
    with issuer(DUENDE) as (app, _, clock):
        browser = Browser(app)
        token = signed_in(browser)["refresh_token"]
        for _ in range(2):
            clock.advance(14 * 86400)
            assert refreshed(browser, token)["refresh_token"] == token
        clock.advance(3 * 86400)
        assert refreshed(browser, token)["error"] == "invalid_grant"


def test_pingfederate_rolls_after_its_interval_and_the_old_one_is_good_for_the_grace():
    with issuer(PINGFEDERATE) as (app, _, clock):
        browser = Browser(app)
        first = signed_in(browser)["refresh_token"]
        assert refreshed(browser, first)["refresh_token"] == first
        clock.advance(3600)
        second = refreshed(browser, first)["refresh_token"]
        assert second != first


@pytest.mark.parametrize(("later", "works"), [(30, True), (61, False)])
def test_a_grace_begins_with_the_first_use(later: int, works: bool):
    with issuer(replace(PINGFEDERATE, interval=0)) as (app, _, clock):
        browser = Browser(app)
        first = signed_in(browser)["refresh_token"]
        second = refreshed(browser, first)["refresh_token"]
        clock.advance(later)
        assert ("access_token" in refreshed(browser, first)) is works
        assert "access_token" in refreshed(browser, second)
