"""The plan as frozen values. What a kind of identity provider adds is handed in as a `PlanKind`.

Omitted and null differ: omitted is not ours, null is wanted absent. `stated` tells them apart.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, create_model, model_validator

from .checks import Invalid, check_name
from .durations import UNLIMITED
from .fields import (
    Duration,
    EmptyAllowed,
    Limit,
    Line,
    Name,
    ScopeName,
    Source,
    Store,
    Url,
    Variable,
    Version,
    read_language,
    read_scope,
)
from .references import SecretReference
from .resources import Target
from .urls import origin

__all__ = [
    "UNLIMITED",
    "AccessTokens",
    "Client",
    "ClientSecret",
    "Coder",
    "Frozen",
    "GroupsClaim",
    "Plan",
    "PlanKind",
    "ProviderSettings",
    "RefreshTokens",
    "Scope",
    "SharedSettings",
    "plan_model",
]

CALLBACK_PATH: Final = "/api/v2/users/oidc/callback"


class Frozen(BaseModel):
    """A part of a plan: strict about types, closed to unknown keys, unchangeable."""

    model_config = ConfigDict(
        frozen=True,
        # 1 for true, or a number for text, is more often a mistake than a shorthand
        strict=True,
        extra="forbid",
        validate_by_name=True,
        validate_by_alias=True,
        # pydantic would repeat what was written, and that may be a secret in the wrong place
        hide_input_in_errors=True,
    )

    def stated(self, name: str) -> bool:
        """Tell whether the plan has the key at all, be it with null; `name` is the attribute's."""
        return name in self.model_fields_set


class ProviderSettings(Frozen):
    """The identity provider and how to reach it; each kind has its own."""

    one_per_target: ClassVar[tuple[str, ...]] = ("admin",)
    """Settings that all plans of one target must agree on."""

    type: str = Field(description="Which kind of identity provider this is.")

    @abstractmethod
    def target(self, near: str) -> Target:
        """Return the realm, tenant, server or database that the plan's resources live in. Pure.

        `near` is the plan file's folder, "" for the working one: the same relative path near two plans is two places.
        """

    @abstractmethod
    def issuer(self) -> str:
        """Return the issuer that the plan's address suggests; the discovery document has the last word."""


class SharedSettings(Frozen):
    """Settings that other clients of the target share. A kind without any has this empty one."""


class Coder(Frozen):
    """The Coder deployment."""

    access_url: Url = Field(
        description="The URL that users open, CODER_ACCESS_URL. The callback URL is derived from it."
    )
    redirect_url: Url | None = Field(default=None, description="The whole callback URL, where it is on another domain.")
    version: Version | None = Field(
        default=None, description='The release of Coder, as "2.34"; some rules depend on it.'
    )
    session_duration: Duration | None = Field(default=None, description="What CODER_SESSION_DURATION is or shall be.")
    replicas: Annotated[int, Field(ge=1)] = Field(
        1, description="How many coderd run; more than one makes rotation riskier."
    )

    @property
    def callback(self) -> str:
        """The redirect URI that Coder sends."""
        # a second domain has a callback of its own: CODER_OIDC_REDIRECT_URL, since January 2026
        return self.redirect_url or self.access_url + CALLBACK_PATH

    @property
    def origin(self) -> str:
        """Scheme, host and port of the access URL, as browsers send it."""
        return origin(self.access_url)


class ClientSecret(Frozen):
    """Where the client's secret lives: taken `from` a place of yours, or kept in a `store` of ours."""

    from_: Source | None = Field(default=None, alias="from", description="Take the secret from here and send it.")
    store: Store | None = Field(default=None, description="Keep the secret here, and find it here next time.")

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.from_ is None) == (self.store is None):
            raise Invalid("needs one of `from` and `store`, and not both", "`{store: file:PATH#KEY}` keeps it for you")
        return self

    @property
    def reference(self) -> SecretReference:
        """The one reference of the two."""
        one = self.store if self.from_ is None else self.from_
        if one is None:
            raise Invalid("names no place")
        return one


class Scope(Frozen):
    """A scope that the client asks for; `kind` fixes how it is attached, where the identity provider knows two ways."""

    name: ScopeName = Field(description="The scope, as `offline_access`.")
    kind: Literal["default", "optional"] | None = Field(
        default=None, description="How it is attached; left as it is where not stated."
    )


class GroupsClaim(Frozen):
    """The claim that tells Coder a user's groups."""

    name: Name = Field(description="The claim's name, CODER_OIDC_GROUP_FIELD.")
    from_: Literal["groups", "realm_roles"] = Field(
        "groups", alias="from", description="What the provider puts into it."
    )
    full_path: bool = Field(default=False, description="Whether a group comes with its parents, as `/a/b`.")


def _scope(value: object) -> object:
    """Read the short form, a name alone; one value serves all plans that ask for the scope."""
    return _plain_scope(value) if isinstance(value, str) else value


@lru_cache(maxsize=256)
def _plain_scope(name: str) -> Scope:
    # not validated again: `read_scope` has checked the name, and every plan asks for three
    return Scope.model_construct({"name"}, name=read_scope(name))


def _claim(value: object) -> object:
    """Read the short form, a name alone; one value serves all plans that name the claim."""
    return _plain_claim(value) if isinstance(value, str) else value


@lru_cache(maxsize=256)
def _plain_claim(name: str) -> GroupsClaim:
    return GroupsClaim.model_construct({"name"}, name=check_name(name))


def _unlike(scopes: tuple[Scope, ...]) -> tuple[Scope, ...]:
    names = [scope.name for scope in scopes]
    if len(set(names)) < len(names):
        twice = next(name for index, name in enumerate(names) if name in names[:index])
        raise Invalid(f"names `{twice}` twice", "keep one of the two")
    return scopes


ScopeEntry = Annotated[Scope, BeforeValidator(_scope, json_schema_input_type=ScopeName | Scope)]
GroupsEntry = Annotated[GroupsClaim, BeforeValidator(_claim, json_schema_input_type=Name | GroupsClaim)]
# not strict: YAML has lists, and a strict tuple would not take one
Scopes = Annotated[tuple[ScopeEntry, ...], Field(strict=False), AfterValidator(_unlike)]
DEFAULT_SCOPES: Final = (Scope(name="openid"), Scope(name="profile"), Scope(name="email"))


class Client(Frozen):
    """Coder's client at the identity provider. A kind may add settings of its own."""

    id: Name = Field(description="The client id, CODER_OIDC_CLIENT_ID.")
    name: Line | None = Field(default=None, description="What people read on the sign-in page.")
    secret: ClientSecret | None = Field(
        default=None, description="Where the client's secret lives; never the secret itself."
    )
    scopes: Scopes = Field(
        DEFAULT_SCOPES, description="What Coder asks for; offline_access is added where it is needed."
    )
    groups_claim: GroupsEntry | None = Field(default=None, description="The claim that tells Coder a user's groups.")

    def references(self) -> Mapping[str, SecretReference]:
        """Return further references of a kind's client by name; what stands behind them is read as the secret is."""
        return {}

    def awaited(self) -> frozenset[str]:
        """Return the names of those references whose file somebody may still have to make: an absent one is left out, and no error."""
        return frozenset()


class RefreshTokens(Frozen):
    """How long refresh tokens last: the same words for every identity provider."""

    idle_timeout: Duration | None = Field(default=None, description="A user is signed out after this long away.")
    max_lifetime: Limit | None = Field(
        default=None, description="A user is signed out after this long in any case, or `unlimited`."
    )
    rotation: Literal["reuse", "rotate"] | None = Field(
        default=None, description="Whether a refresh token may be used again."
    )


class AccessTokens(Frozen):
    """How long access tokens last."""

    lifetime: Duration | None = Field(default=None, description="How long an access token is good for.")


NO_REFRESH: Final = RefreshTokens()
NO_ACCESS: Final = AccessTokens()


class Plan(Frozen):
    """One Coder deployment at one identity provider."""

    version: Annotated[Literal[1], BeforeValidator(read_language)] = Field(
        description="The version of the plan language."
    )
    coder: Coder = Field(description="The Coder deployment.")
    identity_provider: ProviderSettings = Field(description="The identity provider and how to reach it.")
    client: Client = Field(description="Coder's client at the identity provider.")
    refresh_tokens: Annotated[RefreshTokens, EmptyAllowed] = Field(
        NO_REFRESH, description="How long refresh tokens last."
    )
    access_tokens: Annotated[AccessTokens, EmptyAllowed] = Field(
        default=NO_ACCESS, description="How long access tokens last."
    )
    shared: SharedSettings | None = Field(default=None, description="Settings that other clients of the target share.")
    env: Annotated[Mapping[Variable, str], EmptyAllowed] = Field(
        default_factory=dict, description="More CODER_ settings, name to text."
    )

    def normalised(self) -> dict[str, Any]:
        """Return JSON-able plan data, references only, which loads back to an equal plan."""
        # a default that came back as stated would make a field ours that the plan leaves alone (14.1)
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


@dataclass(frozen=True, slots=True)
class PlanKind:
    """What a kind of identity provider adds to the plan language; without `shared` it has no shared settings."""

    settings: type[ProviderSettings]
    shared: type[SharedSettings] | None = None
    client: type[Client] = Client


# pydantic takes milliseconds to build a model, and a fleet has thousands of plans of one kind
@lru_cache(maxsize=64)
def plan_model(kind: PlanKind) -> type[Plan]:
    """Return the plan of one kind: a type without unions, so that errors name the places of the file."""
    described = Plan.model_fields
    shared: Any = (kind.shared or SharedSettings) | None
    return create_model(
        "Plan",
        __base__=Plan,
        identity_provider=(kind.settings, Field(description=described["identity_provider"].description)),
        client=(kind.client, Field(description=described["client"].description)),
        shared=(shared, Field(default=None, description=described["shared"].description)),
    )
