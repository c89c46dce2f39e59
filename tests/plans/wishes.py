"""What hypothesis draws in the tests of the core: values, wants, resources."""

from hypothesis import strategies as st

from oidc_provision.plans.resources import Absent, Address, AtLeast, AtMost, Exactly, Generated, Includes, Secret
from oidc_provision.plans.sealed import Sealed

SECRET = "s3cr3t-canary-"

names = st.sampled_from(["a", "b", "c", "d.e", "mapper[x].y", "名"])
members = st.frozensets(st.sampled_from(["one", "two", "three", "four"]), max_size=3)
secrets = st.sampled_from("123").map(lambda digit: Sealed(SECRET + digit))
numbers = st.integers(-5, 100)
values = st.one_of(st.none(), st.booleans(), numbers, st.text(max_size=3), members, secrets)
wants = st.one_of(
    st.one_of(st.booleans(), numbers, st.text(max_size=3), members, secrets).map(Exactly),
    st.tuples(members, members).map(lambda pair: Includes(pair[0] - pair[1], pair[1])),
    numbers.map(AtLeast),
    numbers.map(AtMost),
    st.just(Absent()),
    st.builds(Secret, st.just("key"), st.one_of(st.none(), secrets), st.booleans()),
)
live_values = st.one_of(values, st.just(Generated("key")))
addresses = st.builds(Address, st.sampled_from(["client", "realm"]), st.sampled_from("xyz"))
desired = st.dictionaries(addresses, st.dictionaries(names, wants, min_size=1, max_size=4), max_size=3)
live = st.dictionaries(addresses, st.dictionaries(names, values, max_size=5), max_size=3)
