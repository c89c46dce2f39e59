"""Entra ID through Microsoft Graph v1.0. So far only its emulation is here, in `sandbox`; without settings it is no kind that a plan can name."""
