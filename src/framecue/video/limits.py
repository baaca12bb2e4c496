"""Limits of reading that commands name in their options: nothing heavy is imported for them."""

__all__ = ["READING", "STALL_SECONDS"]

READING = 2
"""By which rules frames, times and shapes are read of a file. It rises when the same file is to give other ones."""

STALL_SECONDS = 60.0
"""How long a reader in a process of its own may show no sign of life before its file is given up, unless told."""
