"""`verify`: proof that refresh tokens work, without a user or with a real sign-in."""

from __future__ import annotations

import click

from ..options import Common, network_options, paths_argument


@click.command("verify")
@paths_argument
@click.option("--login", is_flag=True, help="Sign in for real, refresh, look into the tokens, and take all of it back.")
@click.option(
    "--username", metavar="NAME", default="", help="Sign in as this person through the HTML form, unattended."
)
@click.option("--password", metavar="REF", default="", help="Where the person's password is, as env:NAME or file:PATH.")
@click.option(
    "--trust-host",
    "hosts",
    metavar="HOST",
    multiple=True,
    help="Take this host for the identity provider's own too: for its endpoints and for the password; repeatable.",
)
@click.option(
    "--temporary-redirect",
    is_flag=True,
    help="Allow a redirect URI on loopback for the duration of the sign-in. The only thing that verify writes.",
)
@click.option(
    "--wait", metavar="SECONDS", type=click.FloatRange(1), default=300.0, help="How long to wait for the sign-in."
)
@click.option("--no-browser", is_flag=True, help="Print the address instead of opening a browser.")
@click.option("--probe-reuse", is_flag=True, help="Use the old refresh token again, which can end this one session.")
@click.option("--watch", metavar="DURATION", default="", help="Go on refreshing as Coder does, for this long (as 2h).")
@click.option("--strict", is_flag=True, help="Exit 1 also where something could not be told.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown", "sarif"]),
    default="text",
    show_default=True,
    help="How to print it.",
)
@click.option(
    "--output", metavar="FORM=FILE[,...]", default="", help="Also write renderings to files: text, json, md, sarif."
)
@click.option("--issuer", metavar="URL", default="", help="Verify this OpenID provider, without a plan.")
@click.option("--client-id", metavar="ID", default="", help="The client there.")
@click.option("--client-secret", metavar="REF", default="", help="Where its secret is, as env:NAME or file:PATH.")
@click.option("--redirect-uri", metavar="URL", default="", help="Its redirect URI; one on loopback is listened at.")
@click.option(
    "--scopes", default="openid,profile,email,offline_access", show_default=True, help="The scopes to ask for."
)
@click.option("--auth-url-params", metavar="JSON", default="", help="More parameters of the authorization request.")
@click.option("--coder-token", metavar="REF", default="", help="Where an owner's session token for Coder is.")
@click.option("--coder-metrics", metavar="URL", default="", help="The address of Coder's Prometheus metrics.")
@click.option("--no-coder", is_flag=True, help="Do not ask Coder anything.")
@network_options
def command(common: Common, paths: tuple[str, ...], **given: object) -> int:
    """Confirm step by step that Coder's users get refresh tokens that work; each failure with its cause and its fix.

    Without --login no user is needed. What cannot be told is never called ok.
    """
    from ...plans.errors import UsageError  # noqa: PLC0415  # as below

    try:
        from ..verifying import verify, wish_of  # noqa: PLC0415  # pydantic and httpx, which --help must not load
    except ModuleNotFoundError as error:
        raise UsageError(f"`verify` needs `{error.name}`", fix="pip install 'oidc-provision[verify]'") from None

    return verify(common, paths, wish_of(given))
