"""Makes the provider's database, an application and a person, and serves it on a free port of loopback, which is printed."""

from __future__ import annotations

import os
import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server


class Quiet(WSGIRequestHandler):
    """Notes method and path of each request in a file beside the database."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        self.log_message("%s %s %s", self.command, self.path.partition("?")[0], code)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server names it so
        print(format % args, file=sys.stderr, flush=True)


def furnish(callback: str, secret: str, username: str, password: str) -> None:
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from oauth2_provider.models import get_application_model

    call_command("migrate", verbosity=0)
    get_user_model().objects.create_user(username, f"{username}@example.com", password)
    # the secret is hashed when it is saved: what is given here is what the client shows
    get_application_model().objects.create(
        name="Coder",
        client_id="coder",
        client_secret=secret,
        client_type="confidential",
        authorization_grant_type="authorization-code",
        redirect_uris=callback,
        algorithm="RS256",
        skip_authorization=False,
    )


def main() -> None:
    import django
    from django.core.wsgi import get_wsgi_application

    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.verify.provider.settings"
    django.setup()
    furnish(*(os.environ[f"PROVIDER_{name}"] for name in ("CALLBACK", "SECRET", "USERNAME", "PASSWORD")))
    server = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
