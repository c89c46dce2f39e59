"""Keycloak's part of the plan: where the realm is, how to sign in there, and the settings other IdPs do not have."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Literal, Self
from urllib.parse import quote

from pydantic import Field, field_validator, model_validator

from ...plans.checks import Invalid, check_name
from ...plans.fields import Duration, Name, Names, Source, Url
from ...plans.model import Client, Frozen, PlanKind, ProviderSettings, SharedSettings
from ...plans.resources import Target
from ...plans.urls import canonical

_SERVICE = frozenset({"client_id", "client_secret"})
_PERSON = frozenset({"username", "password"})
# a Java int on the other side
_LARGEST = 2**31 - 1
_TWO_WAYS = "needs either `client_id` and `client_secret`, or `username` and `password`"


class KeycloakAdmin(Frozen):
    """How to sign in to the admin API: as a service account or as a person."""

    client_id: Name | None = Field(
        default=None, description="The service account's client; for a person, admin-cli if left out."
    )
    client_secret: Source | None = Field(
        default=None, description="Where the service account's secret is, as env:NAME."
    )
    username: Name | None = Field(default=None, description="The person, where no service account is used.")
    password: Source | None = Field(default=None, description="Where the person's password is, as env:NAME.")
    realm: Name | None = Field(default=None, description="The realm to sign in to; the plan's realm if left out.")
    url: Url | None = Field(default=None, description="A separate host of the admin API.")

    @model_validator(mode="after")
    def _is_one_way(self) -> Self:
        given = {name for name in _SERVICE | _PERSON if getattr(self, name) is not None}
        if given not in (_SERVICE, _PERSON, _PERSON | {"client_id"}):
            has = ", ".join(f"`{name}`" for name in sorted(given)) or "neither"
            raise Invalid(
                f"{_TWO_WAYS}; it has {has}", "`client_secret` and `password` take a reference, as `env:NAME`"
            )
        return self


class KeycloakSettings(ProviderSettings):
    """One realm of one Keycloak server."""

    # Frozen, so a narrower type is sound; pyright does not know pydantic's way to say so.
    type: Literal["keycloak"] = Field(  # pyright: ignore[reportIncompatibleVariableOverride]
        description="Which kind of identity provider this is."
    )
    url: Url = Field(description="The server's URL; with `/auth` where it is served there.")
    realm: Name = Field(description="The realm that Coder's users are in.")
    admin: KeycloakAdmin = Field(description="How to sign in to the admin API.")

    def target(self, near: str = "") -> Target:  # noqa: ARG002  # the protocol's signature
        """Return the realm, named by its whole URL: two servers may have realms of one name."""
        return Target("realm", f"{canonical(self.url)}/realms/{_segment(self.realm)}")

    def issuer(self) -> str:
        """Return the issuer of a server that is reached under its own name."""
        return f"{self.url}/realms/{_segment(self.realm)}"


@lru_cache(maxsize=1024)
def _segment(realm: str) -> str:
    """Return the realm as one part of a path."""
    # `quote` leaves dots alone, and a realm called `..` would be another path.
    return quote(realm, safe="") if realm.strip(".") else realm.replace(".", "%2E")


class KeycloakShared(SharedSettings):
    """Settings of the realm; every client of it feels them."""

    offline_session_max_lifespan_enabled: bool | None = Field(
        default=None, description="Whether offline sessions end at all."
    )
    offline_session_max_lifespan: Duration | None = Field(
        default=None, description="When offline sessions end in any case."
    )
    offline_session_idle_timeout: Duration | None = Field(default=None, description="When unused offline sessions end.")
    sso_session_idle_timeout: Duration | None = Field(default=None, description="When unused sessions end.")
    sso_session_max_lifespan: Duration | None = Field(default=None, description="When sessions end in any case.")
    revoke_refresh_token: bool | None = Field(
        default=None, description="Whether a refresh token is for one use: rotation."
    )
    refresh_token_max_reuse: Annotated[int, Field(ge=0, le=_LARGEST)] | None = Field(
        default=None, description="How often it may be used again."
    )
    default_roles: Names | None = Field(
        default=None, description="Roles that must be among the default roles, as offline_access."
    )

    @field_validator("*", mode="before")
    @classmethod
    def _has_a_value(cls, value: object) -> object:
        if value is None:
            raise Invalid("cannot be null: a realm always has a value", "state one, or leave the line out")
        return value


class KeycloakClient(Client):
    """The client with the settings that Keycloak adds; what is left out is not touched."""

    session_idle_timeout: Duration | None = Field(
        default=None, description="When a plain session of this client ends unused."
    )
    session_max_lifespan: Duration | None = Field(
        default=None, description="When a plain session of this client ends in any case."
    )
    web_origins: Names | None = Field(
        default=None, description="Origins allowed to call from a browser; Coder's own if left out."
    )
    redirect_uris: Names = Field(default=(), description="More redirect URIs; Coder's callback is always there.")
    direct_access_grants: bool | None = Field(default=None, description="Whether the password grant is on.")
    implicit_flow: bool | None = Field(default=None, description="Whether the implicit flow is on.")
    service_accounts: bool | None = Field(default=None, description="Whether the client may sign in as itself.")
    pkce: Literal["S256"] | None = Field(
        default=None, description="Whether PKCE is required; decided by coder.version if left out."
    )

    @field_validator("name")
    @classmethod
    def _fits(cls, value: str | None) -> str | None:
        return value if value is None or not value else check_name(value)


KIND = PlanKind(settings=KeycloakSettings, shared=KeycloakShared, client=KeycloakClient)
