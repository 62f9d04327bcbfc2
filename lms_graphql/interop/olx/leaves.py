"""The blocks with content: each kind of OLX as the kind of item that has a place for it."""

import math
from collections.abc import Callable, Iterable
from typing import Any
from xml.etree.ElementTree import Element, tostring

from bs4 import BeautifulSoup
from bs4.exceptions import ParserRejectedMarkup

from lms_graphql.interop.imported import ImportedItem
from lms_graphql.interop.olx.article import as_markdown, read_article, report_article
from lms_graphql.interop.olx.problem import problem_item
from lms_graphql.interop.olx.sanitize import UnreadableHtmlError
from lms_graphql.interop.olx.source import Block, BrokenFileError, Source, html_path
from lms_graphql.interop.olx.text import RefusedUrlError, safe_url, title, whole_number
from lms_graphql.interop.olx.video import video_item

WORDS_PER_MINUTE = 200
_WITHOUT_PLACE = {
    "discussion": "a discussion has no place in the syllabus yet",
    "wiki": "a wiki has no place here",
}


def leaf_item(source: Source, block: Block) -> ImportedItem | None:
    """The item of a block, or None when it has no place here; the report says which, and why."""
    try:
        item = _ITEMS.get(block.tag, _resource)(source, block)
    except (BrokenFileError, UnreadableHtmlError, ParserRejectedMarkup) as error:
        source.report.leave_out(block.tag, block.external_id, str(error))
        return None
    if item is not None:
        source.report.count(block.tag, item.content_type)
    return item


def _item(block: Block, content_type: str, payload: dict[str, Any], name: str = "") -> ImportedItem:
    return ImportedItem(
        external_id=block.external_id,
        content_type=content_type,
        title=title(block.attributes.get("display_name", "") or name, f"Untitled {content_type}"),
        payload=payload,
        is_active=not block.is_hidden,
    )


def _text(source: Source, block: Block) -> ImportedItem:
    article = read_article(_body(source, block))
    report_article(source, block, article)
    item = _item(block, "text", {"layout": "rich_text_v1", "blocks": article.blocks})
    if article.words:
        item.estimated_duration_seconds = 60 * math.ceil(article.words / WORDS_PER_MINUTE)
    return item


def _body(source: Source, block: Block) -> str:
    """The HTML of an html block: of the file it names, of the file named like it, or written within it."""
    element = block.element
    if len(element) or (element.text or "").strip():
        return (element.text or "") + "".join(tostring(child, "unicode", method="html") for child in element)
    filename = block.attributes.get("filename", "").strip()
    path = html_path(block.tag, filename or block.url_name)
    if path in source.files:
        return source.files[path].decode("utf-8-sig", errors="replace")
    if filename:
        raise BrokenFileError(f"the file {path} is missing")
    return ""


def _assignment(source: Source, block: Block) -> ImportedItem:
    prompts = [description.text or "" for description in block.element.iterfind(".//prompts/prompt/description")]
    prompts = prompts or [prompt.text or "" for prompt in block.element.iterfind("prompt")]
    articles = [read_article(prompt) for prompt in prompts]
    for article in articles:
        report_article(source, block, article)
    payload: dict[str, Any] = {
        "instructions": "\n\n".join(as_markdown(article.blocks) for article in articles if article.blocks),
        "submission_types": _submission_types(block),
    }
    if points := _max_points(block.element):
        payload["max_points"] = points
    return _item(block, "assignment", payload, block.element.findtext("title", ""))


def _submission_types(block: Block) -> list[str]:
    asked = ("required", "optional")
    text = block.attributes.get("text_response", "").lower()
    file = block.attributes.get("file_upload_response", "").lower()
    types = [name for name, wish in (("text", text), ("file", file)) if wish in asked]
    return types or ["text"]


def _max_points(element: Element) -> float:
    criteria = element.iterfind(".//rubric/criterion")
    return float(sum(max(_points(criterion.iterfind("option")), default=0) for criterion in criteria))


def _points(options: Iterable[Element]) -> list[int]:
    return [whole_number(option.get("points", "")) or 0 for option in options]


def _resource(source: Source, block: Block) -> ImportedItem | None:
    """A tool or anything unknown: one link to open when it names an address, else left out."""
    for kind, address in _addresses(block):
        try:
            url = safe_url(address)
        except RefusedUrlError:
            continue
        if url.startswith(("https://", "http://")):
            item = _item(block, "resource", {})
            item.payload = {"resources": [{"label": item.title, "url": url, "kind": kind}]}
            return item
    reason = _WITHOUT_PLACE.get(block.tag, "blocks of this kind have no place here and it names no address to open")
    source.report.leave_out(block.tag, block.external_id, reason)
    return None


def _addresses(block: Block) -> list[tuple[str, str]]:
    tools = [block.attributes.get(name, "") for name in ("launch_url", "lti_1p3_launch_url")]
    links = [block.attributes.get(name, "") for name in ("href", "url")]
    embeds = [block.attributes.get(name, "") for name in ("embed", "embed_code", "embed_url")]
    links += [_embedded(embed) for embed in embeds]
    return [("tool", url) for url in tools if url] + [("link", url) for url in links if url]


def _embedded(embed: str) -> str:
    """The address in an embed code (the source of its iframe or image, or its link), or the text itself."""
    if "<" not in embed:
        return embed
    for tag in BeautifulSoup(f"<div>{embed}</div>", "html.parser").find_all(True):
        if address := tag.get("src") or tag.get("href"):
            return str(address)
    return ""


_ITEMS: dict[str, Callable[[Source, Block], ImportedItem | None]] = {
    "html": _text,
    "video": video_item,
    "problem": problem_item,
    "openassessment": _assignment,
}
