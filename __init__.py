"""oidc-provision: OIDC refresh tokens that work between an identity provider and Coder, as code.

The version is written here and nowhere else; packaging reads it from this line.
"""

__version__ = "0.1.0"
