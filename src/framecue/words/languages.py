"""Codes of languages: files give them with three letters and with two; words carry those of two (ISO 639-1)."""

from __future__ import annotations

__all__ = ["short_code"]

# Each language's code of two letters, then those of three (ISO 639-2), of which some languages have two.
_CODES = """
    aa:aar ab:abk ae:ave af:afr ak:aka am:amh an:arg ar:ara as:asm av:ava ay:aym az:aze ba:bak be:bel bg:bul
    bh:bih bi:bis bm:bam bn:ben bo:bod:tib br:bre bs:bos ca:cat ce:che ch:cha co:cos cr:cre cs:ces:cze cu:chu
    cv:chv cy:cym:wel da:dan de:deu:ger dv:div dz:dzo ee:ewe el:ell:gre en:eng eo:epo es:spa et:est eu:eus:baq
    fa:fas:per ff:ful fi:fin fj:fij fo:fao fr:fra:fre fy:fry ga:gle gd:gla gl:glg gn:grn gu:guj gv:glv ha:hau
    he:heb hi:hin ho:hmo hr:hrv ht:hat hu:hun hy:hye:arm hz:her ia:ina id:ind ie:ile ig:ibo ii:iii ik:ipk io:ido
    is:isl:ice it:ita iu:iku ja:jpn jv:jav ka:kat:geo kg:kon ki:kik kj:kua kk:kaz kl:kal km:khm kn:kan ko:kor
    kr:kau ks:kas ku:kur kv:kom kw:cor ky:kir la:lat lb:ltz lg:lug li:lim ln:lin lo:lao lt:lit lu:lub lv:lav
    mg:mlg mh:mah mi:mri:mao mk:mkd:mac ml:mal mn:mon mr:mar ms:msa:may mt:mlt my:mya:bur na:nau nb:nob nd:nde
    ne:nep ng:ndo nl:nld:dut nn:nno no:nor nr:nbl nv:nav ny:nya oc:oci oj:oji om:orm or:ori os:oss pa:pan pi:pli
    pl:pol ps:pus pt:por qu:que rm:roh rn:run ro:ron:rum ru:rus rw:kin sa:san sc:srd sd:snd se:sme sg:sag si:sin
    sk:slk:slo sl:slv sm:smo sn:sna so:som sq:sqi:alb sr:srp ss:ssw st:sot su:sun sv:swe sw:swa ta:tam te:tel
    tg:tgk th:tha ti:tir tk:tuk tl:tgl tn:tsn to:ton tr:tur ts:tso tt:tat tw:twi ty:tah ug:uig uk:ukr ur:urd
    uz:uzb ve:ven vi:vie vo:vol wa:wln wo:wol xh:xho yi:yid yo:yor za:zha zh:zho:chi zu:zul
"""
_BY_CODE = {code: codes.split(":")[0] for codes in _CODES.split() for code in codes.split(":")}
# What files say besides: codes that were withdrawn, and single languages of a group whose code is the one in use.
_BY_CODE |= {"iw": "he", "in": "id", "ji": "yi", "cmn": "zh", "yue": "zh", "nb": "no", "nob": "no"}
_BY_CODE |= {"arb": "ar", "pes": "fa", "prs": "fa", "swh": "sw", "zsm": "ms", "mo": "ro", "scc": "sr", "scr": "hr"}
_BY_CODE |= {"fil": "tl"}


def short_code(tag: str | None) -> str | None:
    """Return a language's code of two letters.

    Args:
        tag: what a file says, in whatever case: a code of two or three letters, of which the part before a hyphen or an
            underscore counts (``en-US``, ``zh_Hant``); None if it says nothing.

    Returns:
        None for a language that has none, and for what is no code, such as ``und``.
    """
    if tag is None:
        return None
    return _BY_CODE.get(tag.strip().lower().replace("_", "-").partition("-")[0])
