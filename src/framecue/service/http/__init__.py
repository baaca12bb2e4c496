"""The HTTP API and the page, by FastAPI."""
