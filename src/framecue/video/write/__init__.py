"""Writing files: new videos, and clips cut out of others."""
