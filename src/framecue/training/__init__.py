"""Batches, losses and the trainer."""
