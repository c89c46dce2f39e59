"""A new tenant, and what a new application and service principal are before anybody says more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from .state import APPLICATIONS, PRINCIPALS, Directory, Member, Representation

GRAPH_APP = "00000003-0000-0000-c000-000000000000"
TENANT = "8f5c1c0a-3d3e-4b52-9c7a-6a0f4e6d2b11"
DOMAIN = "contoso.onmicrosoft.com"
TOOL_APP = "5d0a6b1e-7c58-4a6e-8d1f-2f9b3c4e5a60"
TOOL_SECRET = "sandbox~oidc-provision~secret~of~the~tool"  # noqa: S105  # nobody's
PERSON = Member("3f2a1b4c-5d6e-4f70-8192-a3b4c5d6e7f8", f"anna@{DOMAIN}", "sandbox", "Anna Berg", "anna@example.com")
DELEGATED: Mapping[str, str] = {
    "openid": "37f7f235-527c-4136-accd-4a02d197296e",
    "profile": "14dad69e-099b-42c9-810b-d002981feec1",
    "email": "64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0",
    "offline_access": "7427e0e9-2fba-42fe-b0c0-848c9e6a8182",
    "User.Read": "e1fe6dd8-ba31-4d61-89e7-88639da4683d",
}
APP_ROLES: Mapping[str, str] = {
    "Application.ReadWrite.OwnedBy": "18a4783c-866b-4cc7-a460-3d5e5662c884",
    "Application.ReadWrite.All": "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9",
    "DelegatedPermissionGrant.ReadWrite.All": "8e8e4742-1d95-4f68-9d56-6ee75648c72a",
    "Policy.ReadWrite.ConditionalAccess": "01c0a623-fc9b-48e9-b794-0756f8e8f067",
}
TOOL_RIGHTS = ("Application.ReadWrite.OwnedBy", "DelegatedPermissionGrant.ReadWrite.All")
SECRET_YEARS = 2
_INFO = dict.fromkeys(("logoUrl", "marketingUrl", "privacyStatementUrl", "supportUrl", "termsOfServiceUrl"))
NEW_APPLICATION: Representation = {
    "deletedDateTime": None,
    "addIns": [],
    "api": {
        "acceptMappedClaims": None,
        "knownClientApplications": [],
        "oauth2PermissionScopes": [],
        "preAuthorizedApplications": [],
        "requestedAccessTokenVersion": None,
    },
    "appRoles": [],
    "applicationTemplateId": None,
    "authenticationBehaviors": None,
    "certification": None,
    "defaultRedirectUri": None,
    "description": None,
    "disabledByMicrosoftStatus": None,
    "groupMembershipClaims": None,
    "identifierUris": [],
    "info": _INFO,
    "isDeviceOnlyAuthSupported": None,
    "isDisabled": None,
    "isFallbackPublicClient": None,
    "keyCredentials": [],
    "notes": None,
    "oauth2RequirePostResponse": False,
    "optionalClaims": None,
    "parentalControlSettings": {"countriesBlockedForMinors": [], "legalAgeGroupRule": "Allow"},
    "passwordCredentials": [],
    "publicClient": {"redirectUris": []},
    "requestSignatureVerification": None,
    "requiredResourceAccess": [],
    "samlMetadataUrl": None,
    "serviceManagementReference": None,
    "servicePrincipalLockConfiguration": None,
    "signInAudience": "AzureADMyOrg",
    "spa": {"redirectUris": []},
    "tags": [],
    "tokenEncryptionKeyId": None,
    "uniqueName": None,
    "verifiedPublisher": {"displayName": None, "verifiedPublisherId": None, "addedDateTime": None},
    "web": {
        "homePageUrl": None,
        "implicitGrantSettings": {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": False},
        "logoutUrl": None,
        "redirectUris": [],
        "redirectUriSettings": [],
    },
}
APPLICATION_NAMES = frozenset(
    {*NEW_APPLICATION, "id", "appId", "createdByAppId", "createdDateTime", "displayName", "publisherDomain"}
)
NEW_PRINCIPAL: Representation = {
    "deletedDateTime": None,
    "accountEnabled": True,
    "addIns": [],
    "alternativeNames": [],
    "appDescription": None,
    "appRoleAssignmentRequired": False,
    "appRoles": [],
    "applicationTemplateId": None,
    "description": None,
    "disabledByMicrosoftStatus": None,
    "homepage": None,
    "info": _INFO,
    "keyCredentials": [],
    "loginUrl": None,
    "logoutUrl": None,
    "notes": None,
    "notificationEmailAddresses": [],
    "oauth2PermissionScopes": [],
    "passwordCredentials": [],
    "preferredSingleSignOnMode": None,
    "preferredTokenSigningKeyThumbprint": None,
    "replyUrls": [],
    "resourceSpecificApplicationPermissions": [],
    "samlSingleSignOnSettings": None,
    "servicePrincipalType": "Application",
    "tags": [],
    "tokenEncryptionKeyId": None,
    "verifiedPublisher": {"displayName": None, "verifiedPublisherId": None, "addedDateTime": None},
}
PRINCIPAL_NAMES = frozenset(
    {*NEW_PRINCIPAL, "id", "appId", "appDisplayName", "appOwnerOrganizationId", "createdByAppId", "displayName"}
    | {"servicePrincipalNames", "signInAudience"}
)


def followed(application: Representation) -> dict[str, Any]:
    """Return what a service principal of the application's own tenant has from it, now and after each change."""
    return {
        "appDisplayName": application["displayName"],
        "appDescription": application["description"],
        "appRoles": application["appRoles"],
        "displayName": application["displayName"],
        "oauth2PermissionScopes": application["api"]["oauth2PermissionScopes"],
        "replyUrls": application["web"]["redirectUris"],
        "servicePrincipalNames": [application["appId"], *application["identifierUris"]],
        "signInAudience": application["signInAudience"],
    }


def principal_of(application: Representation, key: str, tenant: str) -> dict[str, Any]:
    """Return a new service principal of an application."""
    own = {"appId": application["appId"], "appOwnerOrganizationId": tenant}
    return {"id": key, **NEW_PRINCIPAL, **own, **followed(application)}


def new_directory(draw: Callable[[], str], now: datetime) -> Directory:
    """Return a tenant with Microsoft Graph's service principal, one person, and the tool's own application."""
    created = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    policy: dict[str, Any] = {
        "id": draw(),
        "deletedDateTime": None,
        "displayName": "Default app management tenant policy",
        "description": "Default tenant policy that enforces app management restrictions on applications and service principals.",
        "isEnabled": False,
        "applicationRestrictions": {"passwordCredentials": [], "keyCredentials": []},
        "servicePrincipalRestrictions": {"passwordCredentials": [], "keyCredentials": []},
    }
    # it is off in a new tenant, so secrets may be made until somebody says otherwise
    directory = Directory(TENANT, DOMAIN, created, default_policy=policy, people={PERSON.id: PERSON})
    return _with_tool(directory.with_object(PRINCIPALS, _graph(draw())), draw, now)


def _graph(key: str) -> dict[str, Any]:
    scopes = [
        {
            "id": guid,
            "value": value,
            "type": "Admin" if value not in DELEGATED else "User",
            "isEnabled": True,
            **dict.fromkeys(("adminConsentDescription", "adminConsentDisplayName"), value),
            **dict.fromkeys(("userConsentDescription", "userConsentDisplayName"), value),
        }
        for value, guid in DELEGATED.items()
    ]
    roles = [
        {
            "id": guid,
            "value": value,
            "allowedMemberTypes": ["Application"],
            "displayName": value,
            "description": value,
            "isEnabled": True,
            "origin": "Application",
        }
        for value, guid in APP_ROLES.items()
    ]
    named = {
        "appDisplayName": "Microsoft Graph",
        "displayName": "Microsoft Graph",
        "signInAudience": "AzureADMultipleOrgs",
    }
    return {
        "id": key,
        **NEW_PRINCIPAL,
        **named,
        "appId": GRAPH_APP,
        "appOwnerOrganizationId": "f8cdef31-a31e-4b4a-93e4-5f571e91255a",
        "appRoles": roles,
        "oauth2PermissionScopes": scopes,
        "servicePrincipalNames": [GRAPH_APP],
    }


def _with_tool(directory: Directory, draw: Callable[[], str], now: datetime) -> Directory:
    start, end = (each.strftime("%Y-%m-%dT%H:%M:%SZ") for each in (now, now + timedelta(days=365 * 100)))
    secret = {
        "customKeyIdentifier": None,
        "displayName": "sandbox",
        "endDateTime": end,
        "hint": TOOL_SECRET[:3],
        "keyId": draw(),
        "secretText": None,
        "startDateTime": start,
    }
    tool: dict[str, Any] = {
        "id": draw(),
        **NEW_APPLICATION,
        "appId": TOOL_APP,
        "createdByAppId": None,
        "createdDateTime": start,
        "displayName": "oidc-provision",
        "passwordCredentials": [secret],
        "publisherDomain": DOMAIN,
    }
    principal = principal_of(tool, draw(), directory.tenant)
    directory = directory.with_object(APPLICATIONS, tool).with_object(PRINCIPALS, principal)
    return directory.with_secret(secret["keyId"] or "", TOOL_SECRET).with_rights(principal["id"], *TOOL_RIGHTS)
