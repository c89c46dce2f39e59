"""The finding codes of Entra ID, each with why it matters and where the fact comes from."""

from __future__ import annotations

from ...plans.findings import Rule, Severity

MISSING_RIGHT = Rule(
    "entra-missing-right",
    Severity.ERROR,
    "the tool's application lacks a right of Microsoft Graph",
    "Without it Graph answers 403 in the middle of the work. So the rights that the tool's token names are checked before anything is compared. "
    "Each feature asks for the least right that it needs; those for consent and Conditional Access are powers over the whole tenant, and only asked "
    "for where the plan uses them.",
    "Microsoft Graph, permissions-reference",
)

PAGE = "Microsoft Entra, configurable-token-lifetimes"
REFRESH = "Microsoft Entra, refresh-tokens"

UNKNOWN_APPLICATION = Rule(
    "entra-unknown-application",
    Severity.ERROR,
    "the tenant has no application with this appId",
    "An appId is drawn by Entra and cannot be chosen, so the plan can only mean one that exists. "
    "A new application gets a name of ours as `client.id`.",
    "Microsoft Graph, application-upsert",
)
DELETED = Rule(
    "entra-deleted",
    Severity.WARNING,
    "an application of this name was deleted and can still be restored",
    "An application that is made anew has another appId, and `sub` is pairwise for each application: everybody would be somebody else to Coder. "
    "Within 30 days the deleted one can be restored with all it had.",
    "Microsoft Graph, deletedItems; Microsoft Entra, id-token-claims-reference",
)
UNKNOWN_SCOPE = Rule(
    "entra-unknown-scope",
    Severity.ERROR,
    "Microsoft Graph has no delegated permission of this name",
    "A sign-in that asks for an unknown scope is refused with AADSTS70011.",
    "Microsoft Graph, permissions-reference",
)
SPA_REDIRECT = Rule(
    "entra-spa-redirect",
    Severity.WARNING,
    "Coder's callback is registered for a single-page application",
    "Refresh tokens for redirect URIs under `spa` end after 24 hours, whatever else is set (AADSTS700084). "
    "This is where the guide's 24 hours come from: for a web application there is no such limit.",
    REFRESH,
)
PUBLIC_REDIRECT = Rule(
    "entra-public-redirect",
    Severity.WARNING,
    "Coder's callback is registered for a mobile or desktop application",
    "Such an application is public: the secret that Coder sends is refused (AADSTS700025).",
    "Microsoft Entra, reference-error-codes",
)
PUBLIC_FLOWS_ON = Rule(
    "entra-public-flows",
    Severity.WARNING,
    "public client flows are allowed",
    "Coder is a confidential client. With public client flows anybody can use the application without its secret.",
    "Coder's guide; Microsoft Entra, application resource",
)
NO_CREDENTIAL = Rule(
    "entra-no-credential",
    Severity.ERROR,
    "a new application would have neither secret nor certificate",
    "Entra shows a secret once, so there must be a place for it before it is made. Without a credential Coder cannot redeem anything.",
    "Microsoft Graph, application-addpassword",
)
CREDENTIAL_ELSEWHERE = Rule(
    "entra-credential-elsewhere",
    Severity.INFO,
    "the application's credentials are not the plan's affair",
    "Entra does not give a secret back. Without `client.secret` or `client.certificate` nothing is known of the one in use, and `env` prints none.",
)
CREDENTIAL_LEFT = Rule(
    "entra-credential-left",
    Severity.INFO,
    "a secret or certificate of ours is still good and the plan uses another",
    "After a move from one kind to the other, or back to an earlier certificate, nothing at Entra tells when Coder was restarted, so what it used "
    "is not taken away by itself.",
)
SECRET_NOT_THERE = Rule(
    "entra-secret-not-there",
    Severity.WARNING,
    "the given secret is none of the application's",
    "Entra tells the first three characters of every secret. No good one begins as the given one does, so Coder would be refused (AADSTS7000215).",
    "Microsoft Graph, passwordCredential.hint",
)
ENDED = Rule(
    "entra-credential-ended",
    Severity.WARNING,
    "the application has no secret or certificate that is good",
    "From that moment no sign-in and no refresh works (AADSTS7000222).",
    "Microsoft Entra, reference-error-codes",
)
ENDING = Rule(
    "entra-credential-ending",
    Severity.WARNING,
    "the secret or certificate in use ends soon",
    "When it ends, no sign-in and no refresh works. A new one is made beside it and both are good for the overlap, so nobody is signed out.",
    "Microsoft Graph, application-addpassword",
)
ORPHAN = Rule(
    "entra-orphan-secret",
    Severity.WARNING,
    "there are secrets of ours that nobody knows",
    "A run died between making a secret and keeping it, or the store was emptied since. Entra shows a secret once, so what nobody knows is of no "
    "use, and apply removes it; where the store is empty, the one that Coder may use stays for `client.rotation_overlap`.",
    "Microsoft Graph, application-addpassword",
)
OVERLAP = Rule(
    "entra-overlap",
    Severity.INFO,
    "two secrets are good at once while Coder is given the new one",
    "The one before stays for `client.rotation_overlap`, so that Coder can be restarted in between and nobody is signed out.",
    "Microsoft Graph, application-addpassword",
)
HURRIED = Rule(
    "entra-rotation-in-overlap",
    Severity.WARNING,
    "a rotation takes away the secret before while its overlap lasts",
    "There are never more than two secrets of ours: the one in use and the new one. Coder, where it was not restarted since the rotation before, "
    "still has the one that goes.",
    "Microsoft Entra, supported-accounts-validation",
)
NOT_YET = Rule(
    "entra-credential-not-yet",
    Severity.WARNING,
    "the secret or certificate in use is not good yet",
    "Entra refuses it before its beginning (AADSTS7000215, AADSTS700027), so nobody can sign in and no token is refreshed.",
    "Microsoft Graph, passwordCredential",
)
STORE_LOST = Rule(
    "entra-store-lost",
    Severity.WARNING,
    "the store holds none of the application's secrets",
    "A new secret is made beside the one that Coder may still use; that one stays for `client.rotation_overlap`. "
    "Give Coder the new one before it is over.",
    "Microsoft Graph, passwordCredential.hint",
)
UNCLEAR = Rule(
    "entra-secret-unclear",
    Severity.INFO,
    "whether the stored secret is good cannot be told",
    "The application has secrets of which Entra tells no hint, as old ones have none. Nothing is made anew; `verify` asks the token endpoint.",
    "Microsoft Graph, passwordCredential.hint",
)
SECRET_FORBIDDEN = Rule(
    "entra-secret-forbidden",
    Severity.ERROR,
    "a policy of the tenant forbids secrets",
    "Adding one is refused with CredentialTypeNotAllowedAsPerAppPolicy. A certificate is what such tenants want.",
    "Microsoft Graph, appManagementPolicy",
)
SECRET_TOO_LONG = Rule(
    "entra-secret-too-long",
    Severity.ERROR,
    "a policy of the tenant limits how long a secret may be good",
    "Adding one that lasts longer is refused with CredentialInvalidLifetimeAsPerAppPolicy.",
    "Microsoft Graph, appManagementPolicy",
)
CERTIFICATE_TOO_LONG = Rule(
    "entra-certificate-too-long",
    Severity.ERROR,
    "a policy of the tenant limits how long a certificate may be good",
    "Registering one that lasts longer is refused.",
    "Microsoft Graph, appManagementPolicy",
)
CERTIFICATE_UNUSABLE = Rule(
    "entra-certificate-unusable",
    Severity.ERROR,
    "the certificate is of no use",
    "Entra takes an X.509 certificate that is good now, and Coder signs with RSA only.",
    "Coder facts, certificates in place of a secret",
)
KEY_UNUSABLE = Rule(
    "entra-key-unusable",
    Severity.ERROR,
    "Coder cannot use the private key",
    "Coder reads PEM in PKCS#1 form and nothing else; current openssl writes PKCS#8 by default.",
    "Coder facts, certificates in place of a secret",
)
LIFETIME_FIXED = Rule(
    "entra-refresh-lifetime-fixed",
    Severity.WARNING,
    "Entra lets nobody set how long refresh tokens last",
    "A refresh token of a web application ends after 90 days without use and has no other end; since 2021-01-30 policies that say otherwise are not "
    "honoured. The guide calls the 90 days absolute and names 24 hours of inactivity and a page for token lifetimes: all three are wrong.",
    f"{PAGE}; {REFRESH}",
)
NO_ROTATION = Rule(
    "entra-no-rotation",
    Severity.WARNING,
    "Entra does not use refresh tokens up",
    "Each refresh gives a new token and the old one stays good, so parallel refreshes of Coder's do no harm. Rotation cannot be asked for.",
    REFRESH,
)
ACCESS_FIXED = Rule(
    "entra-access-lifetime-fixed",
    Severity.WARNING,
    "the lifetime of Coder's access token is not the application's to set",
    "Coder's access token is for Microsoft Graph, and the policy of the application that is accessed counts. By itself it lasts 60 to 90 minutes, "
    "drawn anew each time. A token lifetime policy on Coder's application changes its ID tokens alone.",
    PAGE,
)
FREQUENCY_DEFERRED = Rule(
    "entra-frequency-deferred",
    Severity.INFO,
    "sign-in frequency does not end a running session of Coder's",
    "For a confidential client a sign-in frequency that is due during a refresh waits for the next interactive sign-in. The policy is made to report "
    "only; an administrator switches it on. It needs Entra ID P1.",
    "Microsoft Entra, conditional-access/concept-session-lifetime",
)
ID_TOKEN_ONLY = Rule(
    "entra-token-policy",
    Severity.INFO,
    "the token lifetime policy changes ID tokens, and not when Coder refreshes",
    "The policy of the application that is accessed counts, and Coder's access token is for Microsoft Graph. The feature is a preview and needs P1.",
    PAGE,
)
POLICIES_TOGETHER = Rule(
    "entra-policies-together",
    Severity.WARNING,
    "sign-in frequency and a token lifetime policy are not to be combined",
    "Microsoft advises against both for the same people and application.",
    "Microsoft Entra, conditional-access/concept-session-lifetime",
)
ORGANIZATION_POLICY = Rule(
    "entra-organization-policy",
    Severity.WARNING,
    "a token lifetime policy of the whole organization wins over the application's",
    "Where the organization has a default policy, one that is attached to an application does nothing.",
    PAGE,
)
CONSENT_UNKNOWN = Rule(
    "entra-consent-unknown",
    Severity.INFO,
    "whether an administrator has consented cannot be told",
    "Reading consent needs a right that the tool's sign-in lacks, and is not asked for without `client.admin_consent`. Without consent people are "
    "asked themselves, or refused (AADSTS65001, AADSTS90094).",
    "Microsoft Graph, oauth2PermissionGrant",
)
CONSENT_NOT_GIVEN = Rule(
    "entra-consent-not-given",
    Severity.WARNING,
    "consent is asked for and cannot be given",
    "To consent, the tool must see Microsoft Graph's own service principal and the consent that there is. Without consent people are asked "
    "themselves, or refused (AADSTS65001, AADSTS90094).",
    "Microsoft Graph, oauth2PermissionGrant",
)
ASSIGNMENT_REQUIRED = Rule(
    "entra-assignment-required",
    Severity.INFO,
    "only people assigned to the application may sign in",
    "Everybody else is refused with AADSTS50105. Assignments are not managed.",
    "Microsoft Entra, reference-error-codes",
)
DISABLED = Rule(
    "entra-disabled",
    Severity.WARNING,
    "the application is disabled",
    "Every sign-in and refresh is refused (AADSTS7000112). Whether it is enabled is not managed.",
    "Microsoft Entra, reference-error-codes",
)
GROUPS_SHAPE = Rule(
    "entra-groups-claim",
    Severity.ERROR,
    "Entra has one claim of groups, with their object ids",
    "It is called `groups`, holds object ids, and no path. Roles of another kind are not groups.",
    "Microsoft Entra, optional-claims-reference",
)
MANY_GROUPS = Rule(
    "entra-many-groups",
    Severity.INFO,
    "people in more than 200 groups bring none",
    "Then the token names a place to ask instead of the groups, and Coder sees none. With `group_membership: ApplicationGroup` only groups that are "
    "assigned to the application count.",
    "Microsoft Entra, id-token-claims-reference",
)
GROUPS_AS_ROLES = Rule(
    "entra-groups-as-roles",
    Severity.WARNING,
    "groups come as roles",
    "With `emit_as_roles` among the claim's additional properties Entra puts the groups into `roles`, where Coder does not look.",
    "Microsoft Entra, optional-claims-reference",
)
OTHER_LIFETIME = Rule(
    "entra-other-token-policy",
    Severity.ERROR,
    "the application has another token lifetime policy",
    "An application has one at most. Ours cannot be attached beside it, and what somebody else made is never touched.",
    "Microsoft Graph, tokenLifetimePolicy",
)
MEMBERSHIP_WITHOUT_CLAIM = Rule(
    "entra-membership-without-claim",
    Severity.WARNING,
    "`group_membership` says nothing without a `groups_claim`",
    "It says which groups the claim holds. No token brings groups where the plan asks for no claim of them.",
    "Microsoft Entra, optional-claims-reference",
)
UPN_OF_GUESTS = Rule(
    "entra-upn",
    Severity.INFO,
    "the user principal name is no email address for guests",
    "A guest's reads `name_host#EXT#@tenant`, and both it and `preferred_username` can change.",
    "Microsoft Entra, optional-claims-reference",
)
OTHER_TENANTS = Rule(
    "entra-other-tenants",
    Severity.WARNING,
    "people of other tenants could sign in at Entra and not at Coder",
    "The issuer of their tokens names their own tenant, and Coder compares issuers to the letter.",
    "Microsoft Entra, v2-protocols-oidc",
)
NOT_MANAGED_SCOPE = Rule(
    "entra-foreign-scope",
    Severity.INFO,
    "a scope of another API is asked for and not managed",
    "Only delegated permissions on Microsoft Graph are added to the application. Entra gives a token for one API at a time.",
    "Microsoft Entra, scopes-oidc",
)

RULES = tuple(value for value in dict(vars()).values() if isinstance(value, Rule))
