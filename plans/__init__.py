"""The plan language: pure values and functions, true of every identity provider.

No network, no files, no clock, no vendor's word. What opens a socket or a file lives in `provisioners`; what knows a terminal, in `cli`.
"""
