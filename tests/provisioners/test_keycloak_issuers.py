"""One server's issuers in one run: what one realm's document says tells the others' too."""

from __future__ import annotations

import asyncio

import pytest

from oidc_provision.plans.errors import RemoteFailure
from oidc_provision.provisioners.keycloak.issuers import Issuers
from oidc_provision.provisioners.oidc.discovery import PATH as DISCOVERY

URL = "https://admin.example.com/auth"


class Documents:
    """Answers with the server's public name, and counts."""

    def __init__(self, public: str = "https://sso.example.com/auth", broken: int = 0) -> None:
        self.asked: list[str] = []
        self._public = public
        self._broken = broken

    async def fetch(self, address: str) -> object:
        self.asked.append(address)
        await asyncio.sleep(0)
        if len(self.asked) <= self._broken:
            raise RemoteFailure("the server does not answer", where=address)
        realm = address.removeprefix(URL).removesuffix(DISCOVERY)
        return {"issuer": f"{self._public}{realm}" if self._public else "https://one.example.com"}


def deduced(documents: Documents, *realms: str) -> list[object]:
    async def whole() -> list[object]:
        issuers = Issuers(URL, documents.fetch)
        asked = (issuers.deduced(f"/realms/{realm}") for realm in realms)
        return await asyncio.gather(*asked, return_exceptions=True)

    return asyncio.run(whole())


def test_one_document_tells_all_issuers_of_a_server():
    documents = Documents()
    found = deduced(documents, "a", "b%20c", "d")
    assert found == [f"https://sso.example.com/auth/realms/{name}" for name in ("a", "b%20c", "d")]
    assert documents.asked == [f"{URL}/realms/a{DISCOVERY}"]


def test_where_an_issuer_does_not_end_with_its_realm_each_is_asked():
    documents = Documents(public="")
    assert deduced(documents, "a", "b") == ["https://one.example.com"] * 2
    assert len(documents.asked) == 2


def test_a_document_that_does_not_come_is_asked_for_again_by_the_next_realm():
    documents = Documents(broken=1)
    first, second, third = deduced(documents, "a", "b", "c")
    assert isinstance(first, RemoteFailure)
    assert [second, third] == [f"https://sso.example.com/auth/realms/{name}" for name in ("b", "c")]
    assert len(documents.asked) == 2


@pytest.mark.parametrize("document", [{}, {"issuer": 7}, [], None, "text"])
def test_a_document_without_an_issuer_is_an_error_with_its_address(document: object):
    async def fetch(_address: str) -> object:
        return document

    with pytest.raises(RemoteFailure, match="states no issuer") as raised:
        asyncio.run(Issuers(URL, fetch).stated("/realms/a"))
    assert raised.value.where == f"{URL}/realms/a{DISCOVERY}"
