"""The versions of the templates that lessons are: one for what a lesson is now, where none says just that."""

from collections.abc import Mapping
from hashlib import blake2b

from sqlalchemy import ARRAY, BigInteger, Text, bindparam, column, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from lms_graphql.interop.academy.source import Lesson
from lms_graphql.syllabus.models import ModuleTemplateVersion
from lms_graphql.templates.trees import ITEM, MODULE, Node, Tree, spelled


def lesson_key(slug: str) -> str:
    """The key of the node that a lesson's module is made from."""
    return blake2b(f"lesson {slug}".encode(), digest_size=16).hexdigest()


def text_key(slug: str) -> str:
    """The key of the node that a lesson's text is made from."""
    return blake2b(f"text {slug}".encode(), digest_size=16).hexdigest()


def lesson_tree(lesson: Lesson) -> Tree:
    """A lesson as a template has it: a module with one text, still empty, that says how long it takes."""
    key = lesson_key(lesson.slug)
    data = {"layout": "rich_text_v1", "title": lesson.title, "blocks": []}
    seconds = 60 * lesson.duration_minutes
    return Tree(
        [
            Node(key, MODULE, None, "lesson", lesson.title),
            Node(text_key(lesson.slug), ITEM, key, "text", lesson.title, None, seconds, data),
        ]
    )


async def write_versions(connection: AsyncConnection, university_id: int, trees: Mapping[int, Tree]) -> dict[int, int]:
    """The version of each template, by its id, that has just this tree: the newest such one, else the next, added here.

    What authors here have published since stays the newest, as long as the source has not changed.
    """
    if not trees:
        return {}
    numbers = bindparam("numbers", list(trees), type_=ARRAY(BigInteger))
    spelt = bindparam("spelt", [spelled(tree) for tree in trees.values()], type_=ARRAY(Text))
    given = (
        func.unnest(numbers, spelt)
        .table_valued(column("template_id", BigInteger), column("tree", Text))
        .render_derived(name="given")
    )
    stored = ModuleTemplateVersion
    is_same = stored.tree == given.c.tree.cast(JSONB)
    rows = await connection.execute(
        select(stored.template_id, func.max(stored.version), func.max(stored.version).filter(is_same))
        .join(given, given.c.template_id == stored.template_id)
        .group_by(stored.template_id)
    )
    found: dict[int, tuple[int, int | None]] = {template: (newest, same) for template, newest, same in rows}
    versions = {template: same for template, (_, same) in found.items() if same is not None}
    added = {template: found.get(template, (0, None))[0] + 1 for template in trees if template not in versions}
    if added:
        values = [
            {
                "template_id": template,
                "university_id": university_id,
                "version": version,
                "title": trees[template].root.title,
                "tree": literal(spelled(trees[template]), Text).cast(JSONB),
                "node_count": len(trees[template].nodes),
            }
            for template, version in added.items()
        ]
        await connection.execute(insert(stored).values(values))
    return versions | added
