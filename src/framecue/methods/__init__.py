"""One file a method, one registry."""

from framecue.methods.base import Method, MethodConfig
from framecue.methods.registry import ALL_METHODS, METHODS, build_method, method_named, saved_options

__all__ = ["ALL_METHODS", "METHODS", "Method", "MethodConfig", "build_method", "method_named", "saved_options"]
