"""Cloudentity. So far only the meanings of its refusals are here, for doctor; without settings it is no kind that a plan can name."""
