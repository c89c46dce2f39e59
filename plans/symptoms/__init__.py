"""What Coder and its surroundings say when refresh tokens do not work, and what it means. Pure data and matching."""
