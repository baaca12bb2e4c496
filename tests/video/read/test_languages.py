import pytest

from framecue.video.read.languages import iso_639_1


@pytest.mark.parametrize(
    ("code", "found"),
    [
        *[("en", "en"), ("eng", "en"), ("ENG", "en"), (" en-US ", "en"), ("pt_BR", "pt")],
        *[("ger", "de"), ("deu", "de"), ("chi", "zh"), ("zho", "zh"), ("haw", "haw"), ("yue-HK", "yue")],
        *[("und", None), ("zxx", None), ("", None), (None, None), ("german", None), ("12", None), ("e", None)],
    ],
)
def test_one_code_for_a_language(code: str | None, found: str | None) -> None:
    assert iso_639_1(code) == found
