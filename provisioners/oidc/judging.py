"""What each part of a sign-in shows: answers in, steps out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...plans.durations import format_duration
from ...plans.meanings import meaning_of
from ...plans.steps import Step, failed, ok, unclear
from .id_tokens import IdToken
from .peeking import kind_of, lifetime_of
from .subject import Subject
from .tokens import Answer

SIGN_IN = ("sign-in", "a person signs in and the code is exchanged")
SCOPES = ("scopes", "the scopes were granted")
ID_TOKEN = ("id-token", "the ID token holds")
REFRESH_TOKEN = ("refresh-token", "a refresh token came")
REFRESH = ("refresh", "the refresh token is accepted")
REFRESHED = ("refreshed-id-token", "the refreshed ID token says the same")
ROTATION = ("rotation", "the old refresh token after the refresh")
LIFETIMES = ("lifetimes", "the advertised lifetimes are those of the plan")
WATCHED = ("watched", "refreshes go on as Coder makes them")
REVOKED = ("revoked", "what was made here is taken back")
OFFLINE_ACCESS = "offline_access"
_SHORT = 60
"""Seconds by which a lifetime may differ: the token travelled."""


def refusal(subject: Subject, step: tuple[str, str], answer_or_return: tuple[str, str, str]) -> Step:
    """Return a failed step for a refusal: its error, its description, and both in one line."""
    error, description, said = answer_or_return
    meaning = meaning_of(error, description, subject.tables)
    if meaning is None:
        return failed(*step, f"refused: {said}", breaks=["refresh" if step == REFRESH else "person"])
    return failed(*step, f"{meaning.cause} ({said})", fix=subject.fix(meaning.part, meaning.fix), breaks=[meaning.part])


def scopes(subject: Subject, answer: Answer) -> Step:
    """Judge what was granted against what was asked for."""
    granted = answer.scopes
    if granted is None:
        return ok(*SCOPES, "the answer names none, which means those that were asked for")
    unnamed = [scope for scope in subject.request.scopes if not subject.names_of(scope) & set(granted)]
    missing = [scope for scope in unnamed if scope not in subject.silent]
    evidence = "; ".join([f"granted: {', '.join(granted)}", *_unspoken(subject, unnamed)])
    if OFFLINE_ACCESS in missing:
        fix = subject.fix("offline", "allow offline_access for the client and the person")
        return failed(*SCOPES, "offline_access was asked for and not granted", evidence, fix=fix, breaks=["offline"])
    if missing:
        return unclear(*SCOPES, f"asked for and not named in the answer: {', '.join(missing)}", evidence)
    return ok(*SCOPES, evidence)


def _unspoken(subject: Subject, unnamed: Iterable[str]) -> Iterator[str]:
    for scope in unnamed:
        if scope in subject.silent:
            shown = ": a refresh token shows it" if scope == OFFLINE_ACCESS else ""
            yield f"{scope} is never named here{shown}"


def id_token(step: tuple[str, str], token: IdToken, wrong: Iterable[str]) -> Step:
    """Judge an ID token whose signature holds by what is wrong with it."""
    problems = tuple(dict.fromkeys(wrong))
    hashes = [claim for claim in ("at_hash", "rt_hash") if claim in token.claims]
    held = f"; {' and '.join(hashes)} checked" if hashes and not problems else ""
    evidence = f"signed with {token.algorithm}{held}"
    if problems:
        fix = "an identity provider that sends this is broken, or is not the one it says it is: do not use it"
        return failed(*step, "; ".join(problems), evidence, fix=fix, breaks=["issuer"])
    return ok(*step, evidence)


def refresh_token(subject: Subject, answer: Answer) -> Step:
    """Judge whether a refresh token came, and of which kind."""
    token = answer.token("refresh_token")
    if not token:
        fix = subject.fix("refresh", "let the identity provider issue refresh tokens to this client")
        problem = "no refresh token came: Coder signs its users out when the access token ends"
        return failed(*REFRESH_TOKEN, problem, fix=fix, breaks=["refresh"])
    kind = kind_of(token)
    if OFFLINE_ACCESS in subject.request.scopes and kind == "Refresh":
        problem = "it is bound to the browser's session, though offline_access was asked for"
        return failed(*REFRESH_TOKEN, problem, fix=subject.fix("offline", "allow offline_access"), breaks=["offline"])
    return ok(*REFRESH_TOKEN, f"its kind: {kind}" if kind else "its kind cannot be seen: it is opaque")


def refresh(subject: Subject, answer: Answer) -> Step:
    """Judge the answer to a refresh."""
    if answer.error:
        return refusal(subject, REFRESH, (answer.error, answer.description, answer.said))
    kept = "and a refresh token with it" if answer.token("refresh_token") else "the refresh token stays"
    return ok(*REFRESH, f"a new access token for {duration(answer.expires_in)}; {kept}")


def rotated(old: str, new: str) -> str:
    """Say whether a refresh brought a new refresh token."""
    return "the refresh brought a new refresh token" if new and new != old else "the refresh token stays the same"


def untried_rotation(old: str, new: str) -> Step:
    """Judge without using the old token again, which could end the person's session."""
    if not new or new == old:
        return ok(*ROTATION, rotated(old, new))
    fix = "use --probe-reuse, which can end this one session"
    return unclear(*ROTATION, "whether the old one still works was not tried", rotated(old, new), fix=fix)


def replayed(subject: Subject, seen: str, said: str, *, newest_lives: bool) -> Step:
    """Judge a second use that was refused."""
    rest = "while the newest one lives" if newest_lives else "and the newest one died with it"
    if subject.promise.rotation == "rotate":
        return ok(*ROTATION, seen, f"a second use is refused, {rest}, as the plan wants")
    problem = f"a refresh token used a second time is refused ({said}), {rest}: Coder refreshes in parallel"
    fix = subject.fix("rotation", "allow refresh tokens to be used again, or grant a grace period")
    return failed(*ROTATION, problem, seen, fix=fix, breaks=["rotation"])


def lifetimes(subject: Subject, answer: Answer, now: float) -> Step:
    """Judge what the tokens say of their ends against what the plan promises."""
    promise, wrong = subject.promise, []
    access, ends = answer.expires_in, lifetime_of(answer, now)
    if promise.access is not None and access is not None and abs(access - promise.access) > _SHORT:
        wrong.append(f"access tokens live {format_duration(access)}, the plan says {format_duration(promise.access)}")
    if promise.idle is not None and ends is not None and ends < promise.idle - _SHORT:
        promised = format_duration(promise.idle)
        wrong.append(f"the refresh token ends after {format_duration(ends)}, the plan promises {promised}")
    evidence = f"access {duration(access)}; refresh {'without an end of its own' if ends is None else duration(ends)}"
    if wrong:
        fix = subject.fix(
            "lifetimes", "run `oidc-provision plan`: a limit of the identity provider is below the plan's"
        )
        return failed(*LIFETIMES, "; ".join(wrong), evidence, fix=fix, breaks=["lifetimes"])
    silent = promise.access is None and promise.idle is None
    return ok(*LIFETIMES, evidence, *(["the plan says nothing about them"] if silent else []))


def duration(seconds: int | None) -> str:
    """Return seconds in words."""
    return "a time that is not said" if seconds is None else format_duration(seconds)
