"""A stand-in for torchcodec: the part of its documented interface that framecue takes, over PyAV and NumPy."""
