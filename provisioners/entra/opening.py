"""From a plan's Entra settings to a provisioner: the tool's sign-in, msgraph-sdk on our transport."""

from __future__ import annotations

from uuid import uuid4

from ...plans.load import Deployment
from ...plans.urls import is_loopback
from ..base import Surroundings
from ..oidc.discovery import PATH, read
from .api import Api
from .graph import Graph
from .ground import Ground
from .patience import Pace, Patience
from .provisioner import EntraProvisioner
from .reading import Scopes
from .settings import WAYS, EntraSettings
from .signing_in import GRAPH_SCOPE, EntraSignIn, SignedIn
from .wants import entra


async def open_tenant(deployment: Deployment, surroundings: Surroundings) -> EntraProvisioner:
    """Return the provisioner of the deployment's tenant; resolves the tool's secret, sends nothing."""
    settings = entra(deployment.plan)
    signed_in = await _signed_in(settings, surroundings, deployment.document.file)
    ground = _ground(settings, surroundings, signed_in)

    async def discovery() -> str:
        address, fix = settings.issuer() + PATH, "check `identity_provider.authority` and `tenant`"
        return (await read(surroundings.fetch_json, address, fix=fix)).issuer

    return EntraProvisioner(settings, ground, signed_in.token, discovery)


def _ground(settings: EntraSettings, surroundings: Surroundings, signed_in: SignedIn) -> Ground:
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
    return GRAPH_SCOPE if is_loopback(settings.graph) else f"{settings.graph}/.default"
