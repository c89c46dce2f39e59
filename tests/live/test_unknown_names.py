"""Names that the realm does not know: an error at plan time, with what was probably meant, and nothing written."""

from __future__ import annotations

import pytest

from .running import applied, edit, here, refused

pytestmark = pytest.mark.live
VERBS = {
    "plan": ("plan", "-vv"),
    "detailed": ("plan", "-vv", "--detailed-exitcode"),
    "apply": ("apply", "-vv", "--auto-approve"),
}
SCOPES = ["openid", "profile", "email"]
UNKNOWN = {
    "a letter missing": ({"client__scopes": [*SCOPES, "offline_acess"]}, "did you mean `offline_access`?"),
    "a letter missing, fixed kind": (
        {"client__scopes": [*SCOPES, {"name": "offline_acess", "kind": "default"}]},
        "did you mean `offline_access`?",
    ),
    "upper case": ({"client__scopes": ["openid", "Profile", "email"]}, "did you mean `profile`?"),
    "not there at all": ({"client__scopes": [*SCOPES, "zebra"]}, "`zebra` does not exist"),
    "a SAML scope": ({"client__scopes": [*SCOPES, "role_list"]}, "`role_list` does not exist"),
    "a role": ({"shared": {"default_roles": ["offline_acess"]}}, "did you mean `offline_access`?"),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("case", UNKNOWN)
def test_unknown_name_is_refused_with_what_was_meant(realm, quiet_plan, case, verb):
    applied()
    before = (realm.client("coder"), realm.read(), realm.default_roles())
    changes, words = UNKNOWN[case]
    edit(quiet_plan, **changes, access_tokens__lifetime="45m")
    assert words in refused(here(*VERBS[verb]))
    assert (realm.client("coder"), realm.read(), realm.default_roles()) == before


@pytest.mark.parametrize("verb", VERBS)
def test_unknown_scope_keeps_a_new_client_from_being_made(realm, quiet_plan, verb):
    edit(quiet_plan, client__scopes=[*SCOPES, "offline_acess"])
    assert "did you mean `offline_access`?" in refused(here(*VERBS[verb]))
    assert realm.client("coder") == {}


def test_client_of_another_protocol_is_left_alone(realm, quiet_plan):
    realm.make_client("coder", protocol="saml")
    before = realm.client("coder")
    assert "protocol `saml`" in refused(here("apply", "-vv", "--auto-approve"))
    assert realm.client("coder") == before


INVALID = {
    "shared null": {"shared": {"revoke_refresh_token": None}},
    "shared list null": {"shared": {"default_roles": None}},
    "number that the server cannot hold": {"shared": {"refresh_token_max_reuse": 2**31}},
    "name that the server cannot hold": {"client__name": "x" * 256},
    "id that the server cannot hold": {"client__id": "x" * 256},
}


@pytest.mark.parametrize("case", INVALID)
def test_what_the_server_could_not_hold_is_an_error_of_the_plan(realm, quiet_plan, case):
    edit(quiet_plan, **INVALID[case])
    ran = here("apply", "--auto-approve", "-vv")
    assert (ran.code, "oidc-provision.yaml:" in ran.err, "trace:" in ran.err) == (64, True, False), ran.all
