"""python-keycloak's async client on our transport: one token for all callers, safe paths, errors in plain words.

python-keycloak 7.1.1 is imported inside the functions, because that costs 110 ms. Its own HTTP clients are never used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ...plans.errors import ProvisionError, RemoteFailure, UsageError
from ...plans.redaction import Redactor
from .refusals import NOT_KEYCLOAK, refusal

if TYPE_CHECKING:
    from httpx import AsyncClient
    from keycloak import KeycloakAdmin

    from ...plans.sealed import Sealed
    from ..clock import Clock
    from .signing_in import SignedIn

_HTTP_ERRORS = 400
_REALMS = "admin/realms/"


@dataclass(frozen=True, slots=True)
class AdminSignIn:
    """Who signs in where: `url` with its path (`/auth`), `realm` of the sign-in, `managed` the realm to look at."""

    url: str
    managed: str
    realm: str
    client_id: str = "admin-cli"
    client_secret: Sealed | None = None
    username: str = ""
    password: Sealed | None = None

    @property
    def root(self) -> str:
        """The server's address, with the slash that paths follow."""
        return self.url.rstrip("/") + "/"


def is_token_request(method: str, path: str) -> bool:
    """Tell the transport what may be POSTed twice: asking for a token changes nothing that we manage."""
    return method == "POST" and path.endswith("/protocol/openid-connect/token")


def name_path(path: str) -> str:
    """Return the path with `{realm}` and `{id}`, as requests are counted."""
    from ..traffic import nameless  # noqa: PLC0415  # with the transport, and only then

    segments = nameless(path).split("/")
    for before, place in (("realms", "{realm}"), ("roles", "{role}")):
        segments = [place if i and segments[i - 1] == before else each for i, each in enumerate(segments)]
    return "/".join(segments)


def open_admin(
    sign_in: AdminSignIn,
    client: AsyncClient,
    clock: Clock,
    redactor: Redactor | None = None,
    signed_in: SignedIn | None = None,
) -> KeycloakAdmin:
    """Return python-keycloak's client on `client`, which stays the caller's to close. Sends nothing yet.

    With `signed_in` it shares that sign-in, else it has one of its own.
    """
    try:
        from .signing_in import SignedIn  # noqa: PLC0415  # which imports this module
        from .single_flight import open_connection  # noqa: PLC0415  # imports python-keycloak
    except ModuleNotFoundError as error:
        fix = "pip install 'oidc-provision[keycloak]'"
        raise UsageError(f"an identity provider of type `keycloak` needs `{error.name}`", fix=fix) from None
    from keycloak import KeycloakAdmin  # noqa: PLC0415  # as above

    own = signed_in or SignedIn(sign_in, client, clock, redactor or Redactor())
    connection = open_connection(sign_in, client, clock, own)
    return KeycloakAdmin(connection=connection)


async def ensure_token(admin: KeycloakAdmin) -> str:
    """Sign in where there is no valid token yet; return the access token."""
    token: str = await admin.connection.access_token()  # type: ignore[attr-defined]  # ours, see open_admin
    return token


async def list_clients_page(admin: KeycloakAdmin, **query: str | int) -> list[dict[str, Any]]:
    """Return one page of full clients: `first`, `max`, or `clientId`. python-keycloak's own listing has no pages."""
    realm = admin.connection.realm_name
    response = await admin.connection.a_raw_get(f"{_REALMS}{realm}/clients", **query)
    page = response.json() if response.is_success else None
    if not response.is_success:
        raise refusal(response.status_code, response.content, f"listing the clients of realm `{realm}`")
    if not isinstance(page, list) or not all(isinstance(each, dict) for each in page):
        raise RemoteFailure(
            "the listing of clients is no list of objects", where=f"realm/{realm}", fix=NOT_KEYCLOAK, status=200
        )
    return page


def safe_path(path: str, realm: str) -> str:
    """Return a raw path of the admin API percent-encoded once, the realm as one segment; raise `UsageError` on `..`."""
    # python-keycloak puts names into paths as they are: with a slash in it a name would be another path
    if path == _REALMS + realm or path.startswith(f"{_REALMS}{realm}/"):
        tail = path[len(_REALMS) + len(realm) :]
        return _REALMS + encoded(realm) + "/".join(encoded(each) if each else "" for each in tail.split("/"))
    return "/".join(encoded(each) if each else "" for each in path.split("/"))


def encoded(segment: str) -> str:
    """Return one path segment, percent-encoded; raise `UsageError` where it would be another path all the same."""
    if segment in ("", ".", ".."):
        raise UsageError(f"`{segment}` cannot be the name of a realm, a role or a client")
    return quote(segment, safe="", errors="surrogatepass")


def explain(error: BaseException, what: str) -> ProvisionError:
    """Return the error to show for anything that python-keycloak or our transport raised while doing `what`."""
    if isinstance(error, ProvisionError):
        return error
    if isinstance(error.__cause__, ProvisionError):
        # python-keycloak says "Can't connect to server" for every error below it
        return error.__cause__
    status = getattr(error, "response_code", None)
    body = getattr(error, "response_body", None)
    if isinstance(status, int) and status >= _HTTP_ERRORS:
        return refusal(status, body if isinstance(body, bytes) else b"", what)
    return RemoteFailure(
        f"{what} failed: the answer is not what Keycloak sends ({type(error).__name__})", fix=NOT_KEYCLOAK
    )
