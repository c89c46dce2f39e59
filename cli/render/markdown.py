"""A proposal as Markdown for a pull-request comment: short first, details folded, never longer than a comment may be."""

from __future__ import annotations

from ...plans.diff import Action
from ...plans.findings import Finding
from ...plans.proposal import Proposal
from .text import Cost, counts, render_text

LARGEST = 60_000
"""Characters; a comment on the large forges ends at 65,536."""
MARK = "<!-- oidc-provision plan -->"
FENCE_SIGNS = {"~": "!", "?": "!"}
FENCE = "````"


def render_markdown(proposal: Proposal, cost: Cost | None = None) -> str:
    """Return the proposal as Markdown; the hidden first line lets a bot find and replace its own comment."""
    found = counts(proposal)
    actions = ((Action.CREATE, "add"), (Action.UPDATE, "change"), (Action.DELETE, "remove"))
    title = "No changes" if not any(found.values()) else ", ".join(f"{found[name]} to {name}" for _, name in actions)
    head = [MARK, f"### oidc-provision: {title}", ""]
    if proposal.findings:
        head += ["| | finding | fix |", "|---|---|---|", *(_row(finding) for finding in proposal.findings), ""]
    body = "\n".join(_signed(line) for line in render_text(proposal, cost).splitlines())
    parts = "\n".join(head)
    room = max(LARGEST - len(parts) - 200, 0)
    if len(body) > room:
        body = body[:room] + "\n... cut: too long for a comment"
    return f"{parts}\n<details open><summary>Plan</summary>\n\n{FENCE}diff\n{body.replace(FENCE, '` ` ` `')}\n{FENCE}\n\n</details>\n"


def _signed(line: str) -> str:
    """A fence of type diff colours lines by their first character, so the symbol moves there."""
    bare = line.lstrip()
    sign = bare[:1]
    if line != bare and bare[1:2] == " " and sign in "+-~!?":
        return FENCE_SIGNS.get(sign, sign) + line.replace(sign, " ", 1)
    return " " + line


def _row(finding: Finding) -> str:
    return f"| {finding.severity.value} | {_cell(finding.problem)} `{finding.code}` | {_cell(finding.fix)} |"


def _cell(text: str) -> str:
    """Text from elsewhere must not become markup of ours."""
    escaped = text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("@", "@\u200b")
    return " ".join(escaped.split())
