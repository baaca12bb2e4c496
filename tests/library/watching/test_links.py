"""Which folders links lead to."""

from __future__ import annotations

from pathlib import Path

from framecue.library.watching.links import has_other_paths, linked_folders


def test_links_behind_links_count_and_those_to_the_root_or_above_do_not(tmp_path: Path) -> None:
    root, elsewhere, far = tmp_path / "root", tmp_path / "elsewhere", tmp_path / "far"
    for folder in (root / "inner" / "below", root / "plain", elsewhere, far):
        folder.mkdir(parents=True)
    (root / "plain" / "a file").touch()
    for link, target in (
        (root / "to inner", root / "inner"),
        (root / "away", elsewhere),
        (elsewhere / "on", far),
        (far / "back", elsewhere),
        (root / "loop", root),
        (root / "up", tmp_path),
        (root / "nothing", tmp_path / "none"),
        (root / "to a file", root / "plain" / "a file"),
    ):
        link.symlink_to(target)
    linked = linked_folders(str(root))
    assert linked == {str(root / "inner"), str(elsewhere), str(far)}
    for place, others in (
        ("inner/a.mp4", True),
        ("inner/below/a.mp4", True),
        ("to inner/a.mp4", True),
        ("away/a.mp4", True),
        ("plain/a.mp4", False),
        ("a.mp4", False),
    ):
        assert has_other_paths(str(root / place), str(root), linked) is others
    assert linked_folders(str(root / "no folder")) == frozenset()
