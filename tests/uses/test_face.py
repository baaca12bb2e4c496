from __future__ import annotations

import framecue.uses


def test_each_name_is_the_one_of_its_home() -> None:
    from framecue.uses.classification import classify
    from framecue.uses.embed import embed_videos

    assert framecue.uses.classify is classify
    assert framecue.uses.embed_videos is embed_videos
    assert len(set(framecue.uses.__all__)) == len(framecue.uses.__all__)
    for name in framecue.uses.__all__:
        assert not hasattr(getattr(framecue.uses, name), "__path__")
        assert getattr(framecue.uses, name).__class__.__name__ != "module", f"{name} is a file, too"
