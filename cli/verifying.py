"""The steps of `verify`: what is verified, the look, the probes, a person's sign-in, Coder's side, the verdict."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..plans.durations import parse_duration
from ..plans.errors import ProvisionError, UsageError
from ..plans.references import parse_reference
from ..plans.steps import Step, Verification, not_reached, unclear, verification
from ..provisioners import registry
from ..provisioners.files import write_private
from ..provisioners.oidc.asking import Request
from ..provisioners.oidc.coder_side import CoderSide
from ..provisioners.oidc.discovery import host_of
from ..provisioners.oidc.forms import FormDriver, Person
from ..provisioners.oidc.of_plan import Picture, assumed, plan_step, stated, subject_of, untold
from ..provisioners.oidc.probes import CREDENTIALS, DOOR
from ..provisioners.oidc.signing_in import untried
from ..provisioners.oidc.subject import Subject
from ..provisioners.oidc.tokens import Credentials
from ..provisioners.oidc.verifying import Meet, Surroundings, Verifier
from ..provisioners.session import Session, open_session
from ..provisioners.transport import fetch_json
from .applying import single
from .exit_codes import DONE, FAILED
from .meeting import Doorway, Seat, coming_back, explained, refuse_without_redirects
from .options import Common
from .planning import Wish, look, named_outputs, say_traffic
from .render.proof import RENDERINGS
from .running import Interruption, load_deployments, run

if TYPE_CHECKING:
    from ..plans.coder_env import CoderEnv
    from ..plans.load import Deployment
    from ..plans.proposal import View
    from ..plans.sealed import Sealed
    from ..provisioners.habits import Habits

RANDOM_BYTES = 24


@dataclass(frozen=True, slots=True)
class VerifyWish:
    """What a command line asks to verify, and how."""

    login: bool = False
    username: str = ""
    password: str = ""
    hosts: tuple[str, ...] = ()
    temporary_redirect: bool = False
    wait: float = 300.0
    no_browser: bool = False
    probe_reuse: bool = False
    watch: str = ""
    strict: bool = False
    form: str = "text"
    output: str = ""
    issuer: str = ""
    client_id: str = ""
    client_secret: str = ""
    redirect_uri: str = ""
    scopes: str = ""
    auth_url_params: str = ""
    coder_token: str = ""
    coder_metrics: str = ""
    no_coder: bool = False

    @property
    def watching(self) -> float:
        """Seconds to go on refreshing. Raises UsageError."""
        try:
            return float(parse_duration(self.watch)) if self.watch else 0.0
        except ValueError as error:
            raise UsageError(f"`--watch {self.watch}`: {error}") from None


def wish_of(given: Mapping[str, object]) -> VerifyWish:
    """Return a wish from options. Raises UsageError for options that do not go together."""
    wish = VerifyWish(**{each.name: given[each.name] for each in fields(VerifyWish)})  # type: ignore[arg-type]  # click's types
    needs_login = (wish.username, wish.temporary_redirect, wish.probe_reuse, wish.watch)
    if any(needs_login) and not wish.login:
        raise UsageError(
            "--username, --temporary-redirect, --probe-reuse and --watch are about a sign-in", fix="add --login"
        )
    if bool(wish.username) != bool(wish.password):
        raise UsageError("--username and --password go together")
    if wish.issuer and not (wish.client_id and wish.redirect_uri):
        raise UsageError("--issuer needs --client-id and --redirect-uri")
    if not wish.issuer and (wish.client_id or wish.client_secret or wish.redirect_uri):
        raise UsageError(
            "--client-id, --client-secret and --redirect-uri are for --issuer", fix="they stand in the plan"
        )
    return replace(wish, watch=wish.watch if wish.watching else "")


def verify(common: Common, paths: Sequence[str], wish: VerifyWish) -> int:
    """Verify a plan, or an issuer without one; print what was found and return the exit code."""
    files = named_outputs(wish.output, RENDERINGS)
    deployment = None if wish.issuer else single(load_deployments(paths), "`verify`")
    if deployment is not None and wish.temporary_redirect:
        refuse_without_redirects(deployment)

    async def work(interruption: Interruption) -> int:
        with common.console.progress("verifying"):
            async with open_session(common.session()) as session:
                job = _Job(common, wish, session, interruption)
                steps = await (job.of_issuer() if deployment is None else job.of_plan(deployment))
            say_traffic(common, session)
        return _concluded(common, wish, verification(steps), files)

    return run(common.console, work)


def _concluded(common: Common, wish: VerifyWish, found: Verification, files: Sequence[tuple[str, str]]) -> int:
    console = common.console
    console.out(RENDERINGS[wish.form](found, console.style))
    for form, path in files:
        write_private(Path(path), console.clean(RENDERINGS[form](found)).encode())
    return FAILED if found.causes or (wish.strict and found.unclear) else DONE


def draw() -> str:
    """Return new random text that is safe in a URL."""
    return secrets.token_urlsafe(RANDOM_BYTES)


@dataclass(frozen=True, slots=True)
class _Job:
    """One verification under way."""

    common: Common
    wish: VerifyWish
    session: Session
    interruption: Interruption

    async def of_issuer(self) -> tuple[Step, ...]:
        wish = self.wish
        secret = await self._secret(wish.client_secret)
        scopes = tuple(filter(None, wish.scopes.replace(",", " ").split()))
        request = Request(wish.client_id, wish.redirect_uri, scopes, _parameters(wish.auth_url_params))
        habits = registry.habits_at(host_of(wish.issuer))
        subject = self._trusting(stated(wish.issuer, Credentials(wish.client_id, secret), request, habits))
        verifier = self._verifier(subject)
        steps = [await verifier.discovery(), *await verifier.probes()]
        return (*steps, *await self._login(subject)) if wish.login else tuple(steps)

    async def of_plan(self, deployment: Deployment) -> tuple[Step, ...]:
        writing = self.wish.temporary_redirect
        habits = registry.load(deployment.plan.identity_provider.type).HABITS
        proposal, _ = await look(self.session, [deployment], Wish(), writing=writing)
        view = proposal.views[0]
        doorway = Doorway(self.session, deployment, view, habits, self.interruption)
        if view.error is None and await doorway.clear():
            self.common.console.warn("removed the redirect URI that a `verify` before this one had to leave behind")
            proposal, _ = await look(self.session, [deployment], Wish(), writing=writing)
            view = proposal.views[0]
        picture = await self._picture(deployment, view, habits)
        steps = await self._quiet(deployment, view, picture)
        if self.wish.login and not picture.lacking:
            steps += await self._login(picture.subject, replace(doorway, view=view))
        elif self.wish.login:
            steps += tuple(untried(picture.broken))
        return (*steps, *await self._coder(deployment, picture.env))

    async def _picture(self, deployment: Deployment, view: View, habits: Habits) -> Picture:
        env, refusal, planned = None, None, plan_step(view, habits)
        if view.error is None:
            try:
                env = self.session.engine.coder_env(deployment, view.live)
            except ProvisionError as error:
                refusal = error
        if env is not None:
            return Picture(planned, self._trusting(subject_of(deployment, view.live, env, habits)), env)
        secret = await self._kept_secret(deployment)
        subject = self._trusting(assumed(deployment, view.live, secret, habits))
        return Picture(planned, subject, untold=untold(view, refusal, subject))

    async def _kept_secret(self, deployment: Deployment) -> Sealed | None:
        """What Coder has, where the identity provider could not be asked."""
        wish, near = deployment.plan.client.secret, deployment.document.file
        if wish is None:
            return None
        try:
            if wish.store is None:
                return await self.session.references.resolve(wish.reference, near)
            return await self.session.references.store(wish.store, near).read()
        except ProvisionError as error:
            self.common.console.say(f"note: the client secret cannot be read: {explained(error)}")
            return None

    async def _quiet(self, deployment: Deployment, view: View, picture: Picture) -> tuple[Step, ...]:
        verifier = self._verifier(picture.subject)
        steps = [await verifier.discovery(), *picture.steps]
        if picture.lacking:
            # another client's answers would be told as this one's
            steps += (not_reached(*step, breaks=picture.broken) for step in (CREDENTIALS, DOOR))
        else:
            steps += await verifier.probes()
        if view.error is None:
            steps += await self._confirmed(deployment, view)
        return tuple(steps)

    async def _confirmed(self, deployment: Deployment, view: View) -> tuple[Step, ...]:
        try:
            return await self.session.engine.confirm(deployment, view.live)
        except ProvisionError as error:
            return (unclear("vendor", "the identity provider's own evidence", error.message, fix=error.fix),)

    async def _login(self, subject: Subject, doorway: Doorway | None = None) -> tuple[Step, ...]:
        seat = Seat(self.common.console, self.wish.wait, not self.wish.no_browser)
        if self.wish.username:
            secret = await self._secret(self.wish.password)
            assert secret is not None  # noqa: S101  # wish_of sees to it
            return await self._signed_in(subject, seat, Person(self.wish.username, secret))
        if self.wish.temporary_redirect and doorway is not None:
            async with doorway.open() as listener:
                return await self._met(_sent_to(subject, listener.address), seat.by_browser(listener))
        async with coming_back(subject.request.redirect_uri) as listener:
            return await self._met(subject, seat.by_browser(listener) if listener else seat.by_paste())

    async def _signed_in(self, subject: Subject, seat: Seat, person: Person) -> tuple[Step, ...]:
        hosts = frozenset({host_of(subject.issuer), *subject.hosts})
        driver = FormDriver(self.session.http(), hosts)
        return await self._met(subject, seat.by_form(driver, person))

    async def _met(self, subject: Subject, meet: Meet) -> tuple[Step, ...]:
        verifier = self._verifier(subject)
        await verifier.discovery()
        return await verifier.sign_in(meet, probe_reuse=self.wish.probe_reuse, watch=self.wish.watching)

    async def _coder(self, deployment: Deployment, env: CoderEnv | None) -> tuple[Step, ...]:
        if self.wish.no_coder:
            return ()
        token = await self._secret(self.wish.coder_token)
        side = CoderSide(self.session.http(), deployment.plan.coder.access_url, token, self.wish.coder_metrics)
        return await side.steps(env)

    async def _secret(self, reference: str) -> Sealed | None:
        if not reference:
            return None
        try:
            parsed = parse_reference(reference)
        except ValueError as error:
            raise UsageError(f"`{reference}` names no secret: {error}", fix="write env:NAME or file:PATH") from None
        # relative to where the command was called: there may be no plan
        return await self.session.references.resolve(parsed, "./command-line")

    def _trusting(self, subject: Subject) -> Subject:
        return replace(subject, hosts=subject.hosts | frozenset(self.wish.hosts))

    def _verifier(self, subject: Subject) -> Verifier:
        http, settings = self.session.http(), self.session.settings
        around = Surroundings(http, lambda url: fetch_json(http, url), settings.redactor, settings.clock, draw)
        return Verifier(subject, around)


def _sent_to(subject: Subject, address: str) -> Subject:
    return replace(subject, request=replace(subject.request, redirect_uri=address))


def _parameters(text: str) -> Mapping[str, str]:
    try:
        value = json.loads(text) if text else {}
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise UsageError("`--auth-url-params` is no JSON object", fix="""write it like '{"prompt": "consent"}'""")
    return {str(name): str(each) for name, each in value.items()}
