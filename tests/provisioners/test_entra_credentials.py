"""Which secrets and certificates stay, whatever there is: carried out, a verdict leaves nothing to decide and nobody locked out."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from oidc_provision.provisioners.entra.credentials import (
    AFTER,
    MARK,
    Credential,
    Terms,
    Verdict,
    as_fields,
    decide,
    decide_certificate,
    in_service,
    name_of_new,
    of_fields,
    read,
    thumbprint,
)

NOW = 1_767_225_600
DAY = 86_400
KEYS = st.uuids(version=4).map(str)
NAMES = st.sampled_from([f"{MARK} 11111111", f"{MARK} 22222222{AFTER}aaaa0001", "by hand", "", f"{MARK}s of others"])
HINTS = st.sampled_from(["abc", "abd", "xyz", ""])
# made by a clock that is not ahead: which of two is the newer one is told by their beginnings
STARTS = st.integers(NOW - 400 * DAY, NOW - 1)
ENDS = st.one_of(st.just(0), st.integers(NOW - 100 * DAY, NOW + 400 * DAY))
CREDENTIALS = st.builds(Credential, KEYS, NAMES, HINTS, STARTS, ENDS)
LISTED = st.lists(CREDENTIALS, max_size=6, unique_by=lambda each: each.key_id).map(
    lambda found: tuple(sorted(found, key=lambda each: (each.start, each.key_id)))
)
STORED = st.one_of(st.none(), st.sampled_from(["abc8Q~one", "abd8Q~two", "xyz8Q~three", "unknown"]))
TERMS = st.builds(Terms, st.integers(2, 400 * DAY), st.integers(1, 100 * DAY), st.none() | st.integers(1, 400 * DAY))


def carried_out(found: tuple[Credential, ...], stored: str | None, verdict: Verdict, terms: Terms):
    """What there is afterwards, and what the store holds: a new secret begins with its own three characters."""
    left = tuple(each for each in found if each not in verdict.remove)
    if not verdict.add:
        return left, stored
    name = name_of_new("99999999", verdict.in_service)
    made = Credential("99999999-0000-4000-8000-000000000000", name, "new", NOW, NOW + terms.validity)
    return (*left, made), "new8Q~made-just-now"


@given(LISTED, STORED, TERMS, st.booleans())
def test_deciding_again_finds_nothing_to_do(found, stored, terms, rotate):
    # a plan that would renew all the time is refused when it is loaded
    assume(terms.before is None or terms.before < terms.validity)
    verdict = decide(found, stored, NOW, terms, rotate=rotate)
    left, kept = carried_out(found, stored, verdict, terms)
    again = decide(left, kept, NOW, terms, rotate=False)
    assert (again.add, again.remove, again.orphans) == (False, (), ())


@given(LISTED, STORED, TERMS, st.booleans())
def test_one_secret_of_ours_is_alive_beyond_the_one_in_service(found, stored, terms, rotate):
    verdict = decide(found, stored, NOW, terms, rotate=rotate)
    assume(not verdict.unclear)
    left, kept = carried_out(found, stored, verdict, terms)
    current = in_service(left, kept, NOW)
    alive = [each for each in left if each.is_ours and each != current and not each.is_over(NOW)]
    assert current is not None
    assert len(alive) <= 1


@given(LISTED, STORED, TERMS, st.booleans())
def test_the_one_in_service_and_those_of_others_are_never_removed(found, stored, terms, rotate):
    verdict = decide(found, stored, NOW, terms, rotate=rotate)
    assert in_service(found, stored, NOW) not in verdict.remove
    assert all(each.is_ours for each in verdict.remove)
    assert len(set(verdict.remove)) == len(verdict.remove)


IN_SERVICE = Credential("abc00000-0000-4000-8000-000000000000", f"{MARK} 33333333", "abc", NOW - 50 * DAY)
ROTATION = st.builds(Terms, st.integers(101 * DAY, 400 * DAY), st.integers(1, 100 * DAY))


@given(LISTED, ROTATION)
def test_what_was_in_service_before_a_rotation_outlives_it_by_the_overlap(others, terms):
    found = tuple(sorted((*others, IN_SERVICE), key=lambda each: (each.start, each.key_id)))
    verdict = decide(found, "abc8Q~one", NOW, terms, rotate=True)
    assert verdict.add and verdict.in_service is not None
    assume(not verdict.in_service.is_over(NOW + terms.overlap))
    left, kept = carried_out(found, "abc8Q~one", verdict, terms)
    assert verdict.in_service not in decide(left, kept, NOW + terms.overlap - 1, terms, rotate=False).remove
    assert verdict.in_service in decide(left, kept, NOW + terms.overlap, terms, rotate=False).remove


@given(LISTED, TERMS)
def test_where_a_store_was_lost_one_of_ours_stays_and_it_is_the_same_one_next_time(found, terms):
    verdict = decide(found, None, NOW, terms, rotate=False)
    ours = [each for each in found if each.is_ours and not each.is_over(NOW)]
    kept = [each for each in ours if each not in verdict.remove]
    assert verdict.add
    assert len(kept) == min(1, len(ours))
    # the run died before it kept the new one: the same one is spared again
    orphan = Credential("99999999-0000-4000-8000-000000000000", name_of_new("run", None), "new", NOW, 0)
    again = decide((*found, orphan), None, NOW, terms, rotate=False)
    assert not set(kept) & set(again.remove)


THUMBPRINTS = st.sampled_from(["A" * 40, "B" * 40, ""])
CERTIFICATES = st.builds(Credential, KEYS, NAMES, st.just(""), STARTS, ENDS, THUMBPRINTS)
WANTED = Credential("", f"{MARK} certificate", "", NOW - DAY, NOW + 300 * DAY, "A" * 40)


@given(st.lists(CERTIFICATES, max_size=6, unique_by=lambda each: each.key_id).map(tuple), TERMS, st.booleans())
def test_a_certificate_that_is_registered_leaves_nothing_to_decide(found, terms, usable):
    verdict = decide_certificate(found, WANTED, NOW, terms, usable=usable)
    left = tuple(each for each in found if each not in verdict.remove)
    if verdict.add:
        left = (*left, replace(WANTED, key_id="new", start=NOW))
    again = decide_certificate(left, WANTED, NOW, terms, usable=usable)
    assert (again.add, again.remove) == (False, ())
    assert verdict.in_service not in verdict.remove
    assert all(each.is_ours for each in verdict.remove)
    assert usable or not verdict.add


TEXTS = st.text(max_size=12)
ANY = st.builds(Credential, TEXTS, TEXTS, TEXTS, st.integers(0, 2**40), st.integers(0, 2**40), THUMBPRINTS)


@given(st.lists(ANY, max_size=5, unique_by=lambda each: each.key_id))
def test_fields_bring_back_what_they_were_made_of(found):
    assert of_fields(as_fields(found)) == tuple(sorted(found, key=lambda each: (each.start, each.key_id)))


@given(st.binary(min_size=20, max_size=20))
def test_a_thumbprint_is_the_same_in_every_spelling(raw):
    spellings = (raw.hex(), raw.hex().upper(), base64.b64encode(raw).decode())
    assert {thumbprint(each) for each in spellings} == {raw.hex().upper()}


@pytest.mark.parametrize(
    "told", [None, "", 7, "Coder", "no base64!", base64.b64encode("Coder".encode("utf-16")).decode()]
)
def test_what_is_no_thumbprint_is_none(told):
    assert thumbprint(told) == ""


@pytest.mark.parametrize(
    ("name", "ours", "follows"),
    [
        ("oidc-provision 1", True, False),
        ("oidc-provision 1 after aaaa0001", True, True),
        ("oidc-provisioner", False, False),
        ("by hand after oidc-provision", False, False),
    ],
)
def test_a_name_tells_who_made_it_and_what_for(name, ours, follows):
    found = Credential("k", name)
    assert (found.is_ours, found.follows) == (ours, follows)


def test_a_listing_may_lack_everything():
    assert read([{}, {"keyId": None, "displayName": None, "endDateTime": "rubbish"}]) == (
        Credential(""),
        Credential(""),
    )


@given(CREDENTIALS.filter(lambda each: each.key_id[:8]))
def test_the_name_of_a_new_secret_tells_whose_place_it_takes(before):
    made = Credential("k", name_of_new("run", before))
    assert made.follows
    assert before.key_id.startswith(made.name.partition(AFTER)[2])
    assert not Credential("k", name_of_new("run", None)).follows


def test_of_two_made_in_the_same_second_neither_is_an_orphan():
    twins = tuple(Credential(f"{hint}0", f"{MARK} {hint}", hint, NOW, NOW + DAY) for hint in ("abc", "xyz"))
    verdict = decide(twins, "abc8Q~one", NOW, Terms(DAY, DAY), rotate=False)
    assert (verdict.in_service, verdict.orphans, verdict.remove) == (twins[0], (), ())
