"""How long Keycloak 26.7.3 keeps sessions, from the settings as they are now: the client's where it has some, else the realm's."""

from __future__ import annotations

from ...sandbox.refreshing import RefreshRules, Rotation
from .state import Realm, Representation

OFFLINE_IDLE = "client.offline.session.idle.timeout"
OFFLINE_MAX = "client.offline.session.max.lifespan"


def rules(realm: Realm, client: Representation, *, offline: bool) -> RefreshRules:
    """Return the rules of a client's sessions, plain or offline."""
    settings = realm.settings
    rotation = Rotation(max_reuse=int(settings["refreshTokenMaxReuse"])) if settings["revokeRefreshToken"] else None
    issue = "never" if client["attributes"].get("use.refresh.tokens") == "false" else "always"
    idle, maximum = (_offline if offline else _plain)(realm, client)
    return RefreshRules(
        issue=issue,  # type: ignore[arg-type]  # one of two literals
        rotation=rotation,
        idle=idle,
        maximum=maximum,
        advertised_idle=_advertised(realm, client, idle) if offline else idle,
        access=access(realm, client),
    )


def _number(client: Representation, name: str) -> int | None:
    """A client's own value; 0 and below mean that it has none."""
    text = client["attributes"].get(name, "")
    return int(text) if text.isdigit() and int(text) > 0 else None


def _own(realm: Realm, client: Representation, attribute: str, setting: str) -> int | None:
    return _number(client, attribute) or int(realm.settings.get(setting) or 0) or None


def _plain(realm: Realm, client: Representation) -> tuple[int, int]:
    idle, maximum = int(realm.settings["ssoSessionIdleTimeout"]), int(realm.settings["ssoSessionMaxLifespan"])
    own_idle = _own(realm, client, "client.session.idle.timeout", "clientSessionIdleTimeout")
    own_maximum = _own(realm, client, "client.session.max.lifespan", "clientSessionMaxLifespan")
    return min(idle, own_idle or idle), min(maximum, own_maximum or maximum)


def _offline(realm: Realm, client: Representation) -> tuple[int, int | None]:
    """A client's maximum counts without the realm's switch; with it the smaller one does."""
    idle = int(realm.settings["offlineSessionIdleTimeout"])
    own_idle = _own(realm, client, OFFLINE_IDLE, "clientOfflineSessionIdleTimeout")
    maximum = _own(realm, client, OFFLINE_MAX, "clientOfflineSessionMaxLifespan")
    if realm.settings["offlineSessionMaxLifespanEnabled"]:
        realms = int(realm.settings["offlineSessionMaxLifespan"])
        maximum = min(realms, maximum or realms)
    return min(idle, own_idle or idle), maximum


def _advertised(realm: Realm, client: Representation, idle: int) -> int | None:
    """An offline token says when it ends only under a realm maximum, and then the client's idle timeout uncapped."""
    if not realm.settings["offlineSessionMaxLifespanEnabled"]:
        return None
    return _own(realm, client, OFFLINE_IDLE, "clientOfflineSessionIdleTimeout") or idle


def access(realm: Realm, client: Representation) -> int:
    """Return the seconds of an access token."""
    own = client["attributes"].get("access.token.lifespan", "")
    if own == "-1":
        return int(realm.settings["ssoSessionMaxLifespan"])
    return int(own) if own else int(realm.settings["accessTokenLifespan"])
