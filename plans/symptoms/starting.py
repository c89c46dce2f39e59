"""Why Coder refuses to start with its OIDC settings: the server's own words and those of its option library."""

from __future__ import annotations

from .base import Certainty, Guide, Symptom

SERVER = "coder/coder, cli/server.go (2022 to 2023; later releases may say it in other words)"
SERPENT = "github.com/coder/serpent v0.15.0, run"
SINK = (
    "write the value for the place it stands in: `oidc-provision env --format docker`, `systemd`, `shell`, `helm` ..."
)


def _refused(code: str, anchor: str, cause: str, fix: str, expression: str = "", *, source: str = SERVER) -> Symptom:
    return Symptom(code, anchor, cause, fix, source, expression, Certainty.PROOF, Guide.AFTER_CHANGE)


STARTING = (
    _refused(
        "start-no-client-id",
        "oidc client id be set",
        "Coder has an OIDC setting and no client id",
        "set CODER_OIDC_CLIENT_ID (`oidc-provision env`)",
    ),
    _refused(
        "start-no-issuer",
        "oidc issuer url must be set",
        "Coder has a client id and no issuer",
        "set CODER_OIDC_ISSUER_URL (`oidc-provision env`)",
    ),
    _refused(
        "start-issuer-differs",
        "issuer did not match",
        "CODER_OIDC_ISSUER_URL is not to the letter the discovery document's `issuer`",
        "take it from `oidc-provision env`; a slash at the end counts",
        r"oidc: issuer did not match|issuer did not match the issuer returned by provider",
        source=f"{SERVER}; github.com/coreos/go-oidc",
    ),
    Symptom(
        "start-discovery-failed",
        "configure oidc provider: ",
        "discovery failed: the issuer cannot be reached, or is not to the letter the document's `issuer`",
        "open the issuer's /.well-known/openid-configuration from where Coder runs; take the issuer from `oidc-provision env`",
        SERVER,
        guide=Guide.AFTER_CHANGE,
        wraps=True,
    ),
    _refused(
        "start-params-quoted",
        "cannot unmarshal !!str",
        "CODER_OIDC_AUTH_URL_PARAMS or another map is text with literal quotes: the quoting is for another place than it stands in",
        SINK,
        r"yaml: unmarshal errors.{0,400}cannot unmarshal !!str",
        source=SERPENT,
    ),
    _refused(
        "start-list-quoted",
        'bare " in non-quoted',
        "a list such as CODER_OIDC_SCOPES is written as JSON: it must be plain names with commas",
        "write `openid,profile,email,offline_access`",
        source=SERPENT,
    ),
    _refused(
        "start-unknown-option",
        'unknown option "oidc.',
        "Coder's YAML names an OIDC option that there is not; a client secret can never stand there",
        "take it out; CODER_OIDC_CLIENT_SECRET is a variable of the environment only (`oidc-provision env --format coder-yaml`)",
        source=SERPENT,
    ),
    _refused(
        "start-key-form",
        "use parsepkcs8privatekey instead",
        "CODER_OIDC_CLIENT_KEY_FILE holds a PKCS#8 key, and Coder reads PKCS#1 only",
        "convert it: `openssl rsa -in key.pem -traditional -out key-pkcs1.pem`",
        source="Go's crypto/x509, run; coder/coder, coderd/oauthpki/oidcpki.go",
    ),
)
