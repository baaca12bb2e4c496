"""MojiMotion, a generated text-video dataset: OpenMoji pictures that move, with captions from a small grammar."""
