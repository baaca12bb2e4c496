"""Batches, the step's loss over all processes, and the trainer."""
