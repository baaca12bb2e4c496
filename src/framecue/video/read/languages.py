"""Languages as files name them, by two letters, by three, or with a region, turned into one code."""

from __future__ import annotations

import re

__all__ = ["iso_639_1"]

# ISO 639-2: both codes of a language that has two, before its code in ISO 639-1.
_TABLE = """
    aar:aa abk:ab afr:af aka:ak alb:sq amh:am ara:ar arg:an arm:hy asm:as aze:az bak:ba baq:eu bel:be ben:bn bod:bo
    bos:bs bre:br bul:bg bur:my cat:ca ces:cs chi:zh chv:cv cmn:zh cor:kw cos:co cym:cy cze:cs dan:da deu:de div:dv
    dut:nl dzo:dz ell:el eng:en epo:eo est:et eus:eu fao:fo fas:fa fij:fj fin:fi fra:fr fre:fr fry:fy geo:ka ger:de
    gla:gd gle:ga glg:gl gre:el grn:gn guj:gu hat:ht hau:ha heb:he hin:hi hrv:hr hun:hu hye:hy ibo:ig ice:is ind:id
    isl:is ita:it jav:jv jpn:ja kal:kl kan:kn kas:ks kat:ka kaz:kk khm:km kin:rw kir:ky kor:ko kur:ku lao:lo lat:la
    lav:lv lin:ln lit:lt ltz:lb mac:mk mal:ml mao:mi mar:mr may:ms mkd:mk mlg:mg mlt:mt mon:mn mri:mi msa:ms mya:my
    nep:ne nld:nl nno:nn nob:no nor:no oci:oc ori:or orm:om pan:pa per:fa pol:pl por:pt pus:ps que:qu roh:rm ron:ro
    rum:ro rus:ru san:sa sin:si slk:sk slo:sk slv:sl smo:sm sna:sn snd:sd som:so spa:es sqi:sq srd:sc srp:sr sun:su
    swa:sw swe:sv tam:ta tat:tt tel:te tgk:tg tgl:tl tha:th tib:bo tir:ti tuk:tk tur:tr uig:ug ukr:uk urd:ur uzb:uz
    vie:vi wel:cy wol:wo xho:xh yid:yi yor:yo zha:za zho:zh zul:zu
"""
_THREE_LETTERS = dict(entry.split(":") for entry in _TABLE.split())
# What stands for "nobody said", "none", "several" and "a code is missing".
_NOT_TOLD = frozenset({"und", "zxx", "mul", "mis", "unk", "qaa"})
_CODE = re.compile(r"[a-z]{2,3}")


def iso_639_1(code: str | None) -> str | None:
    """Return the ISO 639-1 code of a language.

    Args:
        code: of two or three letters, in capitals or not, with or without a region ("ger", "pt-BR"); None for none.

    Returns:
        The two letters; the code itself for a language without such letters; None if it is no code, or says nothing.
    """
    head = re.split(r"[-_]", (code or "").strip().lower(), maxsplit=1)[0]
    if not _CODE.fullmatch(head) or head in _NOT_TOLD:
        return None
    return _THREE_LETTERS.get(head, head)
