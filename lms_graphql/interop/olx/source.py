"""The blocks of an OLX course: pointers followed, attributes merged with the policy, every block met exactly once.

In the report, a left-out entry whose kind is an element's name (which cannot hold a space) is a block of the course
tree; a kind with a space in it («video transcript») is a part of a block that was itself taken over, or of the course.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException, DTDForbidden
from defusedxml.ElementTree import fromstring

from lms_graphql.interop.imported import ImportReport
from lms_graphql.interop.olx.text import clean, is_asset

SKELETON = frozenset({"course", "chapter", "sequential", "vertical"})
MAX_EXTERNAL_ID = 512
_NAMES = frozenset({"url_name", "slug"})
_NEVER_A_FILE = frozenset({"wiki"})


class CourseError(ValueError):
    """The course cannot be imported. The message is one line that names the file and, where known, the line in it."""


class BrokenFileError(ValueError):
    """A file that cannot be read; the message names it."""


@dataclass(frozen=True)
class CourseKey:
    """The name of a course run in Open edX."""

    org: str
    course: str
    run: str

    def __str__(self) -> str:
        return f"course-v1:{self.org}+{self.course}+{self.run}"

    def block(self, tag: str, url_name: str) -> str:
        """The name of one block of the run."""
        return f"block-v1:{self.org}+{self.course}+{self.run}+type@{tag}+block@{url_name}"


@dataclass(frozen=True)
class Block:
    """One block of the tree. `attributes` are the file's, then the pointer's, then the policy's, all of them text."""

    tag: str
    url_name: str
    external_id: str
    element: Element
    attributes: Mapping[str, str]

    @property
    def is_hidden(self) -> bool:
        """Whether only staff may see it."""
        return self.attributes.get("visible_to_staff_only", "").lower() == "true"


@dataclass
class Source:
    """A course being read: its files, its key and policy, what was met so far, and the report."""

    files: Mapping[str, bytes]
    key: CourseKey
    policy: Mapping[str, Any]
    report: ImportReport = field(default_factory=ImportReport)
    met: set[str] = field(default_factory=set)
    assets: set[str] = field(default_factory=set)

    def resolve(self, pointer: Element, parent_id: str, position: int) -> Block | None:
        """The block that a child element defines or points to; None when there is none (and the report says why).

        Raises CourseError when a file of the skeleton is broken.
        """
        tag = clean(pointer.tag)
        url_name = _url_name(pointer, parent_id, position)
        external_id = self.key.block(tag, url_name)
        if len(external_id) > MAX_EXTERNAL_ID:
            return self._leave_out(tag, external_id[:MAX_EXTERNAL_ID], "its name is too long")
        if external_id in self.met:
            return self._leave_out(tag, external_id, "it was already read: a second block of this name, or a cycle")
        self.met.add(external_id)
        try:
            element = self._definition(tag, url_name, pointer)
        except BrokenFileError as error:
            if tag in SKELETON:
                raise CourseError(str(error)) from None
            return self._leave_out(tag, external_id, str(error))
        if element is None:
            return self._leave_out(tag, external_id, f"the file {_path(tag, url_name)} is missing")
        return Block(tag, url_name, external_id, element, self.attributes(tag, url_name, pointer, element))

    def _leave_out(self, tag: str, external_id: str, reason: str) -> Block | None:
        self.report.leave_out(tag, external_id, reason)
        return None

    def _definition(self, tag: str, url_name: str, pointer: Element) -> Element | None:
        """The element that holds the block's content: the pointer itself when the block is written inline."""
        if len(pointer) or (pointer.text or "").strip():
            return pointer
        path = _path(tag, url_name)
        if path in self.files:
            element = parse(self.files, path)
            if clean(element.tag) != tag:
                raise BrokenFileError(f"{path} holds a {clean(element.tag)} where a {tag} is expected")
            return element
        names_a_file = tag not in _NEVER_A_FILE and bool(pointer.attrib) and pointer.attrib.keys() <= _NAMES
        return None if names_a_file and html_path(tag, url_name) not in self.files else pointer

    def attributes(self, tag: str, url_name: str, pointer: Element, element: Element) -> dict[str, str]:
        """The attributes of a block from all its places: the file's win over the pointer's, both over the policy's."""
        policy = self.policy.get(f"{tag}/{url_name}")
        merged = {name: _attribute(value) for name, value in policy.items()} if isinstance(policy, dict) else {}
        merged.update(pointer.attrib)
        merged.update(element.attrib)
        return {name: clean(value) for name, value in merged.items()}

    def note_assets(self, urls: list[str]) -> None:
        """Report each file of the package that the course refers to, once: files are not taken over."""
        for url in urls:
            if is_asset(url) and url not in self.assets:
                self.assets.add(url)
                self.report.leave_out("course asset", url, "files of the course are not imported yet")


def html_path(tag: str, name: str) -> str:
    """Where the body of an html block is kept, apart from its pointer."""
    return f"{tag}/{name.replace(':', '/')}.html" if tag == "html" else ""


def _path(tag: str, url_name: str) -> str:
    return f"{tag}/{url_name.replace(':', '/')}.xml"


def _url_name(pointer: Element, parent_id: str, position: int) -> str:
    """The block's name; one made from its place when it has none, the same in every import of the same tree."""
    name = clean(pointer.get("url_name") or pointer.get("slug") or "").strip()
    return name or hashlib.sha256(f"{parent_id} {position}".encode()).hexdigest()[:32]


def _attribute(value: object) -> str:
    """A value of policy.json the way an XML attribute would hold it."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value)


def parse(files: Mapping[str, bytes], path: str) -> Element:
    """The root element of an XML file; raises BrokenFileError. Declared types and entities are refused unread."""
    try:
        root: Element = fromstring(files[path], forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except KeyError:
        raise BrokenFileError(f"the file {path} is missing") from None
    except ParseError as error:
        raise BrokenFileError(f"{path} line {error.position[0]}: broken XML ({error.msg})") from None
    except DTDForbidden:
        raise BrokenFileError(f"{path} has a document type declaration (DTD), which is refused") from None
    except DefusedXmlException:
        raise BrokenFileError(f"{path} declares entities or refers to other files, which is refused") from None
    except (ValueError, LookupError) as error:
        raise BrokenFileError(f"{path} cannot be read as XML ({error})") from None
    return root
