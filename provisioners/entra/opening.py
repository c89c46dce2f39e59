"""From a plan's Entra settings to a provisioner: the tool's sign-in, msgraph-sdk on our transport."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import uuid4

from ...plans.errors import RemoteFailure, UsageError
from ...plans.load import Deployment
from ..base import Surroundings
from .ground import Ground
from .patience import Pace, Patience
from .provisioner import EntraProvisioner
from .reading import Scopes
from .settings import WAYS, EntraSettings
from .signing_in import EntraSignIn, SignedIn
from .wants import entra

DISCOVERY = "/.well-known/openid-configuration"


async def open_tenant(deployment: Deployment, surroundings: Surroundings) -> EntraProvisioner:
    """Return the provisioner of the deployment's tenant; resolves the tool's secret, sends nothing."""
    settings = entra(deployment.plan)
    signed_in = await _signed_in(settings, surroundings, deployment.document.file)
    ground = _ground(settings, surroundings, signed_in)

    async def discovery() -> str:
        address = f"{settings.issuer()}{DISCOVERY}"
        document = await surroundings.fetch_json(address)
        issuer = document.get("issuer") if isinstance(document, Mapping) else None
        if not isinstance(issuer, str):
            fix = "check `identity_provider.authority` and `tenant`"
            raise RemoteFailure("the discovery document states no issuer", where=address, fix=fix)
        return issuer

    return EntraProvisioner(settings, ground, signed_in.token, discovery)


def _ground(settings: EntraSettings, surroundings: Surroundings, signed_in: SignedIn) -> Ground:
    try:
        from .api import Api  # noqa: PLC0415  # imports msgraph-sdk
        from .graph import Graph  # noqa: PLC0415  # as above
    except ModuleNotFoundError as error:
        fix = "pip install 'oidc-provision[entra]'"
        raise UsageError(f"an identity provider of type `entra` needs `{error.name}`", fix=fix) from None

    base, clock = f"{settings.graph}/v1.0", surroundings.clock

    async def token(refused: str) -> str:
        return await signed_in.token(refused=refused)

    graph = Graph(base, surroundings.http, token)
    # Conditional Access counts the tenant's requests, whoever sends them
    pace: Pace = surroundings.kept.setdefault(("pace", settings.target()), Pace(clock))
    return Ground(Api(graph, base, pace), Patience(clock), Scopes(), _new_id, lambda: int(clock.now().timestamp()))


def _new_id() -> str:
    return str(uuid4())


async def _signed_in(settings: EntraSettings, surroundings: Surroundings, near: str) -> SignedIn:
    admin = settings.admin
    secret = None if admin.client_secret is None else await surroundings.resolve(admin.client_secret, near)
    certificate = None if admin.certificate is None else await surroundings.resolve(admin.certificate, near)
    sign_in = EntraSignIn(
        authority=settings.authority,
        tenant=settings.tenant,
        scope=scope_of(settings),
        client_id=admin.client_id or "",
        client_secret=secret,
        certificate=certificate,
        chain=admin.use or WAYS,
    )
    own = SignedIn(sign_in, surroundings.http, surroundings.clock, surroundings.redactor)
    first: SignedIn = surroundings.kept.setdefault(("sign-in", settings.target()), own)
    # another secret for the same account: one of the two is wrong, and that must show where it is stated
    return first if first.sign_in == sign_in else own


def scope_of(settings: EntraSettings) -> str:
    """Return what a token for Graph is asked with: its address, but for the sandbox's, which stands for Microsoft's own."""
    from ...plans.urls import is_loopback  # noqa: PLC0415  # beside its only use

    return "https://graph.microsoft.com/.default" if is_loopback(settings.graph) else f"{settings.graph}/.default"
