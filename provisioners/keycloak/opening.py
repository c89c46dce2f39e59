"""From a plan's Keycloak settings to a provisioner: sign-in resolved, python-keycloak on our transport."""

from __future__ import annotations

from collections.abc import Mapping

from ...plans.errors import RemoteFailure
from ...plans.load import Deployment
from ..base import Surroundings
from .admin import AdminApi
from .connection import AdminSignIn, open_admin
from .provisioner import KeycloakProvisioner
from .rights import Account
from .settings import KeycloakSettings
from .wants import keycloak

DISCOVERY = "/.well-known/openid-configuration"


async def open_realm(deployment: Deployment, surroundings: Surroundings) -> KeycloakProvisioner:
    """Return the provisioner of the deployment's realm; resolves the admin secret, sends nothing."""
    settings = keycloak(deployment.plan)
    sign_in = await _sign_in(settings, surroundings, deployment.document.file)
    admin = open_admin(sign_in, surroundings.http, surroundings.clock, surroundings.redactor)
    account = Account(
        name=sign_in.username or sign_in.client_id,
        service=not sign_in.username,
        realm=sign_in.realm,
        managed=settings.realm,
    )

    async def discovery() -> str:
        return await _issuer(settings, surroundings)

    return KeycloakProvisioner(AdminApi(admin, settings.realm), discovery, account)


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
