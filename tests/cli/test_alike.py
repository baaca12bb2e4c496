"""What counts as the same picture on a sheet, and what does not."""

import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from framecue.cli.alike import group_alike


def scene(seed, *, size=(160, 90), brightness=1.0):
    coarse = np.random.default_rng(seed).integers(0, 256, (3, 5, 3)).astype(np.uint8)
    picture = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
    return ImageEnhance.Brightness(picture).enhance(brightness)


def film(seed, **named):
    return [scene(seed * 10 + number, **named) for number in range(4)]


def compressed(picture, quality=30):
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


def is_alike(one, other):
    return len(group_alike([one, other])) == 1


COPIES = {
    "itself": lambda frames: frames,
    "smaller": lambda frames: [frame.resize((80, 45)) for frame in frames],
    "compressed": lambda frames: [compressed(frame) for frame in frames],
    "smaller and compressed": lambda frames: [compressed(frame.resize((112, 63))) for frame in frames],
    "a little brighter": lambda frames: [ImageEnhance.Brightness(frame).enhance(1.04) for frame in frames],
}


@pytest.mark.parametrize("change", COPIES)
@pytest.mark.parametrize("brightness", [1.0, 0.1])
def test_copies_are_alike(change, brightness):
    assert is_alike(film(1, brightness=brightness), COPIES[change](film(1, brightness=brightness)))


def painted(frames, box, colour):
    made = [frame.copy() for frame in frames]
    for frame in made:
        frame.paste(colour, box)
    return made


WHITE = [Image.new("RGB", (160, 90), "white")] * 4
OTHERS = {
    "another film": (film(1), film(2)),
    "another night": (film(1, brightness=0.08), film(2, brightness=0.08)),
    "the same in another order": (film(1), film(1)[::-1]),
    "another time of a film": (film(1), [*film(1)[1:], scene(77)]),
    "something small on white": (WHITE, painted(WHITE, (20, 20, 32, 30), "red")),
    "the same thing elsewhere": (painted(WHITE, (20, 20, 32, 30), "red"), painted(WHITE, (60, 20, 72, 30), "red")),
    "another colour": (painted(WHITE, (20, 20, 40, 40), "red"), painted(WHITE, (20, 20, 40, 40), "green")),
    "another shape": (film(1), [frame.resize((90, 160)) for frame in film(1)]),
    "a still picture of it": (film(1), film(1)[:1]),
    "what cannot be read": ([], []),
}


@pytest.mark.parametrize("case", OTHERS)
def test_what_differs_is_not_alike(case):
    one, other = OTHERS[case]
    assert not is_alike(one, other)
    assert not is_alike(other, one)


def test_groups_keep_the_order_and_go_by_their_firsts():
    results = [film(1), film(2), film(1), [], film(2), film(3), film(1), []]
    assert group_alike(results) == [[0, 2, 6], [1, 4], [3], [5], [7]]
