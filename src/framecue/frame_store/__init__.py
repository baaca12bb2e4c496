"""A store of decoded frames: made once of a data set's videos, and read in their place."""

import lazy_loader

# The names and their homes stand in `__init__.pyi`; each is imported when it is first asked for.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
