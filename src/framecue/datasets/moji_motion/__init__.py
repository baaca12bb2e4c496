"""MojiMotion: a generated text-video dataset of OpenMoji pictures that act, with captions from a small grammar."""
