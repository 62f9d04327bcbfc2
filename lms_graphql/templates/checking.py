"""Whether what an author says of a template can be stored."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, BigInteger, any_, bindparam, literal, select, union_all

from lms_graphql.assessment.models import QuestionPool
from lms_graphql.content.models import Asset
from lms_graphql.content.references import asset_ids_of, pool_id_of
from lms_graphql.engine.rows import record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.templates.trees import Tree

MOST_NODES = 500
MOST_LEVELS = 16
LONGEST_TITLE = 255
LONGEST_DESCRIPTION = 20_000
MOST_SECONDS = 2**31 - 1
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

_Row = record("Referred")
_KNOWN = Statement(
    union_all(
        select(literal("asset").label("kind"), Asset.id).where(
            Asset.university_id == UNIVERSITY, Asset.id == any_(bindparam("asset_ids", type_=ARRAY(BigInteger)))
        ),
        select(literal("pool").label("kind"), QuestionPool.id).where(
            QuestionPool.university_id == UNIVERSITY,
            QuestionPool.course_id.is_(None),
            QuestionPool.id == any_(bindparam("pool_ids", type_=ARRAY(BigInteger))),
        ),
    )
)


class CheckedPayload(NamedTuple):
    """A payload as it is stored, and where in the input it stands."""

    content_type: str
    data: Mapping[str, Any]
    path: tuple[str, ...]


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
    return (await _known(work, (), ids))["pool"]


async def check_references(work: Work, payloads: Sequence[CheckedPayload]) -> None:
    """INVALID for payloads that name files that are not there, or pools that are not shared."""
    assets = {number for one in payloads for number in asset_ids_of(one.content_type, one.data)}
    pools = {number for one in payloads if (number := pool_id_of(one.content_type, one.data)) is not None}
    if not assets and not pools:
        return
    known = await _known(work, assets, pools)
    for content_type, data, path in payloads:
        if not asset_ids_of(content_type, data) <= known["asset"]:
            raise Refused(UserErrorCode.INVALID, "asset_id: there is no such file in the university's library", path)
        if pool_id_of(content_type, data) not in {None, *known["pool"]}:
            message = (
                "question_pool_id: there is no such pool that all courses share; leave it out, and each sets its own"
            )
            raise Refused(UserErrorCode.INVALID, message, path)


async def _known(work: Work, assets: Iterable[int], pools: Iterable[int]) -> dict[str, set[int]]:
    rows = await work.rows(_KNOWN, _Row, asset_ids=sorted(assets), pool_ids=sorted(pools))
    return {kind: {row["id"] for row in rows if row["kind"] == kind} for kind in ("asset", "pool")}
