"""Reads what Coder and its surroundings left behind, in constant memory, and names what is wrong. No secret leaves this folder."""
