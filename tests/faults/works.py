"""Things to be changed in a realm, and how a test makes them necessary again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.live.conftest import Realm

STORE = Path("secrets/coder.env")
FOREIGN = "# of somebody else\nOTHER='1 2'\n"
MOVED = ["openid", "profile", {"name": "email", "kind": "optional"}, "offline_access"]


@dataclass(frozen=True)
class Work:
    """`drift` makes it necessary, `wish` is what the plan says of it, `flags` what apply is given,
    `foreign` what the store holds that is not ours."""

    drift: Callable[[Realm], None]
    wish: dict[str, Any]
    flags: tuple[str, ...] = ()
    foreign: str = FOREIGN


def no_client(realm: Realm) -> None:
    if realm.client("coder"):
        realm.delete_client("coder")
    STORE.parent.mkdir(mode=0o700, exist_ok=True)
    STORE.write_text(FOREIGN, encoding="utf-8")
    STORE.chmod(0o600)


def no_folder(realm: Realm) -> None:
    no_client(realm)
    shutil.rmtree(STORE.parent)


def switched_off(realm: Realm) -> None:
    realm.change_client("coder", standardFlowEnabled=False)


def email_is_default(realm: Realm) -> None:
    realm.detach("coder", "email")
    realm.attach("coder", "email", "default")


def without_mapper(realm: Realm) -> None:
    if realm.client("coder") and realm.mapper("coder", "groups"):
        realm.delete_mapper("coder", "groups")


def without_default_role(realm: Realm) -> None:
    realm.drop_default_role("offline_access")


def revoking(realm: Realm) -> None:
    realm.change(revokeRefreshToken=True)


def nothing(_realm: Realm) -> None:
    """A rotation is always possible."""


def much(realm: Realm) -> None:
    switched_off(realm)
    without_mapper(realm)
    revoking(realm)


CREATE = Work(no_client, {})
CREATE_FOLDER = Work(no_folder, {}, foreign="")
UPDATE = Work(switched_off, {})
MOVE = Work(email_is_default, {"client__scopes": MOVED})
CLAIM = Work(without_mapper, {"client__groups_claim": "groups"})
DEFAULT_ROLES = Work(without_default_role, {"shared__default_roles": ["offline_access"]})
REALM = Work(revoking, {"shared__revoke_refresh_token": False})
MUCH = Work(much, {**CLAIM.wish, **REALM.wish})
ROTATION = Work(nothing, {}, ("--rotate-secret", "coder"))
