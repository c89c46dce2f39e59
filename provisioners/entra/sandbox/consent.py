"""Who has consented to what: the grants say it, and nothing else does. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .building import GRAPH_APP
from .state import APPLICATIONS, GRANTS, PRINCIPALS, Directory, Representation

RESOURCE = "https://graph.microsoft.com/"


def plain(scopes: Iterable[str]) -> list[str]:
    """Return scopes as grants name them, without the sandbox's own marks."""
    return [name.removeprefix(RESOURCE) for name in scopes if not name.startswith("~")]


def covers(directory: Directory, application: Representation, person: str, scopes: Iterable[str]) -> bool:
    """Tell whether the grants to everybody and to this person hold these scopes; person "" is nobody."""
    client = directory.principal_of(application["appId"])
    held = [
        str(each["scope"]).split()
        for each in directory.all(GRANTS).values()
        if client is not None and each["clientId"] == client["id"] and _is_for(each, person)
    ]
    return bool(held) and set(plain(scopes)) <= {scope for each in held for scope in each}


def _is_for(grant: Representation, person: str) -> bool:
    return grant["consentType"] == "AllPrincipals" or (person != "" and grant["principalId"] == person)


def consents(directory: Directory, scopes: Iterable[str]) -> frozenset[tuple[str, str]]:
    """Return the (person, application) pairs that hold these scopes by a consent of the person's own."""
    wanted = list(scopes)
    own = [each for each in directory.all(GRANTS).values() if each["consentType"] == "Principal"]
    pairs = ((str(each["principalId"]), _application_of(directory, each)) for each in own)
    return frozenset(
        (person, str(app["id"])) for person, app in pairs if app is not None and covers(directory, app, person, wanted)
    )


def _application_of(directory: Directory, grant: Representation) -> Representation | None:
    client = directory.all(PRINCIPALS).get(str(grant["clientId"]))
    return None if client is None else directory.find(APPLICATIONS, "appId", client["appId"])


def with_consent(
    directory: Directory, person: str, app: str, scopes: Iterable[str], draw: Callable[[], str]
) -> Directory:
    """Return the directory with a person's consent to an application, added to what they consented to before."""
    application = directory.all(APPLICATIONS)[app]
    client, resource = directory.principal_of(application["appId"]), directory.principal_of(GRAPH_APP)
    if client is None or resource is None:
        return directory
    pair = {"clientId": client["id"], "resourceId": resource["id"]}
    wanted = {**pair, "consentType": "Principal", "principalId": person}
    before = (each for each in directory.all(GRANTS).values() if wanted.items() <= each.items())
    old = next(before, {"id": draw(), "scope": ""})
    scope = " ".join(dict.fromkeys([*str(old["scope"]).split(), *plain(scopes)]))
    return directory.with_object(GRANTS, {**old, **wanted, "scope": scope})
