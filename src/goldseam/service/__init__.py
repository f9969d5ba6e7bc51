"""The use cases, each once."""
