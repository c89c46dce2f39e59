"""One tenant for each test: making one costs milliseconds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.entra.tenant import Tenant, running


@pytest.fixture
def tenant() -> Iterator[Tenant]:
    with running() as started:
        yield started
