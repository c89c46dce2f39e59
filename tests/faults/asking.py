"""What was asked through the proxy, by kind, and the names of the kinds that faults are put on."""

from __future__ import annotations

import re
from collections import Counter

from tests.faults.proxy import Proxy

CREATE = "POST /admin/realms/[^/]+/clients$"
LIST = "GET /admin/realms/[^/]+/clients$"
TOKEN = "POST /realms/master/protocol/openid-connect/token$"
REALM = "GET /admin/realms/[^/]+$"
CHANGE = "PUT /clients/[^/]+$"
ATTACH = "PUT /(default|optional)-client-scopes/[^/]+$"
DETACH = "DELETE /optional-client-scopes/[^/]+$"
ATTACHED = "GET /clients/[^/]+/(default|optional)-client-scopes$"
MAPPER = "POST /protocol-mappers/models$"
MAPPERS = "GET /clients/[^/]+/protocol-mappers/models$"
ADD_ROLES = "POST /roles-by-id/[^/]+/composites$"
ROLES = "GET /roles-by-id/[^/]+/composites$"
CHANGE_REALM = "PUT /admin/realms/[^/]+$"
KINDS = {name: pattern for name, pattern in globals().items() if name.isupper() and isinstance(pattern, str)}


def kinds(proxy: Proxy) -> Counter[str]:
    """What was asked, by the patterns above; what none of them names stands for itself."""
    return Counter(_kind(each) for each in proxy.asked)


def _kind(request: str) -> str:
    method, path = request.split(" ", 1)
    matching = (each for each in KINDS.values() if each.split(" ")[0] == method and re.search(each.split(" ")[1], path))
    return next(matching, request)
