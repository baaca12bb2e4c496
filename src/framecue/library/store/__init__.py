"""A library's rows on disk or in an object store; the only place that knows LanceDB."""

import lazy_loader

# The names and their homes stand in `__init__.pyi`; each is imported when it is first asked for.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
