"""Entra ID's part of the plan: the tenant, how the tool signs in there, and the settings other identity providers do not have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, PlainValidator, WithJsonSchema, field_validator, model_validator

from ...plans.checks import Invalid, text
from ...plans.durations import SECONDS, format_duration
from ...plans.fields import Duration, Line, Names, Source, Url
from ...plans.model import Client, Frozen, PlanKind, ProviderSettings, SharedSettings
from ...plans.references import SecretReference
from ...plans.resources import Target
from ...plans.urls import canonical, is_loopback

DAY: Final = SECONDS["d"]
HOUR: Final = SECONDS["h"]
LONGEST_NAME: Final = 120
"""For a single tenant (supported-accounts-validation); longer ones are refused by some audiences."""
SHORTEST_POLICY: Final = 600
"""Ten minutes: what a token lifetime policy may say at least (configurable-token-lifetimes)."""
_OWN_NAME: Final = re.compile("[A-Za-z0-9._~-]{1,120}")
_GUID: Final = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NOT_A_TENANT: Final = frozenset({"common", "organizations", "consumers"})
Way = Literal["environment", "workload-identity", "managed-identity", "azure-cli"]
WAYS: Final[tuple[Way, ...]] = ("environment", "workload-identity", "managed-identity", "azure-cli")
"""Tried in this order where the plan states nothing."""


def is_guid(value: str) -> bool:
    """Tell whether a text is a GUID, as Microsoft writes them."""
    return _GUID.fullmatch(value.lower()) is not None


def read_guid(value: object) -> str:
    """Return a GUID in lower case."""
    found = text(value).strip().lower()
    if not _GUID.fullmatch(found):
        raise Invalid("is no GUID", "copy it from Entra: it reads 8-4-4-4-12 hexadecimal digits")
    return found


def read_tenant(value: object) -> str:
    """Return the tenant's GUID. Coder compares issuers to the letter, and Entra's issuer carries the GUID whatever name was asked."""
    if isinstance(value, str) and (value.strip().lower() in _NOT_A_TENANT or "." in value):
        fix = "use the tenant's GUID: Entra admin center > Overview > Tenant ID, or `az account show --query tenantId`"
        raise Invalid("is a tenant's name: the issuer that Coder compares carries its GUID", fix)
    return read_guid(value)


_SCHEMA: Final = WithJsonSchema({"type": "string", "pattern": "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"})
Guid = Annotated[str, PlainValidator(read_guid), _SCHEMA]
TenantId = Annotated[str, PlainValidator(read_tenant), _SCHEMA]
# not strict: YAML has lists, and a strict tuple would not take one
Guids = Annotated[tuple[Guid, ...], Field(strict=False)]
Ways = Annotated[tuple[Way, ...], Field(strict=False, min_length=1)]


class EntraAdmin(Frozen):
    """How the tool signs in to Graph: as an application of its own, or by what the machine offers."""

    client_id: Guid | None = Field(default=None, description="The appId of the tool's own application.")
    client_secret: Source | None = Field(default=None, description="Where its secret is, as env:NAME.")
    certificate: Source | None = Field(
        default=None, description="Where its certificate with private key is, as PEM; in place of a secret."
    )
    use: Ways | None = Field(
        default=None, description="The ways of azure-identity that are tried in turn; all of them if left out."
    )

    @model_validator(mode="after")
    def _is_one_way(self) -> Self:
        given = [name for name in ("client_secret", "certificate") if getattr(self, name) is not None]
        if len(given) > 1 or (given and self.use is not None):
            raise Invalid("names more than one way to sign in", "keep one of `client_secret`, `certificate` and `use`")
        if given and self.client_id is None:
            raise Invalid(f"has `{given[0]}` without `client_id`", "add the appId of the tool's application")
        return self


NO_ADMIN: Final = EntraAdmin()


class EntraSettings(ProviderSettings):
    """One tenant of Entra ID."""

    one_per_target: ClassVar[tuple[str, ...]] = ("admin", "graph")

    # Frozen, so a narrower type is sound; pyright does not know pydantic's way to say so.
    type: Literal["entra"] = Field(  # pyright: ignore[reportIncompatibleVariableOverride]
        description="Which kind of identity provider this is."
    )
    tenant: TenantId = Field(description="The tenant's GUID.")
    admin: EntraAdmin = Field(
        NO_ADMIN, description="How to sign in to Microsoft Graph; by what the machine offers if left out."
    )
    authority: Url = Field(
        default="https://login.microsoftonline.com",
        description="Where people and the tool sign in; another one for national clouds.",
    )
    graph: Url = Field(
        default="https://graph.microsoft.com", description="Microsoft Graph; another one for national clouds."
    )

    def target(self, near: str = "") -> Target:  # noqa: ARG002  # the protocol's signature
        """Return the tenant, named by the address that its issuer begins with."""
        return Target("tenant", f"{canonical(self.authority)}/{self.tenant}")

    def issuer(self) -> str:
        """Return the issuer of v2.0 tokens, without a slash at its end."""
        return f"{self.authority}/{self.tenant}/v2.0"


class EntraShared(SharedSettings):
    """Settings of the tenant. What they make is ours by its name and set to report only; nothing else of the tenant is touched."""

    sign_in_frequency: Duration | None = Field(
        default=None,
        description="A Conditional Access policy, report-only, for Coder's application: sign in anew after this.",
    )
    token_lifetime: Duration | None = Field(
        default=None, description="A token lifetime policy on Coder's application, 10m to 1d: its ID tokens feel it."
    )

    @field_validator("sign_in_frequency", "token_lifetime", mode="before")
    @classmethod
    def _has_a_value(cls, value: object) -> object:
        if value is None:
            raise Invalid("cannot be null", "leave the line out: a policy that exists is then left alone")
        return value

    @field_validator("sign_in_frequency")
    @classmethod
    def _is_hours_or_days(cls, value: int) -> int:
        # value: int with type hours or days (CSDL); below a day in hours, else in whole days
        if value % HOUR or (value > DAY and value % DAY) or value > 365 * DAY:
            raise Invalid(
                f"is {format_duration(value)}", "state 1h to 24h, or whole days up to 365d: Entra knows no others"
            )
        return value

    @field_validator("token_lifetime")
    @classmethod
    def _is_allowed(cls, value: int) -> int:
        if not SHORTEST_POLICY <= value <= DAY:
            raise Invalid(f"is {format_duration(value)}", "state 10m to 1d: Entra allows no others")
        return value


class EntraCertificate(Frozen):
    """A certificate that Coder proves itself with in place of a secret, and where Coder finds it."""

    file: Source = Field(description="The certificate, as PEM, to be registered.")
    key: Source | None = Field(default=None, description="Its private key; only looked at, whether Coder can read it.")
    coder_cert_file: Line = Field(description="The certificate's path on Coder's machine, CODER_OIDC_CLIENT_CERT_FILE.")
    coder_key_file: Line = Field(description="The key's path there, CODER_OIDC_CLIENT_KEY_FILE.")


class EntraClient(Client):
    """The application with the settings that Entra adds. `id` is its appId where it exists already, else our own name for it."""

    sign_in_audience: (
        Literal["AzureADMyOrg", "AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount"]
        | None
    ) = Field(default=None, description="Whose accounts may sign in; AzureADMyOrg is this tenant's alone.")
    redirect_uris: Names = Field(default=(), description="More redirect URIs; Coder's callback is always there.")
    email_claim: Literal["email", "upn", "preferred_username"] = Field(
        default="email", description="The claim that Coder takes for the email address, CODER_OIDC_EMAIL_FIELD."
    )
    group_membership: Literal["SecurityGroup", "ApplicationGroup", "All"] = Field(
        default="SecurityGroup", description="Which groups the groups claim holds, where there is a `groups_claim`."
    )
    assignment_required: bool | None = Field(
        default=None, description="Whether only people assigned to the application may sign in."
    )
    owners: Guids = Field(default=(), description="Object ids that must be among the owners; others stay.")
    admin_consent: bool = Field(
        default=False, description="Whether the tool consents for everybody; else that is a step for an administrator."
    )
    secret_validity: Duration = Field(default=180 * DAY, description="How long a new secret is good for.")
    rotate_before: Duration | None = Field(
        default=None, description="A new secret is made once the one in use ends within this time."
    )
    rotation_overlap: Duration = Field(
        default=7 * DAY, description="How long the secret or certificate before stays after a new one."
    )
    certificate: EntraCertificate | None = Field(
        default=None, description="A certificate in place of a secret; for tenants that forbid secrets."
    )

    @field_validator("id")
    @classmethod
    def _is_a_key(cls, value: str) -> str:
        # `uniqueName` is a key in Graph's paths
        if not _OWN_NAME.fullmatch(value):
            raise Invalid("is no name for an application here", "use letters, digits and `._~-`, or an appId")
        return value.lower() if is_guid(value) else value

    @field_validator("redirect_uris")
    @classmethod
    def _are_whole(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for uri in value:
            # plain http is taken for this machine alone (reply-url restrictions)
            if not uri.startswith("https://") and not is_loopback(uri):
                raise Invalid(f"holds `{uri}`, which is no redirect URI", "write it whole, as `https://HOST/PATH`")
        return value

    @field_validator("name")
    @classmethod
    def _fits(cls, value: str | None) -> str | None:
        if value is not None and not 0 < len(value.strip()) <= LONGEST_NAME:
            problem = f"has {len(value.strip())} characters, and Entra takes 1 to {LONGEST_NAME}"
            raise Invalid(problem, "write another one, or leave the line out")
        return value

    @model_validator(mode="after")
    def _is_timely(self) -> Self:
        if self.rotate_before is not None and self.rotate_before >= self.secret_validity:
            given, whole = format_duration(self.rotate_before), format_duration(self.secret_validity)
            problem = f"would be rotated all the time: `rotate_before` is {given} and `secret_validity` {whole}"
            raise Invalid(problem, "state a `rotate_before` that is shorter")
        self._overlaps_in_time()
        if self.secret is not None and self.certificate is not None:
            raise Invalid("has a secret and a certificate", "Coder uses one of them: keep one")
        return self

    def _overlaps_in_time(self) -> None:
        if self.rotate_before is None or self.rotation_overlap <= self.secret_validity - self.rotate_before:
            return
        overlap, every = map(format_duration, (self.rotation_overlap, self.secret_validity - self.rotate_before))
        problem = f"would be rotated every {every} (`secret_validity` without `rotate_before`), within its `rotation_overlap` of {overlap}"
        raise Invalid(problem, f"state a `rotation_overlap` of {every} at most, or rotate later")

    def references(self) -> Mapping[str, SecretReference]:
        """Return the certificate's and key's references: what stands behind them is read with the secrets."""
        given = self.certificate
        if given is None:
            return {}
        return {"certificate": given.file} | ({} if given.key is None else {"key": given.key})


KIND = PlanKind(settings=EntraSettings, shared=EntraShared, client=EntraClient)
