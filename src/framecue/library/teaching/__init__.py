"""Teaching a library names: from examples to token embeddings, and again when the model changes."""
