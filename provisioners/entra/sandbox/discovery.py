"""The discovery document as Entra has it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NOT_THERE = (
    "revocation_endpoint",
    "introspection_endpoint",
    "grant_types_supported",
    "code_challenge_methods_supported",
)
_CLAIMS = ("sub", "iss", "aud", "exp", "iat", "nonce", "preferred_username", "name", "tid", "ver", "email")


def entra_document(document: Mapping[str, Any], issuer: str, own: str) -> dict[str, Any]:
    """Return the shared provider's document with Entra's addresses; `own` is the tenant's address."""
    kept = {name: value for name, value in document.items() if name not in _NOT_THERE}
    return kept | {
        "issuer": issuer,
        "authorization_endpoint": f"{own}/oauth2/v2.0/authorize",
        "token_endpoint": f"{own}/oauth2/v2.0/token",
        "jwks_uri": f"{own}/discovery/v2.0/keys",
        "userinfo_endpoint": f"{own}/oidc/userinfo",
        "end_session_endpoint": f"{own}/oauth2/v2.0/logout",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "claims_supported": list(_CLAIMS),
    }
