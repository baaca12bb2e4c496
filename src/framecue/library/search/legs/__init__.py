"""The legs of a search: each finds moments by something else, and all have the shape of one stream, best first."""
