"""framecue: text-to-video retrieval with prompt-tuned CLIP.

Video embeddings come from the video alone, so they are computed once and serve every query::

    import framecue

    library = framecue.Library("videos.lance", model=framecue.load_model("openai/clip-vit-base-patch32"))
    library.add("~/Videos")
    library.search("a dog catches a frisbee", k=10)
"""

import logging

import lazy_loader

# `__init__.pyi` lists the names and their modules; each is imported when it is first used. Importing the package must
# not import torch, so that `framecue --help` answers at once.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

# Whoever wants to read along adds a handler, or calls logging.basicConfig(). Nothing is printed without.
logging.getLogger(__name__).addHandler(logging.NullHandler())
