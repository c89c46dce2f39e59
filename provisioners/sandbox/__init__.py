"""The OpenID provider and web server that the emulations of all identity providers share. It knows no vendor's word.

It listens on loopback only, holds its state in memory as frozen values that are replaced whole, and is no place for real users:
passwords are kept as they are typed. Importing this package imports nothing; its modules need the extra `sandbox`.
"""
