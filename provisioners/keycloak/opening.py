"""From a plan's Keycloak settings to a provisioner: sign-in resolved, python-keycloak on our transport."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ...plans.errors import RemoteFailure
from ...plans.load import Deployment
from ..base import Surroundings
from .admin import AdminApi
from .connection import AdminSignIn, open_admin
from .provisioner import KeycloakProvisioner
from .rights import Account
from .settings import KeycloakSettings
from .signing_in import SignedIn
from .wants import keycloak

DISCOVERY = "/.well-known/openid-configuration"


async def open_realm(deployment: Deployment, surroundings: Surroundings) -> KeycloakProvisioner:
    """Return the provisioner of the deployment's realm; resolves the admin secret, sends nothing."""
    settings = keycloak(deployment.plan)
    sign_in = await _sign_in(settings, surroundings, deployment.document.file)
    shared = _shared(sign_in, surroundings)
    admin = open_admin(sign_in, surroundings.http, surroundings.clock, surroundings.redactor, shared)
    account = Account(
        name=sign_in.username or sign_in.client_id,
        service=not sign_in.username,
        realm=sign_in.realm,
        managed=settings.realm,
    )

    async def discovery() -> str:
        return await _issuer(settings, surroundings)

    return KeycloakProvisioner(AdminApi(admin, settings.realm), discovery, account, surroundings.is_crowded)


def _shared(sign_in: AdminSignIn, surroundings: Surroundings) -> SignedIn:
    """The sign-in of all realms that one account of one server manages."""
    own = SignedIn(sign_in, surroundings.http, surroundings.clock, surroundings.redactor)
    first: SignedIn = surroundings.kept.setdefault(
        (sign_in.root, sign_in.realm, sign_in.client_id, sign_in.username), own
    )
    # another secret for the same account: one of the two is wrong, and that must show where it is stated
    return first if replace(first.sign_in, managed=sign_in.managed) == sign_in else own


async def _sign_in(settings: KeycloakSettings, surroundings: Surroundings, near: str) -> AdminSignIn:
    admin = settings.admin
    secret = None if admin.client_secret is None else await surroundings.resolve(admin.client_secret, near)
    password = None if admin.password is None else await surroundings.resolve(admin.password, near)
    return AdminSignIn(
        url=admin.url or settings.url,
        managed=settings.realm,
        realm=admin.realm or settings.realm,
        # the client that every realm has for people who sign in with a password
        client_id=admin.client_id or "admin-cli",
        client_secret=secret,
        username=admin.username or "",
        password=password,
    )


async def _issuer(settings: KeycloakSettings, surroundings: Surroundings) -> str:
    """The discovery document's issuer, to the letter: Coder compares it so."""
    address = settings.issuer() + DISCOVERY
    document = await surroundings.fetch_json(address)
    issuer = document.get("issuer") if isinstance(document, Mapping) else None
    if not isinstance(issuer, str):
        raise RemoteFailure(
            "the discovery document states no issuer", where=address, fix="check `identity_provider.url` and `realm`"
        )
    return issuer
