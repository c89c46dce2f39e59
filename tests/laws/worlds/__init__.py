"""One module for each kind of identity provider, named as the kind: the world that the laws are run against."""

from importlib import import_module
from importlib.util import find_spec
from typing import cast

from tests.laws.worlds.base import Worlds

from oidc_provision.provisioners.registry import kinds

HELD = [kind for kind in kinds() if find_spec(f"{__name__}.{kind}")]
"""The kinds that have a world; a test says which have none."""


def worlds(kind: str) -> Worlds:
    return cast("Worlds", import_module(f"{__name__}.{kind}"))
