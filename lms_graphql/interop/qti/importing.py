"""Items of QTI come into a question pool: each that is a question, each other one told with the reason."""

import asyncio
from collections.abc import Sequence
from time import monotonic
from typing import Any, NamedTuple

from lms_graphql.assessment.pooling import QuestionSeed, failure, read_question
from lms_graphql.assessment.question_adding import put_in
from lms_graphql.assessment.question_editing import pool_to_edit
from lms_graphql.engine.context import Context
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.files.receiving import ImportFile, file_to_import, read_import
from lms_graphql.interop.qti.elements import UnmappedError, UnreadableError, parse
from lms_graphql.interop.qti.packages import PackageError, Part, read_package
from lms_graphql.interop.qti.reading import read_item

_FILE = ("input", "uploadId")
_LONGEST_NAME = 255
MOST_SECONDS = 20
"""To read all items of a file."""


class _Read(NamedTuple):
    """What an item is called, and its question, with notes; or why it is none."""

    name: str
    seed: QuestionSeed | None
    notes: list[str]
    problems: list[str]


class ReadFile(ImportFile):
    """A file to be imported with what its items are, or why it is no file of items."""

    items: Sequence[_Read] | PackageError


async def read_file(context: Context, given: Given) -> ImportFile | None:
    """The file from the store, its items read: before the transaction, since that takes its time."""
    file = await read_import(context, given)
    if file is None:
        return None
    read = ReadFile(*file)
    read.items = await asyncio.to_thread(_read, file.data)
    return read


async def import_questions(work: Work, given: Given) -> dict[str, Any]:
    """Read the items of a file into a pool; gives `pool_id`, `dry_run` and `results`: one for each item, in order."""
    pool = await pool_to_edit(work, given["poolId"])
    file: Any = await file_to_import(work, given["uploadId"])
    if isinstance(file.items, PackageError):
        raise Refused(UserErrorCode.INVALID, str(file.items), _FILE)
    items: Sequence[_Read] = file.items
    seeds = [item.seed for item in items if item.seed is not None]
    ids: list[int] = []
    if seeds:
        async with work.part(keep=not given["dryRun"]):
            ids = await put_in(work, pool, given.get("position"), seeds)
    if not seeds or given["dryRun"]:
        work.nothing_changed()
    made = iter(ids)
    results = [_result(item, None if item.seed is None else next(made), dry=given["dryRun"]) for item in items]
    return {"pool_id": pool["id"], "dry_run": given["dryRun"], "results": results}


def _result(item: _Read, question_id: int | None, *, dry: bool) -> dict[str, Any]:
    return {
        "name": item.name,
        "question_id": None if dry else question_id,
        "type": None if item.seed is None else item.seed.type,
        "notes": item.notes,
        "problems": item.problems,
    }


def _read(data: bytes) -> list[_Read] | PackageError:
    ends_at = monotonic() + MOST_SECONDS
    try:
        return [_item_in_time(part, ends_at) for part in read_package(data)]
    except PackageError as error:
        return error


def _item_in_time(part: Part, ends_at: float) -> _Read:
    if monotonic() > ends_at:
        raise PackageError(f"it takes more than {MOST_SECONDS} seconds to read: import it in parts")
    return _item(part)


def _item(part: Part) -> _Read:
    if part.problem is not None:
        return _Read(part.name, None, [], [part.problem])
    try:
        root = parse(part.data)
        title = " ".join((root.get("title") or "").split())[:_LONGEST_NAME]
        name = f"{part.name}: {title}"[:_LONGEST_NAME] if title else part.name
        read = read_item(root)
    except (UnmappedError, UnreadableError) as error:
        return _Read(part.name, None, [], [str(error)])
    seed, problems = read_question(read.seed)
    if problems:
        return _Read(name, None, [], [failure(problem, ()).message for problem in problems])
    return _Read(name, seed, read.notes, [])
