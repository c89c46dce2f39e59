"""Which redirect URIs are ours for a moment: a mistake here would take away somebody else's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_provision.plans.redirects import is_temporary, loopback_redirect, temporary_of

PATH = "/oidc-provision/verify/callback"
FOREIGN = (
    "https://coder.example.com/api/v2/users/oidc/callback",
    f"https://coder.example.com{PATH}",
    f"https://127.0.0.1:4711{PATH}",
    f"http://localhost:4711{PATH}",
    f"http://[::1]:4711{PATH}",
    f"http://127.0.0.1.example.com{PATH}",
    f"http://127.0.0.1:4711/sso{PATH}",
    f"http://127.0.0.1:4711{PATH}/",
    f"http://127.0.0.1:4711{PATH}/more",
    f"http://127.0.0.1:4711{PATH}?next={PATH}",
    f"http://127.0.0.1:4711/other?next={PATH}",
    f"http://127.0.0.1:4711/*#{PATH}",
    f"http://[127.0.0.1{PATH}",
    PATH,
    "",
)


@given(st.integers(1, 65_535))
def test_a_later_run_knows_it_whatever_its_port_was(port: int):
    uri = loopback_redirect(port)
    assert uri == f"http://127.0.0.1:{port}{PATH}"
    assert is_temporary(uri)


@pytest.mark.parametrize("uri", FOREIGN)
def test_what_only_resembles_it_is_somebody_elses(uri: str):
    assert not is_temporary(uri)


def test_only_ours_are_picked_out():
    ours = {loopback_redirect(1), loopback_redirect(2)}
    assert temporary_of([*FOREIGN, *ours]) == ours
    assert temporary_of(FOREIGN) == frozenset()
