"""Bare Admin REST: what a script without any checks would send, over one kept connection."""

from __future__ import annotations

import time

import httpx

from .measure import Measured


class BareAdmin:
    """An admin session that counts its requests."""

    def __init__(self, url: str, password: str, realm: str) -> None:
        self.requests = 0
        self.realm = realm
        self.http = httpx.Client(base_url=url, timeout=300)
        form = {"grant_type": "password", "client_id": "admin-cli", "username": "admin", "password": password}
        token = self.http.post("/realms/master/protocol/openid-connect/token", data=form).raise_for_status().json()
        self.http.headers["Authorization"] = f"Bearer {token['access_token']}"

    def send(self, method: str, path: str, **more: object) -> httpx.Response:
        self.requests += 1
        return self.http.request(method, f"/admin/realms{path}", **more).raise_for_status()  # type: ignore[arg-type]

    def look(self, count: int) -> None:
        for i in range(count):
            self.send("GET", f"/{self.realm}/clients", params={"clientId": f"coder-{i}"})

    def create(self, count: int) -> None:
        for i in range(count):
            self.send(
                "POST",
                f"/{self.realm}/clients",
                json={"clientId": f"coder-{i}", "redirectUris": [f"https://coder{i}.example.com/cb"]},
            )


def timed(url: str, password: str, realm: str, step: str, count: int) -> Measured:
    """Run one step (`look`, `create`) with a fresh sign-in."""
    wall, cpu = time.perf_counter(), time.process_time()
    admin = BareAdmin(url, password, realm)
    getattr(admin, step)(count)
    admin.http.close()
    return Measured(time.perf_counter() - wall, time.process_time() - cpu, admin.requests + 1)
