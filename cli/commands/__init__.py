"""One file a verb: read, call, render, return a code."""
