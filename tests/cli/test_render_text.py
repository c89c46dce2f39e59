"""A proposal as text and as Markdown: what is grouped, cut and escaped."""

from dataclasses import replace

import pytest
from tests.plans.proposals import CODER, client, odd, rotation, updating, view

from oidc_provision.cli.render.errors import render_error, render_surprise, visible
from oidc_provision.cli.render.json_plan import render_json
from oidc_provision.cli.render.markdown import LARGEST, MARK, render_markdown
from oidc_provision.cli.render.text import Cost, render_text
from oidc_provision.cli.render.values import shown
from oidc_provision.plans.diff import ChangeSet
from oidc_provision.plans.errors import Failed, Refused
from oidc_provision.plans.proposal import Proposal
from oidc_provision.plans.resources import Absent, Exactly, Generated, Includes, Target
from oidc_provision.plans.sealed import Sealed

NASTY = "a\x1b[31m\x9b\r\n\u202eb\u2028\u200f\x07"
FORBIDDEN = "\x1b\x9b\r\u202e\u2028\u200f\x07"
RENDERINGS = [render_text, render_markdown, render_json]


def nasty_proposal() -> Proposal:
    wanted = {client(NASTY): {NASTY: Exactly(NASTY), "names": Includes(frozenset({NASTY}))}}
    found = (odd(NASTY, fix=NASTY, where=NASTY),)
    failed = view({}, {}, error=Failed(NASTY, where=NASTY, fix=NASTY, notes=(NASTY,)))
    target = Target("tenant", NASTY)
    live = {client(NASTY): {NASTY: "\x1bold", "names": frozenset({NASTY + "x"})}}
    return Proposal((replace(view(wanted, live, findings=found), target=target), replace(failed, target=target)))


@pytest.mark.battery(13)
@pytest.mark.parametrize("render", RENDERINGS)
def test_no_name_draws_on_the_terminal(render):
    drawn = render(nasty_proposal())
    assert [character for character in FORBIDDEN if character in drawn] == []
    assert drawn.isascii() or all(character.isprintable() or character in "\n\u200b" for character in drawn)


@pytest.mark.battery(13)
def test_an_error_draws_nothing_either():
    for text in (
        render_error(Refused(NASTY, where=NASTY, fix=NASTY, notes=(NASTY,))),
        render_surprise(ValueError(NASTY)),
    ):
        assert [character for character in FORBIDDEN if character in text] == []


def test_what_can_be_seen_is_left_as_it_is():
    assert visible("Grüße 日本 😀 `x`") == "Grüße 日本 😀 `x`"
    assert visible("\x1b\u202e\U000e0041") == "\\x1b\\u202e\\U000e0041"


def test_equal_changes_are_one_group():
    text = render_text(updating(500, 500))
    assert text.count("lifetime") == 1
    assert "`client/c0000`, `client/c0001`, `client/c0002` and 497 more like it will be changed" in text
    assert "Plan: 0 to add, 500 to change, 0 to remove." in text


def test_an_unchanged_resource_is_hidden():
    assert "c0001" not in render_text(updating(1, 2))
    assert render_text(updating(0, 3)).startswith("No changes.")


@pytest.mark.parametrize(
    ("field", "before", "after", "line"),
    [
        ("lifetime", 60, 3600, "~ lifetime  1m (60 s) -> 1h (3600 s)"),
        ("lifetime", 60, None, "- lifetime  1m (60 s) -> (absent)"),
        ("count", None, 3, "+ count  3"),
        ("flag", False, True, "~ flag  false -> true"),
        ("name", "a", 'b "c"', '~ name  "a" -> "b \\"c\\""'),
        ("names", frozenset("ab"), frozenset("bc"), "~ names  +c -a"),
        ("secret", Sealed("old-secret"), Sealed("new-secret"), "~ secret  (secret) -> (replaced)"),
        ("secret", Sealed("old-secret"), Generated("coder"), "~ secret  (secret) -> (replaced)"),
        ("secret", None, Generated("coder"), "+ secret  (generated) ?"),
    ],
)
def test_an_edit_reads_as_what_it_is(field, before, after, line):
    want = Absent() if after is None else Exactly(after)
    assert f"      {line}\n" in render_text(Proposal((view({CODER: {field: want}}, {CODER: {field: before}}),)))


def test_a_step_for_a_human_has_its_own_sign_and_count():
    looked = view({CODER: {"a": Exactly(1)}}, {})
    manual = ChangeSet(tuple(replace(change, manual="open the console") for change in looked.changes))
    text = render_text(Proposal((replace(looked, changes=manual),)))
    assert "! `client/coder` needs a human\n      open the console" in text
    assert "Plan: 0 to add, 0 to change, 0 to remove. 1 left for a human." in text


def test_findings_come_with_fix_and_the_cost_last():
    text = render_text(Proposal((view({}, {}, findings=(odd(fix="move"),)),)), Cost(7, 0.25))
    assert "warning: the tenant is nowhere [stranger-odd]\n  fix: move" in text
    assert "7 requests, 0.2 s, digest " in text.splitlines()[-1]


def test_restricted_changes_say_that_others_may_be_pending():
    assert "Restricted by --target" in render_text(updating(2, 2).only(frozenset({"client/c0000"})))


def test_restricted_changes_name_what_came_along():
    restricted = replace(updating(2, 2).only(frozenset({"client/c0000"})), along=("a/1", "a/2", "a/3", "a/4"))
    assert "`a/1`, `a/2`, `a/3` and 1 more came along" in render_text(restricted)
    assert "came along" not in render_text(updating(2, 2).only(frozenset({"client/c0000"})))


def test_a_target_that_failed_is_counted():
    text = render_text(Proposal((view({}, {}, error=Failed("no answer", fix="wait")), view({}, {}, tenant="b"))))
    assert "1 of 2 targets could not be looked at." in text and "no answer" in text


def test_colour_stands_only_where_it_is_asked_for():
    painted = render_text(rotation(), None, lambda text, name: f"<{name}>{text}")
    assert "<~>~" in painted and "\x1b" not in render_text(rotation())


@pytest.mark.parametrize("field", ["AbsoluteRefreshTokenLifetime", "refresh_token_lifetime", "ssoSessionIdleTimeout"])
def test_a_lifetime_comes_with_its_unit_however_a_vendor_spells_it(field):
    assert shown(field, 7776000) == "90d (7776000 s)"


def test_a_lifetime_of_nothing_is_a_number():
    assert shown("timeout", 0) == "0"
    assert shown("timeout", -1) == "-1"


def many(number: int, kind: str) -> Proposal:
    names = [f"client-{n:05}" for n in range(number)]
    if kind == "findings":
        return Proposal((view({}, {}, findings=tuple(odd(f"`{name}` is odd", fix="move " * 20) for name in names)),))
    wanted = {client(name): {"lifetime": Exactly(n)} for n, name in enumerate(names)}
    return Proposal((view(wanted, {}),))


@pytest.mark.battery(60)
@pytest.mark.parametrize("kind", ["changes", "findings"])
def test_a_comment_is_never_longer_than_a_comment_may_be(kind):
    text = render_markdown(many(10_000, kind))
    assert len(text) <= LARGEST
    assert text.startswith(MARK) and "cut" in text and text.endswith("</details>\n")


def test_ten_thousand_equal_changes_are_few_lines():
    assert len(render_markdown(updating(10_000, 10_000)).splitlines()) < 20


@pytest.mark.battery(13)
def test_fences_in_names_do_not_end_the_fence():
    fences = "````\n```` # heading ```````"
    text = render_markdown(Proposal((view({client("x" + fences * 50): {"a": Exactly(fences)}}, {}),)))
    assert [line for line in text.splitlines() if line.startswith("````")] == ["````diff", "````"]
    assert text.count("````") == 2


@pytest.mark.battery(60)
def test_a_long_name_of_fences_stays_within_a_comment():
    assert len(render_markdown(Proposal((view({client("`" * 100_000): {"a": Exactly(1)}}, {}),)))) <= LARGEST


@pytest.mark.battery(13, 40)
@pytest.mark.parametrize(
    "text", ["@team", "a|b", "<img src=x>", "a\nb", "[x](http://evil.example)", "`", "![x](y)", "*b*"]
)
def test_text_from_elsewhere_is_no_markup_of_ours(text):
    rendered = render_markdown(Proposal((view({}, {}, findings=(odd(f"client {text} is odd", fix=text),)),)))
    (row,) = [line for line in rendered.splitlines() if line.startswith("| warning")]
    assert row.count("|") == 4
    assert not any(raw in row for raw in ("@t", "<i", "[x]", "![", "*b*"))


def test_the_symbols_stand_where_a_diff_fence_colours_them():
    text = render_markdown(
        Proposal((view({CODER: {"a": Exactly(2)}, client("new"): {"a": Exactly(1)}}, {CODER: {"a": 1}}),))
    )
    assert any(line.startswith("!") and "client/coder" in line for line in text.splitlines())
    assert any(line.startswith("+") and "client/new" in line for line in text.splitlines())
