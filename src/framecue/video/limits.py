"""Limits of reading that commands name in their options: nothing heavy is imported for them."""

__all__ = ["STALL_SECONDS"]

STALL_SECONDS = 60.0
"""How long a reader in a process of its own may show no sign of life before its file is given up, unless told."""
