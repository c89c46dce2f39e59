"""What Entra ID's refusals mean. Microsoft says that AADSTS numbers may change, so OAuth's error must fit first, and a number only tells more."""

from __future__ import annotations

from ...plans.meanings import Meaning

CLUE = r"AADSTS\d|login\.microsoftonline\.com|sts\.windows\.net"
"""What in a text gives this vendor away."""
AGAIN = "sign in again"
POLICY = f"look at the Conditional Access policies, then {AGAIN}"
# a number is not another one's beginning
_END = r"(?!\d)"


def _entra(numbers: str, error: str, part: str, cause: str, fix: str) -> Meaning:
    words = rf"AADSTS(?:{numbers.replace(' ', '|')}){_END}"
    source = "Microsoft Entra, reference-error-codes"
    return Meaning(f"entra-{numbers.partition(' ')[0]}", error, words, part, cause, fix, source)


MEANINGS: tuple[Meaning, ...] = (
    _entra(
        "7000215",
        "invalid_client",
        "secret",
        "the client secret is wrong: often the secret's id in place of its value",
        "give Coder the secret's value and restart it",
    ),
    _entra(
        "7000222",
        "invalid_client",
        "secret",
        "the client secret is over",
        "add a new secret, give it to Coder, restart it",
    ),
    _entra(
        "9002327",
        "invalid_request",
        "redirect",
        "the redirect URI is registered for a single-page application, whose codes and tokens only a browser may redeem",
        "move the redirect URI from `spa` to `web`: run `oidc-provision apply`",
    ),
    _entra(
        "7000218",
        "invalid_client",
        "secret",
        "Coder sent no secret and no assertion, and the app is confidential",
        "set CODER_OIDC_CLIENT_SECRET",
    ),
    _entra(
        "700025",
        "invalid_client",
        "client",
        "a secret was sent for a public client",
        "move the redirect URI from `publicClient` or `spa` to `web`",
    ),
    _entra(
        "700027",
        "invalid_client",
        "secret",
        "the assertion's certificate is not one of the app",
        "upload the certificate to the app",
    ),
    _entra("700082 70008", "invalid_grant", "refresh", "the refresh token was unused for too long (90 days)", AGAIN),
    _entra(
        "700084",
        "invalid_grant",
        "refresh",
        "the refresh token is one of a single-page app: it ends after 24 hours, whatever is done",
        "move the redirect URI from `spa` to `web`",
    ),
    _entra("50173", "invalid_grant", "refresh", "the grant was revoked, as by a new password", AGAIN),
    _entra(
        "70043",
        "invalid_grant",
        "lifetimes",
        "the sign-in frequency of a Conditional Access policy ended the refresh token",
        POLICY,
    ),
    _entra("70000", "invalid_grant", "refresh", "the refresh token is not valid", AGAIN),
    _entra(
        "50076 50078 50079 53003", "", "person", "multi-factor sign-in is wanted, or Conditional Access blocks", POLICY
    ),
    _entra(
        "65001 90094",
        "",
        "scopes",
        "consent is missing",
        "grant consent for the app (admin consent where people may not)",
    ),
    _entra(
        "650056 650057",
        "",
        "scopes",
        "a permission that is asked for is not listed at the app",
        "add it to the app's API permissions",
    ),
    _entra("50011", "", "redirect", "the redirect URI is not one of the app's", "add Coder's callback under Web"),
    _entra("500113 900971", "", "redirect", "the app has no redirect URI", "add Coder's callback under Web"),
    _entra(
        "700016 7000112",
        "",
        "client",
        "the app is not in this tenant, or disabled",
        "check the client id and the tenant; enable the app",
    ),
    _entra(
        "90002 50194",
        "",
        "issuer",
        "the tenant is not found, or the app is of one tenant and was asked through /common",
        "use the tenant's own GUID in CODER_OIDC_ISSUER_URL",
    ),
    _entra(
        "50105",
        "",
        "person",
        "the person is not assigned to the app",
        "assign the person, or make assignment not required",
    ),
    _entra("50020", "", "person", "the account is not in this tenant", "invite it as a guest"),
    _entra(
        "54005 501481",
        "invalid_grant",
        "pkce",
        "the code was used before, or its PKCE verifier is another one",
        "look for a proxy that repeats the callback; sign in again",
    ),
    _entra("70011 28002 28003", "", "scopes", "a scope is not valid, or there is none", "check CODER_OIDC_SCOPES"),
    _entra(
        "700024",
        "invalid_client",
        "secret",
        "the assertion is not valid at this time",
        "check the clock of the machine that made it",
    ),
    _entra(
        "70021 700211 700212 700213",
        "",
        "secret",
        "no federated credential of the app fits the token's issuer, subject and audience",
        "add a federated credential with just these to the app",
    ),
    _entra("7000229", "", "client", "the app has no service principal in this tenant", "make one: `az ad sp create`"),
    _entra("500011", "", "scopes", "the API that a token is asked for is not in this tenant", "check its address"),
    _entra(
        "1002012",
        "invalid_scope",
        "scopes",
        "an app that signs in for itself may only ask for a scope that ends with /.default",
        "ask for /.default",
    ),
)
