"""Values as text for people, pipelines and pull requests."""
