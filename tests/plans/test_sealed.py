"""A sealed secret shows itself to nobody who does not ask."""

import copy
import json
import pickle
from dataclasses import dataclass

import pytest

from oidc_provision.plans.sealed import Sealed

CANARY = "k4n4ry/+=&% é"


@dataclass(frozen=True)
class Holder:
    secret: Sealed


@pytest.mark.parametrize(
    "show", [repr, str, "{}".format, lambda value: f"{value!r:>10}", lambda value: repr(Holder(value))]
)
def test_printing_shows_no_character_of_it(show):
    assert show(Sealed(CANARY)).count("(secret)") == 1
    assert CANARY not in show(Sealed(CANARY))


@pytest.mark.parametrize(
    "take", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps, hash, lambda value: {value: 1}, vars]
)
def test_ways_out_of_the_process_are_closed(take):
    with pytest.raises(TypeError) as refused:
        take(Sealed(CANARY))
    assert CANARY not in str(refused.value)


def test_it_compares_by_value_and_with_secrets_alone():
    assert Sealed("a") == Sealed("a")
    assert Sealed("a") != Sealed("b")
    assert Sealed("a") != "a"
    assert Sealed("\ud800") == Sealed("\ud800")


def test_only_an_empty_one_is_false():
    assert not Sealed("")
    assert Sealed("0")


def test_revealing_returns_the_very_text():
    assert Sealed(CANARY).reveal() == CANARY
