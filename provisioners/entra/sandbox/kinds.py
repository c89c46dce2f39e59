"""The properties of each kind of object that may be written, by name."""

from __future__ import annotations

from collections.abc import Mapping

from .shapes import (
    Check,
    binary,
    duration,
    flag,
    guid,
    many,
    number,
    one_of,
    perhaps,
    record,
    switch,
    text,
    time,
    whole,
    word,
)

AUDIENCES = ("AzureADMyOrg", "AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount")
_redirects = record(redirectUris=many(word))
_claims = many(whole("name", record(name=word, source=text, essential=switch, additionalProperties=many(word))))
_scope_fields: Mapping[str, Check] = {
    "adminConsentDescription": text,
    "adminConsentDisplayName": text,
    "id": guid,
    "isEnabled": switch,
    "type": text,
    "userConsentDescription": text,
    "userConsentDisplayName": text,
    "value": text,
}
_scopes = many(whole("id", record(**_scope_fields)))
_roles = many(
    whole(
        "id allowedMemberTypes displayName description",
        record(
            id=guid,
            allowedMemberTypes=many(one_of("User", "Application")),
            displayName=word,
            description=word,
            isEnabled=switch,
            value=text,
        ),
    )
)
_access = many(
    whole(
        "resourceAppId resourceAccess",
        record(
            resourceAppId=guid,
            resourceAccess=many(whole("id type", record(id=guid, type=one_of("Scope", "Role")))),
        ),
    )
)
KEY: Check = record(
    customKeyIdentifier=perhaps(binary),
    displayName=text,
    endDateTime=perhaps(time),
    key=perhaps(binary),
    keyId=perhaps(guid),
    startDateTime=perhaps(time),
    type=one_of("AsymmetricX509Cert"),
    usage=one_of("Verify"),
)
PASSWORD: Mapping[str, Check] = {
    "customKeyIdentifier": perhaps(binary),
    "displayName": text,
    "endDateTime": perhaps(time),
    "startDateTime": perhaps(time),
}
APPLICATION: Mapping[str, Check] = {
    "displayName": word,
    "description": text,
    "notes": text,
    "tags": many(word),
    "signInAudience": one_of(*AUDIENCES),
    "identifierUris": many(word),
    "isFallbackPublicClient": flag,
    "isDeviceOnlyAuthSupported": flag,
    "isDisabled": flag,
    "oauth2RequirePostResponse": switch,
    "groupMembershipClaims": text,
    "serviceManagementReference": text,
    "tokenEncryptionKeyId": perhaps(guid),
    "info": record(**dict.fromkeys(("marketingUrl", "privacyStatementUrl", "supportUrl", "termsOfServiceUrl"), text)),
    "web": record(
        homePageUrl=text,
        logoutUrl=text,
        redirectUris=many(word),
        redirectUriSettings=many(record(uri=text, index=number)),
        implicitGrantSettings=record(enableAccessTokenIssuance=flag, enableIdTokenIssuance=flag),
    ),
    "spa": perhaps(_redirects),
    "publicClient": perhaps(_redirects),
    "api": record(
        acceptMappedClaims=flag,
        knownClientApplications=many(guid),
        oauth2PermissionScopes=_scopes,
        preAuthorizedApplications=many(record(appId=guid, delegatedPermissionIds=many(guid))),
        requestedAccessTokenVersion=number,
    ),
    "appRoles": _roles,
    "optionalClaims": perhaps(record(idToken=_claims, accessToken=_claims, saml2Token=_claims)),
    "requiredResourceAccess": _access,
    "keyCredentials": many(KEY),
    "authenticationBehaviors": perhaps(
        record(blockAzureADGraphAccess=flag, removeUnverifiedEmailClaim=flag, requireClientServicePrincipal=flag)
    ),
}
PRINCIPAL: Mapping[str, Check] = {
    "accountEnabled": flag,
    "alternativeNames": many(word),
    "appRoleAssignmentRequired": switch,
    "description": text,
    "homepage": text,
    "loginUrl": text,
    "notes": text,
    "notificationEmailAddresses": many(word),
    "preferredSingleSignOnMode": text,
    "tags": many(word),
}
GRANT: Mapping[str, Check] = {
    "clientId": word,
    "consentType": one_of("AllPrincipals", "Principal"),
    "principalId": text,
    "resourceId": word,
    "scope": word,
}
FEDERATED: Mapping[str, Check] = {
    "name": word,
    "issuer": word,
    "subject": word,
    "audiences": many(word),
    "description": text,
}
TOKEN_POLICY: Mapping[str, Check] = {
    "displayName": word,
    "description": text,
    "definition": many(word),
    "isOrganizationDefault": flag,
}
_state = one_of("enabled", "disabled")
_restriction = {"maxLifetime": perhaps(duration), "restrictForAppsCreatedAfterDateTime": perhaps(time), "state": _state}
_passwords = many(
    record(
        restrictionType=one_of(
            "passwordAddition",
            "passwordLifetime",
            "symmetricKeyAddition",
            "symmetricKeyLifetime",
            "customPasswordAddition",
        ),
        **_restriction,
    )
)
_keys = many(record(restrictionType=one_of("asymmetricKeyLifetime"), **_restriction))
RESTRICTIONS: Check = record(passwordCredentials=_passwords, keyCredentials=_keys)
APP_POLICY: Mapping[str, Check] = {
    "displayName": word,
    "description": text,
    "isEnabled": switch,
    "restrictions": RESTRICTIONS,
}
DEFAULT_APP_POLICY: Mapping[str, Check] = {
    "displayName": word,
    "description": text,
    "isEnabled": switch,
    "applicationRestrictions": RESTRICTIONS,
    "servicePrincipalRestrictions": RESTRICTIONS,
}
_names = many(word)
_frequency = record(
    isEnabled=flag,
    authenticationType=perhaps(one_of("primaryAndSecondaryAuthentication", "secondaryAuthentication")),
    frequencyInterval=perhaps(one_of("timeBased", "everyTime")),
    type=perhaps(one_of("days", "hours")),
    value=number,
)
ACCESS_POLICY: Mapping[str, Check] = {
    "displayName": word,
    "description": text,
    "state": one_of("enabled", "disabled", "enabledForReportingButNotEnforced"),
    "conditions": record(
        clientAppTypes=many(
            one_of("all", "browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "easSupported", "other")
        ),
        applications=record(includeApplications=_names, excludeApplications=_names, includeUserActions=_names),
        users=record(
            **dict.fromkeys(
                ("includeUsers", "excludeUsers", "includeGroups", "excludeGroups", "includeRoles", "excludeRoles"),
                _names,
            )
        ),
    ),
    "grantControls": perhaps(
        record(
            operator=one_of("AND", "OR"),
            builtInControls=many(one_of("block", "mfa", "compliantDevice", "domainJoinedDevice", "passwordChange")),
        )
    ),
    "sessionControls": perhaps(
        record(
            signInFrequency=perhaps(_frequency),
            persistentBrowser=perhaps(record(isEnabled=flag, mode=perhaps(one_of("always", "never")))),
            disableResilienceDefaults=flag,
        )
    ),
}
REFERENCE: Mapping[str, Check] = {}
"""A reference is one annotation, `@odata.id`."""
