"""Reads a course in OLX: chapters, sequentials and verticals as units, lessons and topics, what is in them as items."""

from collections.abc import Mapping

from lms_graphql.interop.imported import ImportedCourse, ImportedItem, ImportedModule, ImportReport
from lms_graphql.interop.olx.leaves import leaf_item
from lms_graphql.interop.olx.run import description, imported_run, language_code, open_course
from lms_graphql.interop.olx.source import Block, Source
from lms_graphql.interop.olx.text import title

MAX_DEPTH = 20
MAX_CODE = 128
MODULE_TYPES = {
    "chapter": "unit",
    "sequential": "lesson",
    "videosequence": "lesson",
    "problemset": "lesson",
    "vertical": "topic",
    "wrapper": "topic",
}
CHOOSERS = frozenset(
    {"library_content", "itembank", "legacy_library_content", "split_test", "conditional", "randomize"}
)
"""Blocks that show each learner some of the blocks within them: shown all at once, these would be something else."""


def read_course(archive: Mapping[str, bytes]) -> tuple[ImportedCourse, ImportReport]:
    """The course in an archive, and the report of what was mapped and what was left out.

    The argument maps paths relative to the folder of course.xml to contents. Each block of the tree that was met is
    either counted in `mapped` or listed in `left_out` under its element's name; the course element itself is neither.
    What is counted or listed under a name with a space in it («problem question») is a part of a block.
    Blocks below one that could not be read (missing, broken, met before, too deep) are not met.

    Raises CourseError when the course itself is missing or a file of the skeleton is broken.
    """
    source, element, attributes = open_course(archive)
    root = Block("course", source.key.run, str(source.key), element, attributes)
    modules, _ = _children(source, root, depth=1)
    course = ImportedCourse(
        system="olx",
        external_id=str(source.key),
        code=source.key.course[:MAX_CODE],
        title=title(attributes.get("display_name", ""), source.key.course),
        description=description(source),
        language_code=language_code(source, attributes),
        modules=modules,
        run=imported_run(source, attributes),
    )
    return course, source.report


def _children(source: Source, parent: Block, depth: int) -> tuple[list[ImportedModule], list[ImportedItem]]:
    """The modules and the items directly within a block, each in order. At depth 1, in the course itself, no items."""
    modules, items = [], []
    for position, pointer in enumerate(parent.element):
        block = source.resolve(pointer, parent.external_id, position)
        if block is None:
            continue
        if block.tag in CHOOSERS:
            _leave_out(source, block, "it shows each learner a choice of its blocks, which has no place here", depth)
        elif block.tag in MODULE_TYPES and depth <= MAX_DEPTH:
            modules.append(_module(source, block, depth))
        elif block.tag in MODULE_TYPES:
            source.report.leave_out(block.tag, block.external_id, f"it lies more than {MAX_DEPTH} levels deep")
        elif depth == 1:
            source.report.leave_out(block.tag, block.external_id, "it stands outside any chapter")
        elif (item := leaf_item(source, block)) is not None:
            items.append(item)
    return modules, items


def _module(source: Source, block: Block, depth: int) -> ImportedModule:
    module_type = MODULE_TYPES[block.tag]
    source.report.count(block.tag, module_type)
    modules, items = _children(source, block, depth + 1)
    return ImportedModule(
        external_id=block.external_id,
        module_type=module_type,
        title=title(block.attributes.get("display_name", ""), f"Untitled {module_type}"),
        is_published=not block.is_hidden,
        children=modules,
        items=items,
    )


def _leave_out(source: Source, block: Block, reason: str, depth: int) -> None:
    """Leave out a block and, one by one, the blocks within it."""
    source.report.leave_out(block.tag, block.external_id, reason)
    if block.tag not in CHOOSERS and block.tag not in MODULE_TYPES:
        return
    for position, pointer in enumerate(block.element):
        inner = source.resolve(pointer, block.external_id, position) if depth <= MAX_DEPTH else None
        if inner is not None:
            _leave_out(source, inner, f"it is within a {block.tag} that is left out", depth + 1)
