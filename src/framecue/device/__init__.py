"""Keeping a GPU fed: frames that are copied while it computes, and calls of a model at one size of batch."""
