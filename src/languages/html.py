"""HTML: a page, or a part of one."""

import re

from src.languages.language import Evidence, Language, Pattern

MAX_TAGS = 5_000  # html5lib is quadratic in open formatting elements
MAX_ATTRIBUTES = 300  # of one tag: html5lib compares each with all before it

_COMMENTS = re.compile(r"\s*+(?:<!--.*?-->\s*+)*+", re.DOTALL)  # that a text begins with
_DOCUMENT = re.compile(r"<(?:!doctype|(html))\b", re.IGNORECASE)
_TAG = re.compile(r"<[A-Za-z](?:[^\"'>]++|\"[^\"]*+\"|'[^']*+')*+")
_ATTRIBUTE_VALUE = re.compile(r"\"[^\"]*+\"|'[^']*+'")
_SETTLED = 100  # more evidence than there is for anything else


def _html(text: str) -> str | None:
    import html5lib
    from html5lib.html5parser import ParseError

    if text.count("<") > MAX_TAGS:
        return f"more than {MAX_TAGS} tags"
    if any(len(_ATTRIBUTE_VALUE.sub("", tag).split()) > MAX_ATTRIBUTES for tag in _TAG.findall(text)):
        return f"more than {MAX_ATTRIBUTES} attributes in a tag"
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    comments = _COMMENTS.match(text)
    document = _DOCUMENT.match(text, comments.end() if comments else 0)
    doctype = "<!DOCTYPE html>" if document and document.group(1) else ""
    try:
        if document:
            parser.parse(doctype + text)
        else:
            parser.parseFragment(text)
    except ParseError as error:
        return str(error) or "parse error"
    return None if re.search(r"<[A-Za-z!]", text) else "no element"


def _weigh(text: str, evidence: Evidence) -> float:
    """What begins with a tag is a page, whatever its scripts are in."""
    return evidence["html"] + _SETTLED * (evidence["html"] >= 2 and re.match(r"\s*<", text) is not None)


LANGUAGE = Language(
    name="html", label="HTML", aliases="htm xhtml html5", rank=13, decisive_rank=6, highlight="markup",
    named=Pattern(r"(?i)\bhtml5?\b|\bweb ?page\b", "html|web"),
    decisive=Pattern(r"(?is)\A\s*(?:<!--.*?-->\s*)?<(?:!doctype html|html|head|body)\b", "<"),
    evidence=Pattern(
        r"(?i)<(?=[a-z/])(?:/\w++>|(?:a(?:rticle|udio)?|b(?:r|utton)?|div|em|f(?:ooter|orm)|h(?:[1-6]|eader|r)"
        r"|i(?:frame|mg|nput)?|l(?:abel|i|ink)|m(?:ain|eta)|nav|o(?:l|ption)|p"
        r"|s(?:cript|e(?:ction|lect)|pan|t(?:rong|yle))|t(?:able|d|extarea|h|itle|r)|ul|video)\b[^<>]*+>)"),
    weigh=_weigh, strict=True, is_format=True, tags=True, comments="<!--",
    parser=_html, checked=True,
)  # fmt: skip
