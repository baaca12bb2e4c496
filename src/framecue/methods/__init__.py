"""One file a method, one registry."""

from framecue.methods.base import Method, MethodConfig
from framecue.methods.registry import METHODS, build_method, method_named

__all__ = ["METHODS", "Method", "MethodConfig", "build_method", "method_named"]
