"""Search in the browser, over HTTP, and from an assistant: one set of opened libraries behind all three."""
