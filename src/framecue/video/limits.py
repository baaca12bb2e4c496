"""Limits of reading that commands name in their options: nothing heavy is imported for them."""

__all__ = [
    "CPU_SECONDS",
    "CPU_SECONDS_PER_MEGABYTE",
    "GPU_PIXELS",
    "MEGAPIXELS",
    "MEGAPIXELS_PER_KILOBYTE",
    "READING",
    "SPOOL_GB",
    "SPOOL_VARIABLE",
    "STALL_SECONDS",
]

READING = 2
"""By which rules frames, times and shapes are read of a file. It rises when the same file is to give other ones."""

STALL_SECONDS = 60.0
"""How long a reader in a process of its own may show no sign of life before its file is given up, unless told."""

# What films take: 4K at a low rate some 20 seconds a megabyte and 2 megapixels a kilobyte; a black picture for hours,
# the most that encoders make of a byte, 250 seconds and 80 megapixels.
CPU_SECONDS, CPU_SECONDS_PER_MEGABYTE = 60.0, 500.0
"""How much processor time reading a file may take, unless told: so much, and so much for each of its megabytes."""

MEGAPIXELS, MEGAPIXELS_PER_KILOBYTE = 4_000, 100
"""How many megapixels one pass over a file may decode, unless told: so many, and so many for each of its kilobytes."""

GPU_PIXELS = 1920 * 1080
"""How many pixels the pictures of a video have at least that is decoded on a GPU, where that is wanted."""

SPOOL_VARIABLE, SPOOL_GB = "FRAMECUE_SPOOL_GB", 10.0
"""How many gigabytes of disk copies of objects from a store may take while they are read, unless told."""
