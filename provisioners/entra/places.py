"""Where things are in Microsoft Graph, by the SDK's own request builders."""

from __future__ import annotations

from .fields import GRAPH_APP
from .graph import Place
from .settings import is_guid


def keyed(key: str) -> Place:
    """Return the place of an application by its appId, or by the name that we gave it."""
    if is_guid(key):
        return lambda graph: graph.applications_with_app_id(key)
    return lambda graph: graph.applications_with_unique_name(key)


def applications() -> Place:
    """Return the place of all applications."""
    return lambda graph: graph.applications


def application(object_id: str) -> Place:
    """Return the place of an application by its object id."""
    return lambda graph: graph.applications.by_application_id(object_id)


def owners(object_id: str) -> Place:
    """Return the place of an application's owners."""
    return lambda graph: graph.applications.by_application_id(object_id).owners


def owner_links(object_id: str) -> Place:
    """Return the place where owners are added to an application."""
    return lambda graph: graph.applications.by_application_id(object_id).owners.ref


def adding_secret(object_id: str) -> Place:
    """Return the place where an application gets a secret."""
    return lambda graph: graph.applications.by_application_id(object_id).add_password


def removing_secret(object_id: str) -> Place:
    """Return the place where an application loses a secret."""
    return lambda graph: graph.applications.by_application_id(object_id).remove_password


def own_policies(object_id: str) -> Place:
    """Return the place of an application's own policies about secrets."""
    return lambda graph: graph.applications.by_application_id(object_id).app_management_policies


def lifetime_links(object_id: str) -> Place:
    """Return the place where a token lifetime policy is attached to an application."""
    return lambda graph: graph.applications.by_application_id(object_id).token_lifetime_policies.ref


def bin_of_applications() -> Place:
    """Return the place of deleted applications."""
    return lambda graph: graph.directory.deleted_items.graph_application


def principals() -> Place:
    """Return the place of all service principals."""
    return lambda graph: graph.service_principals


def principal(app_id: str = GRAPH_APP) -> Place:
    """Return the place of an application's service principal; Graph's own without an appId."""
    return lambda graph: graph.service_principals_with_app_id(app_id)


def grants() -> Place:
    """Return the place of all consent."""
    return lambda graph: graph.oauth2_permission_grants


def grant(grant_id: str) -> Place:
    """Return the place of one consent."""
    return lambda graph: graph.oauth2_permission_grants.by_o_auth2_permission_grant_id(grant_id)


def default_policy() -> Place:
    """Return the place of the tenant's policy about secrets."""
    return lambda graph: graph.policies.default_app_management_policy


def access_policies() -> Place:
    """Return the place of all Conditional Access policies."""
    return lambda graph: graph.identity.conditional_access.policies


def access_policy(policy_id: str) -> Place:
    """Return the place of one Conditional Access policy."""
    return lambda graph: graph.identity.conditional_access.policies.by_conditional_access_policy_id(policy_id)


def lifetime_policies() -> Place:
    """Return the place of all token lifetime policies."""
    return lambda graph: graph.policies.token_lifetime_policies


def lifetime_policy(policy_id: str) -> Place:
    """Return the place of one token lifetime policy."""
    return lambda graph: graph.policies.token_lifetime_policies.by_token_lifetime_policy_id(policy_id)


def applies_to(policy_id: str) -> Place:
    """Return the place of what a token lifetime policy is attached to."""
    return lambda graph: graph.policies.token_lifetime_policies.by_token_lifetime_policy_id(policy_id).applies_to
