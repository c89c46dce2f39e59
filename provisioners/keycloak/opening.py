"""From a plan's Keycloak settings to a provisioner: sign-in resolved, python-keycloak on our transport."""

from __future__ import annotations

from dataclasses import replace

from ...plans.load import Deployment
from ...plans.resources import Fields
from ..base import Surroundings
from .admin import AdminApi
from .connection import AdminSignIn, open_admin
from .fields import FRONTEND
from .issuers import Issuers
from .provisioner import KeycloakProvisioner
from .rights import Account
from .settings import KeycloakSettings
from .signing_in import SignedIn
from .wants import keycloak


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

    async def discovery(seen: Fields | None) -> str:
        issuers: Issuers = surroundings.kept.setdefault(
            ("issuers", settings.url), Issuers(settings.url, surroundings.fetch_json)
        )
        path = settings.issuer().removeprefix(settings.url)
        # a realm that cannot be read shows no front-end address either
        alike = seen is not None and FRONTEND in seen and not seen[FRONTEND]
        return await (issuers.deduced(path) if alike else issuers.stated(path))

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
