"""What several plans of one target may not say together: it would depend on their order."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator

from .deployment import Deployment
from .errors import Problem
from .resources import Target
from .yaml_survey import Path


def fleet_problems(deployments: Iterable[Deployment]) -> Iterator[Problem]:
    """Yield a problem for each plan that contradicts an earlier one of the same target, naming both places."""
    clients: dict[tuple[Target, str], Deployment] = {}
    stated: dict[tuple[Target, Path], tuple[object, Deployment]] = {}
    stores: dict[str, Deployment] = {}
    for deployment in deployments:
        target = deployment.target
        first = clients.setdefault((target, deployment.client_id), deployment)
        if first is not deployment:
            yield _same_client(deployment, first)
        place = _store_place(deployment)
        # two plans of one client share its store, and that there are two has been said
        if first is deployment and place and stores.setdefault(place, deployment) is not deployment:
            yield _same_store(deployment, stores[place])
        for path, value in _common(deployment):
            earlier, other = stated.setdefault((target, path), (value, deployment))
            if earlier != value:
                yield _contradiction(deployment, other, path)


def _common(deployment: Deployment) -> Iterator[tuple[Path, object]]:
    """Yield what must be the same in all plans of a target; lists of members add up, so they never contradict."""
    plan = deployment.plan
    settings = plan.identity_provider
    for name in settings.one_per_target:
        yield ("identity_provider", name), getattr(settings, name, None)
    if plan.shared is not None:
        for name in sorted(plan.shared.model_fields_set):
            value = getattr(plan.shared, name)
            if not isinstance(value, tuple):
                yield ("shared", name), value


def _store_place(deployment: Deployment) -> str:
    """Where the client's secret is kept, "" where nothing is: a relative path is relative to the plan file."""
    secret = deployment.plan.client.secret
    if secret is None or secret.store is None:
        return ""
    return f"{posixpath.normpath(posixpath.join(deployment.folder, secret.store.path))}#{secret.store.key}"


def _same_store(deployment: Deployment, first: Deployment) -> Problem:
    path: Path = ("client", "secret", "store")
    message = (
        f"`{deployment.client_id}` keeps its secret where `{first.client_id}` keeps its own: {first.position(path)}"
    )
    return Problem(message, deployment.position(path), "give each client a file or a key of its own")


def _same_client(deployment: Deployment, first: Deployment) -> Problem:
    path: Path = ("client", "id")
    message = f"client `{deployment.client_id}` at {deployment.target} is in two plans: also in {first.position(path)}"
    return Problem(message, deployment.position(path), "keep one of the two, or give one another client id")


def _contradiction(deployment: Deployment, other: Deployment, path: Path) -> Problem:
    name = ".".join(str(part) for part in path)
    message = f"`{name}` differs between two plans of {deployment.target}: see also {other.position(path, key=True)}"
    return Problem(message, deployment.position(path, key=True), "state the same in both, or state it in one only")
