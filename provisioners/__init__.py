"""One folder per identity provider, and the machinery they share: transport, secrets, engine.

What a terminal or an exit code is, is not known here; what is true of every identity provider without I/O lives in `plans`.
"""
