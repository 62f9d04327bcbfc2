"""Importing a roster: read and checked at once, stored behind the answer by a job, or only tried.

Nothing that came by an earlier roster is dropped unasked in such numbers that the roster must be a wrong one.
"""

import asyncio
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

import orjson
import zstandard
from msgspec import msgpack
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Integer,
    LargeBinary,
    String,
    Text,
    and_,
    bindparam,
    column,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from lms_graphql.engine.context import Context
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.rows import record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.files.receiving import ImportFile, file_to_import, read_import
from lms_graphql.interop.oneroster import steps
from lms_graphql.interop.oneroster.binding import DELTA
from lms_graphql.interop.oneroster.checking import check
from lms_graphql.interop.oneroster.models import RosterImport, RosterImportError
from lms_graphql.interop.oneroster.outcome import Outcome, outcome_of
from lms_graphql.interop.oneroster.package import RosterError
from lms_graphql.interop.oneroster.reading import Read, read
from lms_graphql.interop.oneroster.records import Roster, RowError
from lms_graphql.interop.oneroster.state import State, university
from lms_graphql.jobs.models import Job
from lms_graphql.jobs.queueing import enqueue
from lms_graphql.jobs.running import Step
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

IMPORT = "roster.import"
"""The kind of the job."""
MOST_DROPPED_PERCENT = 20
FILE_ENTITIES = {
    "orgs": "department",
    "academicSessions": "term",
    "courses": "course",
    "classes": "offering",
    "users": "member",
    "roles": "role",
    "enrollments": "enrollment",
}
"""What a row that can't be read is counted as."""
_WHAT = {
    "department": "departments",
    "term": "terms",
    "course": "courses",
    "offering": "classes",
    "section": "sections",
    "member": "people",
    "role": "roles",
    "instructor": "teachers of classes",
    "enrollment": "enrollments",
}


class Mode(Enum):
    """How the files of a roster are meant."""

    FULL = "full"
    DIFF = "diff"
    AS_SAID = "as_said"


_ImportRow = record("RosterImport")
_IMPORT_ID = bindparam("import_id", type_=BigInteger, required=True)
_THIS = (RosterImport.university_id == UNIVERSITY, RosterImport.id == _IMPORT_ID)
_ADD = Statement(
    insert(RosterImport)
    .inline()
    .values(
        university_id=UNIVERSITY,
        file_name=bindparam("file_name", type_=String),
        mode=bindparam("mode", type_=String),
        is_dry_run=bindparam("is_dry_run", type_=Boolean),
        document=bindparam("document", type_=LargeBinary),
        counts=bindparam("counts", type_=JSONB),
    )
    .returning(RosterImport.id)
)
_SET_JOB = Statement(update(RosterImport).where(*_THIS).values(job_id=bindparam("job_number", type_=BigInteger)))
_LOCK = Statement(
    select(RosterImport.document, RosterImport.mode, RosterImport.is_dry_run, RosterImport.counts)
    .where(*_THIS)
    .with_for_update()
)
_SAVE = Statement(
    update(RosterImport)
    .where(*_THIS)
    .values(counts=bindparam("new_counts", type_=JSONB), document=bindparam("new_document", type_=LargeBinary))
)
_OF_JOB = and_(Job.university_id == UNIVERSITY, Job.id == RosterImport.job_id)
_GOING_ON = Statement(
    select(RosterImport.id)
    .join(Job, _OF_JOB)
    .where(
        RosterImport.university_id == UNIVERSITY,
        RosterImport.is_dry_run.is_(False),
        or_(Job.state == "queued", Job.state == "running"),
    )
    .limit(1)
)
_SWEEP = Statement(
    update(RosterImport)
    .where(
        RosterImport.university_id == UNIVERSITY,
        RosterImport.document.is_not(None),
        RosterImport.job_id.in_(select(Job.id).where(Job.university_id == UNIVERSITY, Job.state == "failed")),
    )
    .values(document=None)
)
"""A roster whose job was given up is of no use any more."""


def _adding_errors() -> Statement:
    names = (column("file", Text), column("line", Integer), column("field", Text), column("message", Text))
    arrays = [bindparam(f"{one.name}s", type_=ARRAY(one.type), required=True) for one in names]
    rows = func.unnest(*arrays).table_valued(*names, with_ordinality="place").render_derived(name="error")
    return Statement(
        insert(RosterImportError)
        .inline()
        .from_select(
            ["university_id", "import_id", *(one.name for one in names)],
            select(UNIVERSITY, _IMPORT_ID, *(rows.c[one.name] for one in names)).order_by(rows.c.place),
        )
    )


_ADD_ERRORS = _adding_errors()


def read_checked(data: bytes) -> tuple[Roster, Outcome]:
    """What a zip says, and an outcome with the rows that were left out; raises RosterError."""
    found: Read = check(read(data))
    outcome = Outcome()
    for error in found.errors:
        outcome.refuse(FILE_ENTITIES[error.file], error)
    return found.roster, outcome


class Brought(NamedTuple):
    """A file that was sent, and what was read in it; or why nothing could be."""

    file: ImportFile | None
    found: tuple[Roster, Outcome] | None = None
    refusal: str = ""


async def read_roster(context: Context, given: Given) -> Brought:
    """The roster that the viewer has sent, read in a thread: a large one takes seconds."""
    file = await read_import(context, given)
    if file is None:
        return Brought(None)
    try:
        return Brought(file, await asyncio.to_thread(read_checked, file.data))
    except RosterError as error:
        return Brought(file, refusal=str(error))


async def import_roster(work: Work, given: Given) -> dict[str, Any]:
    """Have a roster that was sent stored, or tried; gives `import_id` and `job_id`."""
    brought: Brought = work.brought
    work.brought = brought.file
    file = await file_to_import(work, given["uploadId"])
    if brought.found is None:
        raise Refused(UserErrorCode.INVALID, brought.refusal, ("input", "uploadId"))
    roster, outcome = brought.found
    mode = _mode(given, roster)
    is_dry_run = bool(given.get("dryRun"))
    await steps.take_turns(work)
    if not is_dry_run:
        await _require_quiet(work)
        if not given.get("confirmDrops"):
            state = State(work, await university(work), roster, mode.value, outcome)
            await guard(state, _percent(given), ("input", "confirmDrops"))
    await work.rows(_SWEEP, _ImportRow)
    said = {"file_name": file.file_name[:255], "mode": mode.value, "is_dry_run": is_dry_run}
    (row,) = await work.rows(_ADD, _ImportRow, **said, document=_packed(roster), counts=_json(outcome.stored()))
    import_id: int = row["id"]
    await _add_errors(work, import_id, outcome.errors)
    job_id = await enqueue(work, IMPORT, {"import_id": import_id}, steps.parts(roster))
    await work.rows(_SET_JOB, _ImportRow, import_id=import_id, job_number=job_id)
    after = {"mode": mode.value, "isDryRun": is_dry_run, "jobId": job_id, "rows": roster.size}
    await work.audit("roster.import", "RosterImport", import_id, after=after)
    return {"import_id": import_id, "job_id": job_id}


def _mode(given: Given, roster: Roster) -> Mode:
    said = given.get("mode")
    mode = Mode.AS_SAID if said is None else Mode(said.value)
    changes = [name for name, said in roster.modes.items() if said == DELTA]
    if mode is Mode.FULL and changes:
        message = f"manifest.csv says that {changes[0]}.csv has changes only: import this with mode DIFF"
        raise Refused(UserErrorCode.INVALID, message, ("input", "mode"))
    return mode


def _percent(given: Given) -> int:
    percent: int | None = given.get("mostDroppedPercent")
    if percent is None:
        return MOST_DROPPED_PERCENT
    if not 0 <= percent <= 100:
        raise Refused(UserErrorCode.INVALID, "this must be from 0 to 100", ("input", "mostDroppedPercent"))
    return percent


async def _require_quiet(work: Work) -> None:
    if await work.rows(_GOING_ON, _ImportRow):
        message = "another roster is being imported here: wait until its job has ended"
        raise Refused(UserErrorCode.CLOSED, message, ("input",))


async def guard(state: State, most_percent: int, path: tuple[str, ...]) -> None:
    """Refuse a roster in which so many are missing of those that came by earlier ones."""
    found = await steps.shares(state)
    too_many = [
        f"{gone} of {there} {_WHAT[entity]}"
        for entity, (gone, there) in found.items()
        if gone * 100 > there * most_percent
    ]
    if too_many:
        message = (
            f"this would drop {', '.join(too_many)} that came by earlier rosters, more than {most_percent} %: see what"
            " a dry run tells, then send a whole roster, or confirm it with confirmDrops"
        )
        raise Refused(UserErrorCode.LIMIT_REACHED, message, path)


async def import_part(work: Work, given: Mapping[str, Any], place: int) -> Step:
    """The step of the job; a dry run is one step, which keeps what came of it and nothing else."""
    import_id = given["import_id"]
    await steps.take_turns(work)
    row = await work.one(_LOCK, _ImportRow, import_id=import_id)
    if row is None or row["document"] is None:
        return Step(0, None)
    outcome = outcome_of(orjson.loads(row["counts"]))
    state = State(work, await university(work), _unpacked(row["document"]), row["mode"], outcome)
    following: int | None = None
    if row["is_dry_run"]:
        async with work.part(keep=False):
            done = await steps.everything(state)
    else:
        done, following = await steps.step(state, place)
    document = None if following is None else row["document"]
    counts = _json(outcome.stored())
    await work.rows(_SAVE, _ImportRow, import_id=import_id, new_counts=counts, new_document=document)
    await _add_errors(work, import_id, outcome.errors)
    return Step(done, following)


async def _add_errors(work: Work, import_id: int, errors: Sequence[RowError]) -> None:
    if errors:
        values = {f"{name}s": [getattr(error, name) for error in errors] for name in ("file", "line", "field")}
        messages = [error.message for error in errors]
        await work.rows(_ADD_ERRORS, _ImportRow, import_id=import_id, **values, messages=messages)


def _packed(roster: Roster) -> bytes:
    return zstandard.compress(msgpack.encode(roster))


def _unpacked(document: bytes) -> Roster:
    return msgpack.decode(zstandard.decompress(document), type=Roster)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
