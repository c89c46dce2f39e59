"""The ways to sign in that azure-identity knows, each made ready for our transport: what it needs, and why it cannot be tried here.

azure-identity 1.27 is imported inside the functions, because that costs 200 ms. Its cache, retries and chain are not used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...plans.errors import UsageError
from .settings import WAYS
from .sign_in_refusals import printable

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncSupportsTokenInfo

    from ...plans.redaction import Redactor
    from ..transport import AsyncClient
    from .signing_in import EntraSignIn

_CLIENT = "AZURE_CLIENT_ID"
_SECRET = "AZURE_CLIENT_SECRET"  # noqa: S105  # the name of a variable
_CERTIFICATE = "AZURE_CLIENT_CERTIFICATE_PATH"
_PASSWORD = "AZURE_CLIENT_CERTIFICATE_PASSWORD"  # noqa: S105  # as above
_FEDERATED = "AZURE_FEDERATED_TOKEN_FILE"
_HIDDEN = (_SECRET, _PASSWORD, "IDENTITY_HEADER", "MSI_SECRET")
# az is a Python program of its own, and starts slowly on a busy machine
_AZ_SECONDS = 30
_PEM = "give PEM text with the certificate and its RSA private key, without a password"


class UnavailableError(Exception):
    """A way that cannot be tried here; its text says why."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way, ready. `who` follows "cannot sign in to tenant ..."."""

    name: str
    who: str
    credential: AsyncSupportsTokenInfo


class Ways:
    """All ways to sign in as stated. Makes new credentials each time: azure-identity's own would answer from a cache of theirs."""

    def __init__(
        self, sign_in: EntraSignIn, client: AsyncClient, redactor: Redactor, environment: Mapping[str, str]
    ) -> None:
        self._sign_in = sign_in
        self._client = client
        self._redactor = redactor
        self._environment = environment
        for name in _HIDDEN:
            redactor.add(environment.get(name, ""))

    @property
    def names(self) -> tuple[str, ...]:
        """What is stated, else the chain."""
        if self._sign_in.client_secret is not None:
            return ("client-secret",)
        return ("certificate",) if self._sign_in.certificate is not None else self._sign_in.chain or WAYS

    def made(self, name: str) -> Way:
        """Return a way by its name, which sends nothing yet. Raises UnavailableError, and UsageError on what can never be right."""
        if name not in _MAKERS:
            raise UsageError(f"there is no way `{name}` to sign in to Entra", fix=f"use one of {', '.join(WAYS)}")
        try:
            return _MAKERS[name](self)
        except ModuleNotFoundError as error:
            fix = "pip install 'oidc-provision[entra]'"
            raise UsageError(f"an identity provider of type `entra` needs `{error.name}`", fix=fix) from None

    def _carried(self) -> dict[str, Any]:
        from .azure_transport import AzureTransport  # noqa: PLC0415  # imports azure-core

        # repeating is our transport's alone
        return {"transport": AzureTransport(self._client, self._sign_in.authority), "retry_total": 0}

    def _to_authority(self) -> dict[str, Any]:
        from .azure_transport import address_for_azure  # noqa: PLC0415  # as above

        return {"authority": address_for_azure(self._sign_in.authority), **self._carried()}

    def _by_secret(self) -> Way:
        secret = self._sign_in.client_secret
        return self._as_application("client-secret", self._sign_in.client_id, secret.reveal() if secret else "")

    def _as_application(self, name: str, client_id: str, secret: str) -> Way:
        from azure.identity.aio import ClientSecretCredential  # noqa: PLC0415  # 200 ms

        if not secret:
            raise UsageError("`admin.client_secret` is empty", fix="give the secret's value")
        made = ClientSecretCredential(self._sign_in.tenant, client_id, secret, **self._to_authority())
        return Way(name, f"as application `{client_id}`", made)

    def _by_certificate(self) -> Way:
        pem = self._sign_in.certificate
        data = pem.reveal().encode() if pem else b""
        return self._certified("certificate", self._sign_in.client_id, data, None, "admin.certificate")

    def _certified(self, name: str, client_id: str, data: bytes, password: str | None, where: str) -> Way:
        from azure.identity.aio import CertificateCredential  # noqa: PLC0415  # 200 ms
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415  # azure-identity brings it

        options = {"certificate_data": data, "password": password, **self._to_authority()}
        try:
            made = CertificateCredential(self._sign_in.tenant, client_id, **options)
        # cryptography says TypeError where a key wants a password, or has none and is given one
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise UsageError(f"`{where}` holds no certificate and key of use", where=where, fix=_PEM) from None
        return Way(name, f"as application `{client_id}`", made)

    def _by_environment(self) -> Way:
        given, stated = self._environment, self._sign_in.client_id
        client_id, secret, path = given.get(_CLIENT) or stated, given.get(_SECRET), given.get(_CERTIFICATE)
        if not client_id or not (secret or path):
            lacking = f"`{_CLIENT}`" if not client_id else f"`{_SECRET}` or `{_CERTIFICATE}`"
            raise UnavailableError(f"{lacking} is not set")
        if stated and client_id.lower() != stated.lower():
            raise UnavailableError(f"`{_CLIENT}` is another application than `admin.client_id`")
        if secret:
            return self._as_application("environment", client_id, secret)
        data = _read(str(path), _CERTIFICATE)
        return self._certified("environment", client_id, data, given.get(_PASSWORD), _CERTIFICATE)

    def _by_workload_identity(self) -> Way:
        from azure.identity.aio import ClientAssertionCredential  # noqa: PLC0415  # 200 ms

        path, client_id = self._environment.get(_FEDERATED), self._sign_in.client_id or self._environment.get(_CLIENT)
        if not path or not client_id:
            raise UnavailableError(f"`{_FEDERATED if not path else _CLIENT}` is not set")

        def assertion() -> str:
            # read anew each time: Kubernetes replaces it about every hour
            token = _read(path, _FEDERATED).decode("utf-8", "replace").strip()
            self._redactor.add(token)
            return token

        made = ClientAssertionCredential(self._sign_in.tenant, client_id, assertion, **self._to_authority())
        return Way("workload-identity", f"as application `{client_id}` by workload identity", made)

    def _by_managed_identity(self) -> Way:
        from azure.identity.aio import ManagedIdentityCredential  # noqa: PLC0415  # 200 ms

        # workload identity is a way of its own; and a machine that is not in Azure must find out soon
        apart: dict[str, Any] = {"_exclude_workload_identity_credential": True, "_enable_imds_probe": True}
        client_id = self._sign_in.client_id or None
        try:
            made = ManagedIdentityCredential(client_id=client_id, **apart, **self._carried())
        except ValueError as error:
            raise UnavailableError(self._redactor.clean(printable(str(error)))) from None
        name = f" `{client_id}`" if client_id else ""
        return Way("managed-identity", f"as the managed identity{name} of this machine", made)

    def _by_azure_cli(self) -> Way:
        from azure.identity.aio import AzureCliCredential  # noqa: PLC0415  # 200 ms

        made = AzureCliCredential(tenant_id=self._sign_in.tenant, process_timeout=_AZ_SECONDS)
        return Way("azure-cli", "with the account of the Azure CLI", made)


_MAKERS: Mapping[str, Callable[[Ways], Way]] = {
    "client-secret": Ways._by_secret,  # noqa: SLF001  # its own table
    "certificate": Ways._by_certificate,  # noqa: SLF001  # as above
    "environment": Ways._by_environment,  # noqa: SLF001  # as above
    "workload-identity": Ways._by_workload_identity,  # noqa: SLF001  # as above
    "managed-identity": Ways._by_managed_identity,  # noqa: SLF001  # as above
    "azure-cli": Ways._by_azure_cli,  # noqa: SLF001  # as above
}


def _read(path: str, variable: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise UsageError(f"cannot read the file that `{variable}` names: {reason}", where=path) from None
