"""The steps of `doctor`: read what is named, ask the address and the database, make the advice fit the plan, print."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from io import BufferedIOBase
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ..plans.checks import Invalid
from ..plans.errors import RemoteFailure, UsageError
from ..plans.references import parse_reference
from ..plans.versions import CoderVersion, parse_version
from ..provisioners import registry
from ..provisioners.diagnosis import database, sql
from ..provisioners.diagnosis.advice import tailored
from ..provisioners.diagnosis.chunks import BLOCK, Source
from ..provisioners.diagnosis.reading import Reader, page_read
from ..provisioners.diagnosis.tally import Diagnosis, Read, Tally
from ..provisioners.files import write_private
from ..provisioners.session import Session, open_session
from ..provisioners.traffic import printable_url
from .applying import single
from .exit_codes import DONE, FAILED
from .options import Common
from .planning import named_outputs, say_traffic
from .render.diagnosis import RENDERINGS
from .running import Interruption, load_deployments, run

if TYPE_CHECKING:
    from ..plans.load import Deployment
    from .progress import Progress

STDIN = "-"
_OK = 200


@dataclass(frozen=True, slots=True)
class DoctorWish:
    """What a command line asks to look into."""

    files: tuple[str, ...] = ()
    form: str | None = None
    errors: tuple[str, ...] = ()
    metrics: str = ""
    har: str = ""
    database: str = ""
    sql: bool = False
    show_users: bool = False
    away: int = 30
    issuer: str = ""
    plan: str = ""
    coder_version: str = ""
    strict: bool = False
    form_out: str = "text"
    output: str = ""

    @property
    def version(self) -> CoderVersion | None:
        """The release of Coder that was named. Raises UsageError."""
        try:
            return parse_version(self.coder_version) if self.coder_version else None
        except Invalid as error:
            raise UsageError(
                f"`--coder-version {self.coder_version}` is no version of Coder", fix="write it like 2.34"
            ) from error

    @property
    def sources(self) -> Iterator[tuple[str, str]]:
        """Each file with what it is, "" where that is to be found out."""
        yield from ((file, self.form or "") for file in self.files)
        if self.har:
            yield self.har, "har"
        if self.metrics and not self.asks_metrics:
            yield self.metrics, "metrics"

    @property
    def asks_metrics(self) -> bool:
        """Tell whether the metrics are at an address."""
        return self.metrics.startswith(("http://", "https://"))


def wish_of(files: tuple[str, ...], given: Mapping[str, object]) -> DoctorWish:
    """Return a wish from options. Raises UsageError where there is nothing to look into."""
    names = {each.name for each in fields(DoctorWish)} - {"files"}
    wish = DoctorWish(files, **{name: given[name] for name in names})  # type: ignore[arg-type]  # click's types
    if not (wish.files or wish.errors or wish.metrics or wish.har or wish.database or wish.sql):
        raise UsageError(
            "there is nothing to look into", fix="name a log (- for stdin), --error, --metrics, --har or --database"
        )
    if wish.show_users and not (wish.database or wish.sql):
        raise UsageError("--show-users is about the database", fix="add --database or --sql")
    if [name for name, _ in wish.sources].count(STDIN) > 1:
        raise UsageError("stdin can be read once")
    return wish


def diagnose(common: Common, wish: DoctorWish) -> int:
    """Look into everything that is named, print what was found, and return the exit code."""
    files = named_outputs(wish.output, RENDERINGS)
    deployment = single(load_deployments([wish.plan]), "`doctor`") if wish.plan else None
    asked = sql.questions(_issuer(wish, deployment), wish.away, users=wish.show_users)
    if wish.sql:
        common.console.out(sql.script(asked))
        return DONE
    job = _Job(common, wish, deployment, asked)
    # not in the event loop, which would not hear Ctrl-C as long as a file is read
    job.look()
    code = run(common.console, job.ask) if wish.asks_metrics or wish.database else DONE
    return code or _concluded(common, wish, job.diagnosis, files)


def _issuer(wish: DoctorWish, deployment: Deployment | None) -> str:
    return wish.issuer or (deployment.plan.identity_provider.issuer() if deployment else "")


def _concluded(common: Common, wish: DoctorWish, found: Diagnosis, files: tuple[tuple[str, str], ...]) -> int:
    console = common.console
    console.out(RENDERINGS[wish.form_out](found, console.style))
    for form, path in files:
        write_private(Path(path), console.clean(RENDERINGS[form](found)).encode())
    unsure = not found.found or (found.hints and not found.causes)
    return FAILED if found.causes or (wish.strict and unsure) else DONE


class _Job:
    """One look under way."""

    def __init__(
        self, common: Common, wish: DoctorWish, deployment: Deployment | None, asked: tuple[sql.Question, ...]
    ) -> None:
        self._common = common
        self._wish = wish
        self._deployment = deployment
        self._asked = asked
        plan = deployment.plan if deployment else None
        self._reader = Reader(registry.refusals(), plan.identity_provider.type if plan else "")
        self._tally = Tally(self._reader.explain, wish.version or (plan.coder.version if plan else None))
        self._read: list[Read] = []
        self._figures: tuple[tuple[str, str], ...] = ()

    @property
    def diagnosis(self) -> Diagnosis:
        """What was found, with advice that fits the plan."""
        found = Diagnosis(self._tally.ranked(), tuple(self._read), self._figures)
        if self._deployment is None:
            return found
        plan = self._deployment.plan
        return tailored(found, plan, registry.load(plan.identity_provider.type).HABITS)

    def look(self) -> None:
        """Read the files and the texts."""
        for number, text in enumerate(self._wish.errors, 1):
            name = f"error {number}"
            self._read.append(Read(name, "text", self._reader.text(text, self._tally, name)))
        for name, form in self._wish.sources:
            with self._common.console.progress(f"reading {name}") as progress, _opened(name) as stream:
                source = Source("stdin" if name == STDIN else name, stream, _hearing(progress, stream))
                self._read.append(self._reader.read(source, self._tally, form))

    async def ask(self, _: Interruption) -> int:
        """Ask the address of the metrics, and the database."""
        with self._common.console.progress("asking") as progress:
            async with open_session(self._common.session(progress)) as session:
                if self._wish.asks_metrics:
                    await self._page(session)
                if self._wish.database:
                    await self._database(session)
            say_traffic(self._common, session)
        return DONE

    async def _page(self, session: Session) -> None:
        url = self._wish.metrics
        response = await session.http().get(url, headers={"Accept": "text/plain"})
        name = printable_url(url)
        if response.status_code != _OK:
            raise RemoteFailure(f"the metrics answer {response.status_code}", where=name, status=response.status_code)
        self._read.append(Read(name, "metrics", page_read(response.text, self._tally, name)))

    async def _database(self, session: Session) -> None:
        try:
            reference = parse_reference(self._wish.database)
        except ValueError as error:
            # not what was written: it may be the connection string itself
            raise UsageError(f"--database names no secret: {error}", fix="write env:NAME or file:PATH") from None
        address = await session.references.resolve(reference, "./command-line")
        found = await database.answers(address, self._asked, self._common.console.redactor.add)
        database.tell(found, _issuer(self._wish, self._deployment), self._tally)
        self._figures = tuple(database.figures(found))
        self._read.append(Read("database", "database", len(self._figures)))


def _hearing(progress: Progress, stream: BufferedIOBase) -> Callable[[int], None]:
    """Return what counts the bytes that are read, in blocks: a pipe has no known length."""
    try:
        size = os.fstat(stream.fileno()).st_size
    except OSError:
        size = 0
    if size:
        progress.expect(-(-size // BLOCK))
    return lambda _: progress.step()


@contextmanager
def _opened(name: str) -> Iterator[BufferedIOBase]:
    if name == STDIN:
        yield cast("BufferedIOBase", sys.stdin.buffer)
        return
    try:
        with Path(name).open("rb") as stream:
            yield stream
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "not a name of a file").lower()
        raise UsageError(f"`{name}` cannot be read: {reason}") from error
