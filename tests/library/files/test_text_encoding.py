# ruff: noqa: RUF001 (texts in many scripts)
from __future__ import annotations

import codecs
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framecue.library.files.text_encoding import decode_text

TEXTS = {
    "ru": (
        "Привет, как дела?",
        "Я не знаю, что тебе сказать. Мы поедем домой завтра утром.",
        "Он открыл дверь и увидел медведя. — Не может быть! — закричала Мария. Они долго молчали, глядя друг на друга.",
    ),
    "uk": (
        "Я не знаю, що тобі сказати. Ми поїдемо додому завтра вранці.",
        "Він відчинив двері й побачив ведмедя. Цього не може бути!",
    ),
    "bg": (
        "Не знам какво да ти кажа. Ще се върнем у дома утре сутринта.",
        "Здравей, как си?",
    ),
    "sr": ("Не знам шта да ти кажем. Идемо кући сутра ујутру.",),
    "zh": (
        "你好吗？",
        "我不知道该怎么跟你说。我们明天早上回家。",
        "他打开门，看见了一只熊。“不可能！”玛丽喊道。他们互相看着，沉默了很久。",
        "一只猫坐在窗台上看雨",
    ),
    "tw": (
        "我不知道該怎麼跟你說。我們明天早上回家。",
        "他打開門，看見了一隻熊。「不可能！」瑪麗喊道。",
        "你好嗎？",
    ),
    "ja": (
        "おはようございます",
        "何を言えばいいのかわからない。明日の朝、家に帰りましょう。",
        "彼はドアを開けて、熊を見た。「ありえない！」とマリアは叫んだ。",
        "ありがとう",
    ),
    "ko": (
        "안녕하세요",
        "무슨 말을 해야 할지 모르겠어요. 내일 아침에 집에 갑시다.",
        "그는 문을 열고 곰을 보았다. 그럴 리가 없어! 마리아가 소리쳤다.",
    ),
    "pl": (
        "Nie wiem, co ci powiedzieć. Jutro rano pojedziemy do domu.",
        "Otworzył drzwi i zobaczył niedźwiedzia. To niemożliwe! Krzyknęła głośno.",
        "Cześć, jak się masz?",
    ),
    "cs": (
        "Nevím, co ti mám říct. Zítra ráno pojedeme domů.",
        "Otevřel dveře a uviděl medvěda. To není možné!",
        "Dobrý den, příteli",
    ),
    "hu": (
        "Nem tudom, mit mondjak neked. Holnap reggel hazamegyünk.",
        "Kinyitotta az ajtót, és meglátta a medvét. Ez nem lehet igaz! Jó éjszakát, őrült nő.",
    ),
    "ro": ("Nu ştiu ce să-ţi spun. Mâine dimineaţă mergem acasă.",),
    "el": (
        "Δεν ξέρω τι να σου πω. Θα πάμε σπίτι αύριο το πρωί.",
        "Καλημέρα, τι κάνεις;",
        "Άνοιξε την πόρτα και είδε μια αρκούδα.",
    ),
    "he": (
        "אני לא יודע מה להגיד לך. נלך הביתה מחר בבוקר.",
        "שלום, מה שלומך?",
    ),
    "ar": (
        "لا أعرف ماذا أقول لك. سنعود إلى البيت غدا صباحا.",
        "صباح الخير",
    ),
    "fa": ("نمي دانم به تو چه بگويم. فردا صبح به خانه مي رويم.",),
    "tr": (
        "Sana ne söyleyeceğimi bilmiyorum. Yarın sabah eve gideceğiz.",
        "Kapıyı açtı ve bir ayı gördü. Olamaz! Işıklar söndü.",
        "Güneşli günler",
    ),
    "fr": (
        "Je ne sais pas quoi te dire. Nous rentrons à la maison demain matin, déjà très tôt.",
        "Ça va ?",
        "Il ouvrit la porte et aperçut un ours. « Ce n’est pas possible ! » cria-t-elle.",
        "café",
    ),
    "de": (
        "Ich weiß nicht, was ich dir sagen soll. Wir fahren morgen früh nach Hause.",
        "Er öffnete die Tür und sah einen Bären. „Unmöglich!“ schrie sie.",
        "Grüß Gott",
    ),
    "es": (
        "No sé qué decirte. Mañana por la mañana volvemos a casa.",
        "¿Cómo estás?",
        "Él abrió la puerta y vio un oso. ¡No puede ser!",
    ),
    "pt": (
        "Não sei o que te dizer. Amanhã de manhã vamos para casa.",
        "Coração",
    ),
    "sv": (
        "Jag vet inte vad jag ska säga. Vi åker hem i morgon bitti, på riktigt.",
        "Vi går över ån",
    ),
    "da": ("Jeg ved ikke, hvad jeg skal sige. Vi kører hjem i morgen tidlig, så må vi få øl.",),
    "th": (
        "ฉันไม่รู้จะพูดอะไรกับคุณ พรุ่งนี้เช้าเราจะกลับบ้าน",
        "สวัสดีครับ",
    ),
    "fi": ("En tiedä, mitä sanoa sinulle. Menemme kotiin huomenna aamulla, hyvää yötä.",),
    "lt": ("Nežinau, ką tau pasakyti. Rytoj ryte važiuosime namo.",),
}
ENCODINGS = {
    "ru": ("cp1251", "koi8-r", "cp866", "iso8859-5"),
    "uk": ("cp1251", "koi8-u"),
    "bg": ("cp1251",),
    "sr": ("cp1251",),
    "zh": ("gb18030",),
    "tw": ("big5",),
    "ja": ("cp932", "euc-jp"),
    "ko": ("cp949",),
    "pl": ("cp1250", "iso8859-2"),
    "cs": ("cp1250", "iso8859-2"),
    "hu": ("cp1250", "iso8859-2"),
    "ro": ("cp1250",),
    "el": ("cp1253", "iso8859-7"),
    "he": ("cp1255", "iso8859-8"),
    "ar": ("cp1256", "iso8859-6"),
    "fa": ("cp1256",),
    "tr": ("cp1254",),
    "fr": ("cp1252", "iso8859-15"),
    "de": ("cp1252",),
    "es": ("cp1252",),
    "pt": ("cp1252",),
    "sv": ("cp1252",),
    "da": ("cp1252",),
    "th": ("cp874",),
    "fi": ("cp1252",),
    "lt": ("cp1257",),
}


def srt(text: str) -> str:
    return f"1\n00:00:00,500 --> 00:00:01,000\n{text}\n\n"


def cases() -> list[tuple[str, str, str]]:
    return [
        (language, encoding, text)
        for language, encodings in ENCODINGS.items()
        for encoding in encodings
        for text in (*TEXTS[language], "\n".join(TEXTS[language] * 4))
        if can_say(text, encoding)
    ]


def can_say(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return not text.isascii()


@pytest.mark.parametrize(("language", "encoding", "text"), cases())
def test_a_legacy_text_reads_as_it_was_written_or_not_at_all(language: str, encoding: str, text: str) -> None:
    content = srt(text)
    unaided = decode_text(content.encode(encoding))
    # So few syllables could be anything.
    assert unaided == content or (unaided is None and text in ("おはようございます", "ありがとう"))
    assert decode_text(content.encode(encoding), [{"tw": "zh"}.get(language, language)]) == content


@pytest.mark.parametrize(("text", "encoding"), [("Привет медведь", "cp1251"), ("你好熊猫", "gb18030")])
def test_two_words_are_enough_where_they_are_common(text: str, encoding: str) -> None:
    assert decode_text(srt(text).encode(encoding)) == srt(text)


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode(),
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
        lambda text: codecs.BOM_UTF32_BE + text.encode("utf-32-be"),
    ],
)
def test_unicode_is_never_taken_for_anything_else(encode) -> None:
    for texts in TEXTS.values():
        for text in texts:
            assert decode_text(encode(text), ["ru"]) == text


def test_a_spoilt_byte_costs_only_itself() -> None:
    data = ("Привет медведь. " * 9).encode()
    text = decode_text(data[:28] + b"\xff" + data[28:])
    assert text is not None
    assert text.count("\N{REPLACEMENT CHARACTER}") == 1
    assert text.replace("\N{REPLACEMENT CHARACTER}", "") == "Привет медведь. " * 9


@settings(max_examples=150)
@given(data=st.binary(max_size=200))
def test_any_bytes_give_a_text_or_none_and_the_same_twice(data: bytes) -> None:
    text = decode_text(data)
    assert text == decode_text(data)
    assert text is None or isinstance(text, str)


LINES = "I never said that he would come.\nWhere were you last night?\n" * 100


@pytest.mark.parametrize("languages", [[], ["en"]])
@pytest.mark.parametrize(
    "text",
    [
        "I don’t know",
        "“Stop!” she said… and left – for good",
        "it costs £5",
        "at 25° in the shade",
        "5 € each",
        "© 2004 Somebody®",
        "¶ la la la ¶",
        "one\u00a0two",
        "«No», she said",
        "a 2½ inch disc",
    ],
)
@pytest.mark.parametrize("around", ["{}", "Hello there, how are you?\n{}\nGoodbye then.", LINES + "{}"])
def test_english_with_signs_is_read_as_windows_writes_it(text: str, languages: list[str], around: str) -> None:
    content = srt(around.format(text))
    assert decode_text(content.encode("cp1252"), languages) == content


@pytest.mark.parametrize(
    ("text", "encoding", "languages"),
    [
        ("À DEMAIN", "cp1252", []),
        ("À DEMAIN", "cp1252", ["fr"]),
        ("네", "cp949", ["ko"]),
        ("żółw", "cp1250", ["pl"]),
        ("ｱｲｳ", "cp932", ["ja"]),
        ("おはようございます。猫がいます。", "iso2022_jp", []),
        ("№ 5 из 10", "cp1251", ["ru"]),
    ],
)
def test_few_letters_are_read_right_where_anything_tells(text: str, encoding: str, languages: list[str]) -> None:
    assert decode_text(srt(text).encode(encoding), languages) == srt(text)


@pytest.mark.parametrize(
    ("text", "encoding"), [("네", "cp949"), ("żółw", "cp1250"), ("ｱｲｳ", "cp932"), ("네 네", "cp949")]
)
def test_so_few_letters_are_never_read_wrong(text: str, encoding: str) -> None:
    assert decode_text(srt(text).encode(encoding)) in (srt(text), None)


def test_noise_is_no_text() -> None:
    draw = random.Random(0)
    assert [decode_text(draw.randbytes(300)) for _ in range(50)] == [None] * 50
