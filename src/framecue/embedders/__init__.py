"""Models that encode a video as a whole, with no towers for methods: VideoPrism, and multimodal embedding models."""

from framecue.embedders.choose import load_any_model

__all__ = ["load_any_model"]
