"""The standard side of every identity provider: discovery, probes, a real sign-in and refresh, tokens looked into. No vendor is known here."""
