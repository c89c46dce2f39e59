"""Realms that answer otherwise than they should: what is said, and that nothing is taken for granted."""

import pytest
from tests.laws.worlds.base import apply, look
from tests.laws.worlds.keycloak import ABSENT, starts, world

from oidc_provision.plans.errors import Failed, Refused, RemoteFailure


def answering(error):
    async def answer(*_arguments):
        raise error

    return answer


async def deaf(*_arguments):
    """204, and nothing happens."""


def tampered(place, **calls):
    """The world, where these calls of the admin API end otherwise."""
    opened = place.open

    async def opened_so(deployment):
        provisioner = await opened(deployment)
        vars(provisioner._api).update(calls)
        return provisioner

    place.open = opened_so
    return place


def refused(place, method, error):
    return look(tampered(place, **{method: answering(error)})).views[0].error


def test_a_realm_that_is_refused_whole_cannot_be_read():
    error = refused(world({}, {}), "realm", RemoteFailure("forbidden", status=403))
    assert isinstance(error, Failed) and "realm `engineering` cannot be read" in error.message


@pytest.mark.battery(45)
def test_clients_that_are_refused_name_the_missing_role():
    error = refused(world({}, {}), "find_client", RemoteFailure("forbidden", status=403))
    assert isinstance(error, Refused) and "`view-clients`" in error.message


def test_a_realm_that_is_not_there_is_refused_with_its_name():
    error = refused(world({}, {}), "realm", RemoteFailure("Realm not found.", status=404))
    assert isinstance(error, Refused) and error.message == "realm `engineering` does not exist"


@pytest.mark.parametrize("status", [400, 500])
def test_any_other_answer_is_told_as_it_is(status):
    failure = RemoteFailure("something else", status=status)
    assert refused(world({}, {}), "client_scopes", failure) is failure


def test_a_scope_that_does_not_arrive_where_it_was_moved_is_an_error():
    place = tampered(starts()["scopes the other way"], attach_scope=deaf)
    _, report = apply(place)
    (failed,) = [result.error for result in report.results if result.error]
    assert failed.message == "scope `phone` did not arrive as default"
    assert "run `apply` again" in failed.fix


@pytest.mark.battery(41)
def test_a_client_that_somebody_else_makes_meanwhile_is_left_alone():
    exists = answering(RemoteFailure("exists", status=409))
    place = tampered(world({}, {"client": ABSENT}), create_client=exists)
    _, report = apply(place)
    (failed,) = [result.error for result in report.results if result.error]
    assert "created by somebody else meanwhile" in failed.message


@pytest.mark.battery(45)
@pytest.mark.parametrize(("status", "outcome"), [(403, Refused), (500, RemoteFailure)])
def test_a_right_that_only_a_write_shows_is_tried_before_anything_is_written(status, outcome):
    place = world({"shared": {"revoke_refresh_token": True}}, {"client": ABSENT})
    tampered(place, access_token=deaf_token, update_realm=answering(RemoteFailure("no", status=status)))
    _, report = apply(place)
    assert [type(error) for error in report.errors] == [outcome]
    assert (report.results, place.writes) == ((), [])


async def deaf_token():
    """As a password sign-in's: without any roles."""
    return "e30.e30.e30"


def test_a_failing_write_leaves_the_rest_undone_and_says_so():
    refusing = answering(RemoteFailure("no", status=500))
    place = tampered(starts()["the realm is shared"], update_realm=refusing)
    _, report = apply(place)
    ends = {result.change.key: result.status.value for result in report.results}
    assert ends == {"store/coder": "done", "realm/engineering": "failed", "client/coder": "skipped"}
    assert place.realm.client("coder").get("name") is None
