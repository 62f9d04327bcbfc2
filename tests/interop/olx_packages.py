"""Small OLX courses as tests need them, and the real one where it is."""

import io
import os
import tarfile
from pathlib import Path

import msgspec
import pytest

from lms_graphql.content import payloads
from lms_graphql.interop.olx.course import read_course

REPOSITORY = Path(__file__).resolve().parents[2]
SKELETON = {
    "course.xml": '<course url_name="R1" org="Org" course="C101"/>',
    "course/R1.xml": '<course display_name="Weaving"><chapter url_name="c1"/></course>',
    "chapter/c1.xml": '<chapter display_name="Looms"><sequential url_name="s1"/></chapter>',
    "sequential/s1.xml": '<sequential display_name="Warp"><vertical url_name="v1"/></sequential>',
}


def course_files(vertical: str = "", **more: str) -> dict[str, bytes]:
    """A course with one vertical that holds the given XML; `more` adds or replaces files.

    In the names of `more`, `__` stands for `/` and a last `_` for the dot.
    """
    files = SKELETON | {"vertical/v1.xml": f'<vertical display_name="Threads">{vertical}</vertical>'}
    return {path: text.encode() for path, text in files.items()} | {
        path.replace("__", "/").replace("_xml", ".xml").replace("_html", ".html"): text.encode()
        for path, text in more.items()
    }


def block_id(tag: str, name: str) -> str:
    return f"block-v1:Org+C101+R1+type@{tag}+block@{name}"


def tar_of(path: Path, members: list[tuple[tarfile.TarInfo | str, bytes]], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as tar:
        for member, data in members:
            info = tarfile.TarInfo(member) if isinstance(member, str) else member
            if info.isreg():
                info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def demo_course() -> Path:
    """The export of the Open edX demo course; skips the test where it is not at hand."""
    shared = Path(os.environ.get("LMS_SHARED") or REPOSITORY.parent / "shared")
    path = shared / "data" / "openedx-demo-course.olx.tar.gz"
    if not path.exists():
        pytest.skip("the Open edX demo course is not here (set LMS_SHARED to the folder that holds data/)")
    return path


def items_of(files):
    """The items of the course's one vertical, and the report."""
    course, report = read_course(files)
    return course.modules[0].children[0].children[0].items, report


def item_of(files):
    (item,), report = items_of(files)
    payload = payloads.decode(item.content_type, msgspec.json.encode(item.payload), item_id=1)
    assert payload is not None
    return item, report
