"""How an application shows who it is at the token endpoint: by a secret, by its certificate, or, where it is public, not at all."""

from __future__ import annotations

from datetime import datetime

from .aadsts import Opened
from .assertions import is_current, signed_claims
from .state import APPLICATIONS, Directory, Representation

EVERYBODY = ("common", "organizations", "consumers")
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_HINT = "Ensure the secret being sent in the request is the client secret value, not the client secret ID"


def known(directory: Directory, opened: Opened, client_id: str, *, page: bool = False) -> Representation:
    """Return the application of an appId; refuses one that is unknown, disabled, or of this tenant alone where all were named."""
    found = directory.find(APPLICATIONS, "appId", client_id) if client_id else None
    if found is None:
        words = f"Application with identifier '{client_id}' was not found in the directory 'Contoso'."
        raise opened.refusal(700016, "unauthorized_client", words, page=page)
    principal = directory.principal_of(client_id)
    if found["isDisabled"] or (principal is not None and principal["accountEnabled"] is False):
        raise opened.refusal(7000112, "unauthorized_client", f"Application '{client_id}' is disabled.", page=page)
    if opened.named in EVERYBODY and found["signInAudience"] == "AzureADMyOrg":
        words = f"Application '{client_id}' is not configured as a multi-tenant application."
        raise opened.refusal(50194, "invalid_request", words, page=page)
    return found


def proven(directory: Directory, opened: Opened, client_id: str, secret: str | None) -> Representation:
    """Return the application that these credentials prove."""
    found = known(directory, opened, client_id)
    if opened.form.get("client_assertion"):
        _check_assertion(directory, opened, found)
        return found
    uri = opened.form.get("redirect_uri", "")
    public = uri in found["publicClient"]["redirectUris"] and uri not in found["web"]["redirectUris"]
    if secret is None:
        if public or uri in found["spa"]["redirectUris"] or found["isFallbackPublicClient"]:
            return found
        words = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
        raise opened.refusal(7000218, "invalid_client", words, 401)
    if public:
        words = "Client is public so neither 'client_assertion' nor 'client_secret' should be presented."
        raise opened.refusal(700025, "invalid_client", words, 401)
    _check_secret(directory, opened, found, secret)
    return found


def _check_secret(directory: Directory, opened: Opened, found: Representation, secret: str) -> None:
    secrets, app_id = directory.secrets, found["appId"]
    held = [each for each in found["passwordCredentials"] if secrets.get(each["keyId"]) == secret != ""]
    if not held:
        words = f"Invalid client secret provided. {_HINT}, for a secret added to app '{app_id}'."
        raise opened.refusal(7000215, "invalid_client", words, 401)
    if all(datetime.fromisoformat(each["endDateTime"]).timestamp() <= opened.now for each in held):
        words = f"The provided client secret keys for app '{app_id}' are expired."
        raise opened.refusal(7000222, "invalid_client", words, 401)


def _check_assertion(directory: Directory, opened: Opened, found: Representation) -> None:
    claims = signed_claims(opened.form["client_assertion"], found, opened.now)
    if claims is None or opened.form.get("client_assertion_type") != ASSERTION:
        words = (
            "Client assertion failed signature validation. The key was not found among the application's certificates."
        )
        raise opened.refusal(700027, "invalid_client", words, 401)
    if not is_current(claims, opened.now):
        raise opened.refusal(700024, "invalid_client", "Client assertion is not within its valid time range.", 401)
    names = (directory.tenant, directory.domain)
    # Entra is always on https, and Microsoft's clients name it so: what is served on plain loopback stands for that
    bases = {opened.base, opened.base.replace("http://", "https://", 1)}
    addresses = [f"{base}/{name}/{end}" for base in bases for name in names for end in ("oauth2/v2.0/token", "v2.0")]
    owner = {str(claims.get("iss")).lower(), str(claims.get("sub")).lower()}
    if claims.get("aud") not in addresses or owner != {str(found["appId"]).lower()}:
        words = "Client assertion audience or issuer does not match."
        raise opened.refusal(700023, "invalid_client", words, 401)
