"""Whether what an author says of a template can be stored."""

import re
from collections.abc import Iterable

from sqlalchemy import ARRAY, BigInteger, any_, bindparam, select

from lms_graphql.assessment.models import QuestionPool
from lms_graphql.engine.rows import record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.templates.trees import Tree

MOST_NODES = 500
MOST_LEVELS = 16
LONGEST_TITLE = 255
OF_NO_COURSE = 0
"""No course: what refers to a pool from there finds those that all courses share."""
LONGEST_DESCRIPTION = 20_000
MOST_SECONDS = 2**31 - 1
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

_Row = record("Referred")
_SHARED = Statement(
    select(QuestionPool.id).where(
        QuestionPool.university_id == UNIVERSITY,
        QuestionPool.course_id.is_(None),
        QuestionPool.id == any_(bindparam("pool_ids", type_=ARRAY(BigInteger))),
    )
)


def text(given: str | None, path: tuple[str, ...], *, most: int = LONGEST_DESCRIPTION) -> str | None:
    """A text of some lines without the space around it, null for none; INVALID for one that can't be kept."""
    said = (given or "").strip()
    if len(said) > most:
        raise Refused(UserErrorCode.INVALID, f"this has {len(said)} characters, at most {most} can be taken", path)
    if _UNSTORABLE.search(said):
        raise Refused(UserErrorCode.INVALID, "this has a sign that can't be stored", path)
    return said or None


def seconds(given: int | None, path: tuple[str, ...]) -> int | None:
    """A duration; INVALID for one below 0."""
    if given is not None and not 0 <= given <= MOST_SECONDS:
        raise Refused(UserErrorCode.INVALID, "this must be 0 seconds or more", path)
    return given


def check_size(tree: Tree, path: tuple[str, ...]) -> None:
    """LIMIT_REACHED for a tree of too many nodes, or of too many levels."""
    if len(tree.nodes) > MOST_NODES:
        message = f"a template has at most {MOST_NODES} modules and items, this would have {len(tree.nodes)}"
        raise Refused(UserErrorCode.LIMIT_REACHED, message, path)
    levels: dict[str | None, int] = {None: 0}
    for node in tree.listed():
        levels[node.key] = levels[node.parent] + 1
        if levels[node.key] > MOST_LEVELS:
            raise Refused(UserErrorCode.LIMIT_REACHED, f"a template has at most {MOST_LEVELS} levels", path)


async def shared_pools(work: Work, ids: Iterable[int]) -> set[int]:
    """Those of these question pools that all courses of the university share."""
    return {row["id"] for row in await work.rows(_SHARED, _Row, pool_ids=sorted(ids))}
