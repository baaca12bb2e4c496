"""Names that a person has taught a model: where they stand in a text, and what is read in their place."""
