"""What can be said of the settings that a plan's `env:` adds, before Coder refuses to start or misreads them."""

from __future__ import annotations

from collections.abc import Iterator

from .coder_options import check_value, is_unknown, suggest
from .findings import Finding
from .model import Plan
from .rules import BAD_SETTING, GENERATED_SETTING, UNKNOWN_SETTING

ALWAYS_GENERATED = frozenset(
    {
        "CODER_OIDC_ISSUER_URL",
        "CODER_OIDC_CLIENT_ID",
        "CODER_OIDC_CLIENT_SECRET",
        "CODER_OIDC_SCOPES",
        "CODER_OIDC_AUTH_URL_PARAMS",
    }
)


def generated_names(plan: Plan) -> frozenset[str]:
    """Return the names of the settings that this plan generates."""
    optional = {
        "CODER_OIDC_GROUP_FIELD": plan.client.groups_claim,
        "CODER_OIDC_REDIRECT_URL": plan.coder.redirect_url,
        "CODER_SESSION_DURATION": plan.coder.session_duration,
    }
    return ALWAYS_GENERATED | {name for name, stated in optional.items() if stated is not None}


def check_env(plan: Plan) -> Iterator[Finding]:
    """Return a finding for each setting that is generated, unknown, or of a value that Coder would not take."""
    generated = generated_names(plan)
    for name, value in plan.env.items():
        path = ("env", name)
        if name in generated:
            yield GENERATED_SETTING.finding(f"`{name}` follows from the plan", fix="take it out of `env:`", path=path)
        elif is_unknown(name):
            close = suggest(name)
            fix = f"did you mean `{close}`?" if close else "take it out: Coder would ignore it"
            yield UNKNOWN_SETTING.finding(f"Coder knows no setting `{name}`", fix=fix, path=path)
        else:
            problem = check_value(name, value)
            if problem is not None:
                yield BAD_SETTING.finding(f"`{name}`: {problem}", fix="correct the value", path=path)
