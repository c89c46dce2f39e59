"""A Django site with django-oauth-toolkit: an OpenID provider that none of us wrote. What differs from test to test comes in by the environment."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(os.environ["PROVIDER_FOLDER"])
SECRET_KEY = "of this test alone"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "tests.verify.provider.urls"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "oauth2_provider",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / "provider.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
LOGIN_URL = "/accounts/login/"
# quick, as nobody attacks this
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
SCOPES = {"openid": "Who you are", "profile": "Your name", "email": "Your address"}
if os.environ["PROVIDER_OFFLINE"] == "declared":
    SCOPES["offline_access"] = "Stay signed in"
OAUTH2_PROVIDER = {
    "OIDC_ENABLED": True,
    "OIDC_RSA_PRIVATE_KEY": (FOLDER / "key.pem").read_text(encoding="utf-8"),
    "PKCE_REQUIRED": True,
    "ROTATE_REFRESH_TOKEN": os.environ["PROVIDER_ROTATION"] == "on",
    "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": int(os.environ.get("PROVIDER_GRACE", "0")),
    "REFRESH_TOKEN_REUSE_PROTECTION": os.environ.get("PROVIDER_REUSE_PROTECTION") == "on",
    "REQUEST_APPROVAL_PROMPT": "force",
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
    "SCOPES": SCOPES,
}
# what went wrong in it stands in its log
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "loggers": {"django.request": {"handlers": ["stderr"], "level": "ERROR"}},
}
