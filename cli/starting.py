"""The steps of `init`: ask for what is missing, check the result as any plan is checked, write it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..plans.errors import UsageError
from ..plans.load import load
from ..provisioners import registry
from ..provisioners.files import write_private
from .console import Console
from .exit_codes import DONE
from .first_plan import as_yaml, provider_settings

STORE = "file:secrets/coder.env#CODER_OIDC_CLIENT_SECRET"
SCOPES = ["openid", "profile", "email"]
LIFETIMES = ("refresh_tokens", "access_tokens")


@dataclass(frozen=True, slots=True)
class Answers:
    """What the flags gave; what is empty is asked for."""

    kind: str = ""
    settings: tuple[str, ...] = ()
    access_url: str = ""
    version: str = ""
    client_id: str = "coder"


def start(console: Console, answers: Answers, output: str) -> int:
    """Write a first plan file; return the exit code. Raises UsageError for what is missing where nobody can be asked."""
    if output != "-" and Path(output).exists():
        raise UsageError("the file exists already", where=output, fix="name another one with --output")
    return _write(console, as_yaml(_plan_data(console, answers)), output)


def _plan_data(console: Console, answers: Answers) -> dict[str, Any]:
    kinds = registry.kinds()
    only = kinds[0] if len(kinds) == 1 else ""
    kind = answers.kind or only or _answer(console, f"Identity provider type ({', '.join(kinds)})", "--type")
    url = answers.access_url or _answer(console, "Coder's access URL", "--access-url")
    try:
        provider = provider_settings(kind, [*answers.settings, *_asked(console, kind, answers.settings)])
    except ValueError as error:
        raise UsageError(
            f"`--set {error}` is not KEY=VALUE", fix="such as --set url=https://sso.example.com"
        ) from error
    return {
        "version": 1,
        "coder": {"access_url": url} | ({"version": answers.version} if answers.version else {}),
        "identity_provider": provider,
        "client": {"id": answers.client_id, "secret": {"store": STORE}, "scopes": SCOPES},
        **_lifetimes(kind),
    }


def _lifetimes(kind: str) -> dict[str, Any]:
    """What the kind's own example says: not every identity provider lets anybody set them."""
    example = registry.load(kind).EXAMPLE
    (deployment,) = load([(str(example), example.read_bytes())], registry.PlanKinds())
    whole = deployment.plan.normalised()
    return {name: whole[name] for name in LIFETIMES if name in whole}


def _asked(console: Console, kind: str, settings: tuple[str, ...]) -> Iterator[str]:
    given = {pair.partition("=")[0] for pair in settings}
    for key, question in registry.load(kind).ASKS.items():
        if not _stated(key, given):
            yield f"{key}={_answer(console, question, f'--set {key}=...')}"


def _stated(key: str, given: set[str]) -> bool:
    """A stated sibling counts: who gives admin.username is not asked for admin.client_id."""
    parent = key.rpartition(".")[0]
    return key in given or bool(parent and any(name.startswith(parent + ".") for name in given))


def _answer(console: Console, question: str, flag: str) -> str:
    if not console.is_interactive:
        raise UsageError(f"{question} is missing, and there is nobody here to ask", fix=f"pass {flag}")
    answer = console.ask(f"{question}: ")
    if not answer:
        raise UsageError(f"{question} is missing", fix=f"pass {flag}")
    return answer


def _write(console: Console, text: str, output: str) -> int:
    # checked as any plan is, before anything is written
    load([(output if output != "-" else "the new plan", text.encode())], registry.PlanKinds())
    if output == "-":
        console.out(text)
        return DONE
    write_private(Path(output), text.encode())
    console.say(f"wrote {output}; next: oidc-provision plan {output}")
    return DONE
