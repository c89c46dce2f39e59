"""Every line, error and page of the corpus gets its cause, and what means nothing gets none."""

from __future__ import annotations

import re

import pytest
import yaml
from tests.doctor.looking import codes, corpus, heard, looked, of_row, packed

from oidc_provision.cli.render.diagnosis import NOTHING, as_text
from oidc_provision.plans.symptoms.base import Certainty, Guide
from oidc_provision.plans.symptoms.table import EVERY, SAID, anchors
from oidc_provision.plans.versions import CoderVersion
from oidc_provision.provisioners.diagnosis.oauth_errors import as_symptom
from oidc_provision.provisioners.registry import refusals

# Keycloak's own are held to the server's words by tests/provisioners/test_keycloak_habits.py
TABLES = {name: each.meanings for name, each in refusals().items() if name != "keycloak"}
BY_DATABASE = {"database-no-refresh-token", "database-other-issuer", "database-all-have-tokens"}


def named(row: dict) -> str:
    return f"{(row['expect'] or ['nothing'])[0]}-{next(form for form in row if form not in ('expect', 'kind'))}"


@pytest.mark.parametrize("row", corpus(), ids=named)
def test_each_entry_gets_its_cause(row):
    assert codes(of_row(row)) == row["expect"]


def test_corpus_is_large_and_reaches_every_symptom():
    reached = {code for row in corpus() for code in row["expect"]}
    assert len(corpus()) >= 100 and sum(not row["expect"] for row in corpus()) >= 12
    assert {each.code for each in EVERY} - reached == BY_DATABASE


def test_corpus_reaches_every_refusal_of_vendors_without_numbers():
    reached = {code for row in corpus() for code in row["expect"]}
    meanings = {each.code for kind, table in TABLES.items() if kind != "entra" for each in table}
    assert meanings - reached == set()


NUMBERS = [
    (number, each.error or "access_denied", each.code)
    for each in TABLES["entra"]
    for number in re.findall(r"\d{5,7}(?=[|)])", each.words)
]


@pytest.mark.parametrize(("number", "error", "code"), NUMBERS)
def test_each_number_of_microsoft_is_known_with_its_error_and_alone(number, error, code):
    assert codes(heard(f'oauth2: "{error}" "AADSTS{number}: words"')) == [code]
    assert codes(heard(f"AADSTS{number}: words that a page shows")) == [code]
    assert code not in codes(heard(f"AADSTS{number}9: another number"))


@pytest.mark.parametrize("row", [row for row in corpus() if not row["expect"]], ids=lambda row: str(row)[:60])
def test_what_means_nothing_is_called_so(row):
    assert NOTHING in as_text(of_row(row))


def test_codes_are_unique_and_sources_named():
    meanings = [each for table in TABLES.values() for each in table]
    every = [each.code for each in (*EVERY, *meanings)]
    assert len(set(every)) == len(every)
    assert all(each.source for each in (*EVERY, *meanings))
    assert all(each.clue for each in refusals().values())


@pytest.mark.parametrize("symptom", SAID, ids=lambda symptom: symptom.code)
def test_each_line_with_a_symptom_is_among_those_that_are_looked_at(symptom):
    assert symptom.anchor == symptom.anchor.lower() and any(word in symptom.anchor for word in anchors())


@pytest.mark.parametrize("symptom", [each for each in EVERY if each.edit], ids=lambda symptom: symptom.code)
def test_each_edit_is_yaml_of_a_part_of_a_plan(symptom):
    (part, settings) = next(iter(yaml.safe_load(symptom.edit).items()))
    assert part in ("client", "coder", "refresh_tokens", "access_tokens", "shared") and isinstance(settings, dict)


def test_a_fix_that_names_an_edit_brings_it_along():
    (reused,) = (each for each in TABLES["cloudentity"] if each.code == "cloudentity-rotated")
    assert as_symptom(reused, sure=True).edit == "refresh_tokens: {rotation: reuse}"


@pytest.mark.parametrize(
    ("version", "certainty"),
    [(CoderVersion(2, 22, 5), Certainty.HINT), (CoderVersion(2, 23), Certainty.PROOF), (None, Certainty.PROOF)],
)
def test_words_of_another_release_are_only_a_hint(version, certainty):
    line = b'OpenID Connect session expired at "x". Try signing in again.'
    (found,) = looked(line, version=version).found
    assert found.symptom.certainty is certainty and found.symptom.guide is Guide.LOGGED_OUT
    assert ("2.23 and newer" in found.symptom.cause) == (certainty is Certainty.HINT)


def test_a_bound_holds_for_all_patches_of_a_release():
    (row,) = (each for each in SAID if each.code == "coder-refresh-refused-2023")
    assert row.said_by(CoderVersion(2, 22, 9)) and not row.said_by(CoderVersion(2, 23))


@pytest.mark.parametrize("row", [row for row in corpus() if "log" in row and row["expect"]], ids=named)
def test_a_line_is_found_in_any_company_and_packed(row):
    company = b"2026-01-01 00:00:00.000 [info]  coderd: fine  n=1\r\n" * 3000
    content = company + row["log"].encode() + b"\r\n" + company
    found = looked(packed(content), "log", row.get("kind", ""))
    assert codes(found) == row["expect"] and found.found[0].evidence[0].startswith("file:3001: ")
    assert found.read[0].lines == 6001 and not found.read[0].notes
