"""XML of QTI as trees of elements without namespaces: read with nothing but what is in it, and compared."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from xml.etree.ElementTree import (
    Element,
    ParseError,
    ProcessingInstruction,
    SubElement,
    TreeBuilder,
    canonicalize,
    tostring,
)

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser
from typing_extensions import override

MAX_BYTES = 256 * 1024
MAX_DEPTH = 60
MATHML = "http://www.w3.org/1998/Math/MathML"
_QTI = ("http://www.imsglobal.org/xsd/imsqti_v2p0", "http://www.imsglobal.org/xsd/imsqti_v2p1",
        "http://www.imsglobal.org/xsd/imsqti_v2p2")  # fmt: skip
_XHTML = "http://www.w3.org/1999/xhtml"


class UnmappedError(Exception):
    """An item that becomes no question; the message is the short reason."""


class UnreadableError(Exception):
    """A file that can't be read as XML; the message is the short reason."""


class _Limited(TreeBuilder):
    """Builds a tree that is not too deep, with its processing instructions."""

    def __init__(self) -> None:
        super().__init__(insert_pis=True)
        self._depth = 0

    @override
    def start(self, tag: Any, attrs: Any, /) -> Element:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise UnreadableError(f"its elements are nested deeper than {MAX_DEPTH} levels")
        return super().start(tag, attrs)

    @override
    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(tag)


def parse(data: bytes) -> Element:
    """The root of a document, without document types, entities and anything from elsewhere; raises UnreadableError."""
    if len(data) > MAX_BYTES:
        raise UnreadableError(f"it is larger than {MAX_BYTES:,} bytes")
    parser = DefusedXMLParser(target=_Limited(), forbid_dtd=True, forbid_entities=True, forbid_external=True)
    try:
        parser.feed(data)
        root: Element = parser.close()
    except ParseError as error:
        raise UnreadableError(f"its XML is broken in line {error.position[0]}") from None
    except DefusedXmlException:
        raise UnreadableError("it has a document type or entities, which are refused") from None
    except (ValueError, LookupError):
        raise UnreadableError("it is in an encoding that can't be read") from None
    return root


def plain_names(root: Element) -> Element:
    """The tree with the names of QTI and XHTML without their namespaces; raises UnmappedError for MathML and others."""
    for element in elements(root):
        namespace, _, name = element.tag.rpartition("}")
        namespace = namespace.removeprefix("{")
        if namespace == MATHML or (not namespace and name == "math"):
            raise UnmappedError("it has MathML, and formulas are LaTeX here")
        if namespace and namespace not in (*_QTI, _XHTML):
            raise UnmappedError(f"it has elements of another kind: {namespace[:80]!a}")
        element.tag = name
    return root


def made(tag: str, *children: Element | str, **attributes: str) -> Element:
    """An element with its text and its children."""
    element = Element(tag, attributes)
    for child in children:
        if not isinstance(child, str):
            element.append(child)
        elif len(element):
            element[-1].tail = (element[-1].tail or "") + child
        else:
            element.text = (element.text or "") + child
    return element


def values(tag: str, texts: Iterable[str], **attributes: str) -> Element:
    """An element with a `value` for each text."""
    element = Element(tag, attributes)
    for text in texts:
        SubElement(element, "value").text = text
    return element


def only(root: Element, name: str) -> Element | None:
    """The only child of this name, None without one; raises UnmappedError for several."""
    found = root.findall(name)
    if len(found) > 1:
        raise UnmappedError(f"it has several elements {name}")
    return found[0] if found else None


def elements(root: Element) -> Iterator[Element]:
    """All elements of a tree but instructions, the root first."""
    return (element for element in root.iter() if not is_instruction(element))


def children(element: Element) -> Iterator[Element]:
    """The elements right below one, without instructions."""
    return (child for child in element if not is_instruction(child))


def is_instruction(element: Element) -> bool:
    """Whether it is no element of the document, but an instruction."""
    tag: Any = element.tag
    return not isinstance(tag, str)


def same(one: Element, other: Element) -> bool:
    """Whether two trees say the same, whatever space there is between their elements."""
    return _canonical(one) == _canonical(other)


def _canonical(element: Element) -> str:
    return canonicalize(tostring(element, "unicode"), strip_text=True)


def instruction(target: str, text: str) -> Any:
    """A processing instruction, which is for us and says nothing to others."""
    return ProcessingInstruction(target, text)


def instructed(element: Element, target: str) -> str | None:
    """What the instruction with this target says that is an element's first child; None without one."""
    first = element[0] if len(element) else None
    if first is None or not is_instruction(first) or (element.text or "").strip():
        return None
    name, _, text = (first.text or "").partition(" ")
    return text if name == target else None


def attributes(element: Element) -> Mapping[str, str]:
    """The attributes of an element without their namespaces."""
    return {name.rpartition("}")[2]: value for name, value in element.attrib.items()}
