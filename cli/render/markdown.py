"""A proposal as Markdown for a pull-request comment: short first, details folded, never longer than a comment may be."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...plans.diff import Action
from ...plans.findings import Finding
from ...plans.proposal import Proposal
from .errors import visible
from .text import Cost, counts, render_text

LARGEST = 60_000
"""Characters; a comment on the large forges ends at 65,536."""
MARK = "<!-- oidc-provision plan -->"
FENCE_SIGNS = {"~": "!", "?": "!"}
FENCE = "````"
_FENCES = re.compile("`{4,}")
_MARKUP = re.compile(r"[\\`*_{}\[\]<>()#!|~&]")


def render_markdown(proposal: Proposal, cost: Cost | None = None) -> str:
    """Return the proposal as Markdown; the hidden first line lets a bot find and replace its own comment."""
    found = counts(proposal)
    actions = ((Action.CREATE, "add"), (Action.UPDATE, "change"), (Action.DELETE, "remove"))
    title = "No changes" if not any(found.values()) else ", ".join(f"{found[name]} to {name}" for _, name in actions)
    title += f", {found['manual']} left for a human" if found["manual"] else ""
    head = [MARK, f"### oidc-provision: {title}", ""]
    if proposal.findings:
        head += ["| | finding | fix |", "|---|---|---|", *_rows(proposal.findings), ""]
    body = "\n".join(_signed(line) for line in render_text(proposal, cost).splitlines())
    # a name may hold a longer fence than ours and break out of it
    body = _FENCES.sub(lambda fence: " ".join(fence[0]), body)
    parts = "\n".join(head)
    room = max(LARGEST - len(parts) - 200, 0)
    if len(body) > room:
        body = body[:room] + "\n... cut: too long for a comment"
    return f"{parts}\n<details open><summary>Plan</summary>\n\n{FENCE}diff\n{body}\n{FENCE}\n\n</details>\n"


def _signed(line: str) -> str:
    """A fence of type diff colours lines by their first character, so the symbol moves there."""
    bare = line.lstrip()
    sign = bare[:1]
    if line != bare and bare[1:2] == " " and sign in "+-~!?":
        return FENCE_SIGNS.get(sign, sign) + line.replace(sign, " ", 1)
    return " " + line


def _rows(findings: tuple[Finding, ...]) -> Iterator[str]:
    """Yield a row for each finding, up to half of a comment; the heaviest come first."""
    room = LARGEST // 2
    for number, finding in enumerate(findings):
        row = _row(finding)
        room -= len(row) + 1
        if room < 0:
            yield f"| | and {len(findings) - number} more, cut: too long for a comment | |"
            return
        yield row


def _row(finding: Finding) -> str:
    return f"| {finding.severity.value} | {_cell(finding.problem)} `{finding.code}` | {_cell(finding.fix)} |"


def _cell(text: str) -> str:
    """Text from elsewhere must not become markup of ours: only its backticks count, and only as code."""
    parts = visible(" ".join(text.split())).split("`")
    return "".join(f"<code>{_bare(part)}</code>" if index % 2 else _bare(part) for index, part in enumerate(parts))


def _bare(text: str) -> str:
    # an @ in a name would notify somebody of that name
    return _MARKUP.sub(lambda sign: f"&#{ord(sign[0])};", text).replace("@", "@\u200b")
