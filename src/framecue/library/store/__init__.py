"""A library's rows, on disk or in an object store; the only place that knows LanceDB."""

import os

import lazy_loader

# LanceDB writes what it does on standard error (a new table is a warning), unless it is told not to before it loads.
os.environ.setdefault("LANCE_LOG", "error")

# `__init__.pyi` lists the names and their modules; each is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
