"""Grading by machines: a service takes a submission for a while, and reports once what its tests found."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Interval,
    LargeBinary,
    Numeric,
    Text,
    any_,
    bindparam,
    case,
    cast,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from lms_graphql.assessment import payloads, scoring
from lms_graphql.assessment.labs import Lab, lab_of
from lms_graphql.assessment.models import GradingRun, LabSubmission, Upload
from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import GlobalId, number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

LEASE_MINUTES = 15
MOST_LEASE_MINUTES = 120
MOST_RESULTS = 200
_LONGEST_NAME = 200
_LONGEST_MESSAGE = 4000

_Row = record("GradingRun")
_SUBMISSION = bindparam("submission_id", type_=BigInteger)
_TOKEN = bindparam("service_token_id", type_=BigInteger)
_RUN = bindparam("run_id", type_=BigInteger)
_BOUND = bindparam("bound_to", type_=ARRAY(BigInteger))
_NOW = func.clock_timestamp()


def _live() -> ColumnElement[bool]:
    """That a grader has the submission at the moment."""
    return exists().where(
        GradingRun.university_id == UNIVERSITY,
        GradingRun.submission_id == LabSubmission.id,
        GradingRun.state == "claimed",
        GradingRun.lease_until > _NOW,
    )


_COLUMNS = (
    LabSubmission.id,
    LabSubmission.user_id,
    LabSubmission.course_offering_id,
    LabSubmission.course_id,
    LabSubmission.content_item_id,
    cast(LabSubmission.content_type, Text).label("content_type"),
    LabSubmission.attempt_number,
    LabSubmission.revision,
    LabSubmission.submitted_at,
    LabSubmission.body,
    LabSubmission.artifacts_url,
    LabSubmission.status,
    LabSubmission.raw_score,
    LabSubmission.score_obtained,
    LabSubmission.max_score,
    LabSubmission.late_penalty_percent,
    LabSubmission.graded_by,
    LabSubmission.graded_at,
    LabSubmission.posted_at,
)
_FOR_TOKEN = (
    LabSubmission.university_id == UNIVERSITY,
    or_(_BOUND.is_(None), LabSubmission.id == any_(_BOUND)),
)
_NAMED = Statement(
    select(*_COLUMNS, _live().label("is_taken"))
    .where(*_FOR_TOKEN, LabSubmission.id == _SUBMISSION)
    .with_for_update(of=LabSubmission, key_share=True)
)
_NEXT = Statement(
    select(*_COLUMNS, _live().label("is_taken"))
    .where(
        *_FOR_TOKEN,
        LabSubmission.course_offering_id == bindparam("offering_id", type_=BigInteger),
        cast(LabSubmission.content_type, Text) == "engineering_lab",
        LabSubmission.graded_at.is_(None),
        ~_live(),
    )
    .order_by(LabSubmission.submitted_at, LabSubmission.id)
    .limit(1)
    .with_for_update(of=LabSubmission, key_share=True, skip_locked=True)
)
_EXPIRE = Statement(
    update(GradingRun)
    .where(
        GradingRun.university_id == UNIVERSITY,
        GradingRun.submission_id == _SUBMISSION,
        GradingRun.state == "claimed",
        GradingRun.lease_until <= _NOW,
    )
    .values(state="expired")
)
_CLAIM = Statement(
    insert(GradingRun)
    .values(
        university_id=UNIVERSITY,
        submission_id=_SUBMISSION,
        service_token_id=_TOKEN,
        claimed_at=_NOW,
        lease_until=_NOW + bindparam("lasts", type_=Interval),
    )
    .returning(GradingRun.id, GradingRun.lease_until)
)
_BEGUN = Statement(
    update(LabSubmission)
    .where(
        LabSubmission.university_id == UNIVERSITY,
        LabSubmission.id == _SUBMISSION,
        LabSubmission.graded_at.is_(None),
    )
    .values(status="grading")
)
_FILES = Statement(
    select(
        Upload.university_id,
        Upload.id,
        Upload.user_id,
        Upload.file_name,
        Upload.media_type,
        Upload.size_bytes,
        Upload.sha256,
    )
    .where(Upload.university_id == UNIVERSITY, Upload.submission_id == _SUBMISSION)
    .order_by(Upload.id)
)
_OWN = select(
    GradingRun.id,
    GradingRun.submission_id,
    GradingRun.state,
    GradingRun.report_digest,
    (GradingRun.lease_until > _NOW).label("is_live"),
).where(GradingRun.university_id == UNIVERSITY, GradingRun.id == _RUN, GradingRun.service_token_id == _TOKEN)
_OWN_SEEN, _OWN_LOCKED = Statement(_OWN), Statement(_OWN.with_for_update())
_REPORTED = Statement(
    update(GradingRun)
    .where(GradingRun.university_id == UNIVERSITY, GradingRun.id == _RUN)
    .values(state="reported", reported_at=_NOW, report_digest=bindparam("digest", type_=LargeBinary))
)
_RAW, _MAXIMUM = bindparam("raw", type_=Numeric), bindparam("maximum", type_=Numeric)
_BY_NOBODY = LabSubmission.graded_by.is_(None)
_WRITE = Statement(
    update(LabSubmission)
    .where(LabSubmission.university_id == UNIVERSITY, LabSubmission.id == _SUBMISSION)
    .values(
        public_results=bindparam("public_results", type_=JSONB),
        hidden_results=bindparam("hidden_results", type_=JSONB),
        auto_grade_json=bindparam("all_results", type_=JSONB),
        # What a person has graded stays as they did it.
        raw_score=case((_BY_NOBODY, _RAW), else_=LabSubmission.raw_score),
        score_obtained=case(
            (_BY_NOBODY, scoring.penalised(_RAW, LabSubmission.late_penalty_percent)),
            else_=LabSubmission.score_obtained,
        ),
        max_score=case((_BY_NOBODY, _MAXIMUM), else_=LabSubmission.max_score),
        graded_at=case((_BY_NOBODY, func.now()), else_=LabSubmission.graded_at),
        status="graded",
    )
    .returning(*_COLUMNS)
)


class Taken(NamedTuple):
    """What a grader is told of the submission that it has taken; ids are global ones."""

    id: str
    lease_until: datetime
    submission_id: str
    offering_id: str
    content_item_id: str
    attempt_number: int
    revision: int
    submitted_at: datetime
    text: str | None
    url: str | None
    files: Sequence[Row]
    lab: Lab | None


async def claim_grading_run(work: Work, given: Given) -> dict[str, Any]:
    """Take a submission: the one that is named, or the oldest lab of an offering that waits; gives `run`.

    `run` is None where nothing of the offering waits.
    """
    submission_id, offering_id = _wanted(work, given)
    minutes = LEASE_MINUTES if given.get("leaseMinutes") is None else given["leaseMinutes"]
    if not 1 <= minutes <= MOST_LEASE_MINUTES:
        message = f"a lease lasts 1 to {MOST_LEASE_MINUTES} minutes"
        raise Refused(UserErrorCode.INVALID, message, ("input", "leaseMinutes"))
    if submission_id is None:
        row = await work.one(_NEXT, _Row, offering_id=offering_id, bound_to=_bound(work))
        if row is None:
            work.nothing_changed()
            return {"run": None}
    else:
        row = await _named(work, submission_id)
    return {"run": await _claim(work, row, timedelta(minutes=minutes))}


def _wanted(work: Work, given: Given) -> tuple[int | None, int | None]:
    """The number of the submission, or else that of the offering."""
    here = work.viewer.university_id
    named = [name for name in ("submissionId", "offeringId") if given.get(name) is not None]
    if len(named) != 1:
        raise Refused(UserErrorCode.INVALID, "name a submission, or an offering to take the next of", ("input",))
    typename = {"submissionId": "Submission", "offeringId": "CourseOffering"}[named[0]]
    number = number_of(given[named[0]], typename, here)
    if number is None:
        raise _not_there("submission" if typename == "Submission" else "offering", named[0])
    return (number, None) if typename == "Submission" else (None, number)


def _not_there(what: str, field: str) -> Refused:
    return Refused(UserErrorCode.NOT_FOUND, f"there is no such {what}, or not for this token", ("input", field))


def _bound(work: Work) -> list[int] | None:
    bound = work.viewer.submission_ids
    return None if bound is None else sorted(bound)


async def _named(work: Work, submission_id: int) -> Row:
    row = await work.one(_NAMED, _Row, submission_id=submission_id, bound_to=_bound(work))
    path = ("input", "submissionId")
    if row is None:
        raise _not_there("submission", "submissionId")
    if row["graded_by"] is not None:
        raise Refused(UserErrorCode.CLOSED, "a person has graded this; a machine does not grade it over", path)
    # Whether it is taken is asked anew: who waited for the row saw the moment before.
    if row["is_taken"] or await work.rows(_TAKEN, _Row, submission_id=submission_id):
        raise Refused(UserErrorCode.CLOSED, "another run has this submission until its lease ends", path)
    return row


_TAKEN = Statement(
    select(GradingRun.id).where(
        GradingRun.university_id == UNIVERSITY,
        GradingRun.submission_id == _SUBMISSION,
        GradingRun.state == "claimed",
        GradingRun.lease_until > _NOW,
    )
)


async def _claim(work: Work, row: Row, lasts: timedelta) -> Taken:
    submission_id = row["id"]
    await work.rows(_EXPIRE, _Row, submission_id=submission_id)
    token_id = work.viewer.service_token_id
    run = await work.one(_CLAIM, _Row, submission_id=submission_id, service_token_id=token_id, lasts=lasts)
    if run is None:
        raise AssertionError  # it returns what it inserts
    await work.rows(_BEGUN, _Row, submission_id=submission_id)
    after = {"submissionId": submission_id, "serviceTokenId": token_id, "leaseUntil": run["lease_until"]}
    await work.audit("grading_run.claim", "GradingRun", run["id"], after=after)
    files = await work.rows(_FILES, _Row, submission_id=submission_id)
    is_lab = row["content_type"] == "engineering_lab"
    lab = await lab_of(work, row["content_item_id"], row["revision"]) if is_lab else None
    return _told(work, run["id"], run["lease_until"], row, files, lab)


_KINDS = {"engineering_lab": "EngineeringLabContent", "assignment": "AssignmentContent"}


def _told(work: Work, run_id: int, lease_until: Any, row: Row, files: Sequence[Row], lab: Lab | None) -> Taken:
    """What a grader needs of a submission, without whose it is."""
    here = work.viewer.university_id

    def spelled(typename: str, number: int) -> str:
        return str(GlobalId(typename, number, here))

    return Taken(
        id=spelled("GradingRun", run_id),
        lease_until=lease_until,
        submission_id=spelled("Submission", row["id"]),
        offering_id=spelled("CourseOffering", row["course_offering_id"]),
        content_item_id=spelled(_KINDS[row["content_type"]], row["content_item_id"]),
        attempt_number=row["attempt_number"],
        revision=row["revision"],
        submitted_at=row["submitted_at"],
        text=row["body"],
        url=row["artifacts_url"],
        files=files,
        lab=lab,
    )


async def report_grading_run(work: Work, given: Given) -> dict[str, Any]:
    """Keep what a run found, once: the same report again changes nothing, another is refused; gives `state`."""
    run_id = number_of(given["runId"], "GradingRun", work.viewer.university_id)
    whose = {"run_id": run_id, "service_token_id": work.viewer.service_token_id}
    known = None if run_id is None else await work.one(_OWN_SEEN, _Row, **whose)
    if run_id is None or known is None:
        raise _not_there("run", "runId")
    public = _results(given["publicResults"], "publicResults")
    hidden = _results(given.get("hiddenResults") or (), "hiddenResults")
    maximum = scoring.checked_score(given["maxScore"], scoring.MOST_POINTS, ("input", "maxScore"))
    score = scoring.checked_score(given["score"], maximum, ("input", "score"))
    digest = _digest(public, hidden, score, maximum)
    # The submission first, as who claims and who grades: nobody waits for another in a circle.
    submission = await work.one(_NAMED, _Row, submission_id=known["submission_id"], bound_to=_bound(work))
    run = await work.one(_OWN_LOCKED, _Row, **whose)
    if submission is None or run is None:
        raise _not_there("run", "runId")
    if run["state"] == "reported":
        if run["report_digest"] != digest:
            raise Refused(UserErrorCode.CONFLICT, "this run has reported something else already", ("input", "runId"))
        work.nothing_changed()
        return {"run_id": given["runId"]}
    if run["state"] != "claimed" or not run["is_live"]:
        raise Refused(
            UserErrorCode.CLOSED, "the lease of this run has ended; claim the submission anew", ("input", "runId")
        )
    await work.rows(_REPORTED, _Row, run_id=run_id, digest=digest)
    await _write(work, run_id, submission, public, hidden, score, maximum)
    return {"run_id": given["runId"]}


async def _write(
    work: Work,
    run_id: int,
    submission: Row,
    public: list[payloads.Outcome],
    hidden: list[payloads.Outcome],
    score: Decimal,
    maximum: Decimal,
) -> None:
    written = await work.one(
        _WRITE,
        _Row,
        submission_id=submission["id"],
        public_results=_json(payloads.stored(public)),
        hidden_results=_json(payloads.stored(hidden)),
        all_results=_json({"tests": payloads.stored([*public, *hidden])}),
        raw=score,
        maximum=maximum,
    )
    if written is None:
        raise AssertionError  # it is locked
    before, after = scoring.as_audited(submission), {**scoring.as_audited(written), "runId": run_id}
    await work.audit("submission.grade", "Submission", submission["id"], before=before, after=after)
    offering_id = submission["course_offering_id"]
    await work.tell("submissions.graded", "CourseOffering", offering_id, submissionIds=[submission["id"]])
    await scoring.follow(work, offering_id, submission["course_id"], [written])


def _results(given: Sequence[Mapping[str, Any]], field: str) -> list[payloads.Outcome]:
    """The results of tests; INVALID for what can't be kept."""
    path = ("input", field)
    if len(given) > MOST_RESULTS:
        raise Refused(UserErrorCode.LIMIT_REACHED, f"a run reports at most {MOST_RESULTS} tests here", path)
    return [_result(test, (*path, str(index))) for index, test in enumerate(given)]


def _result(test: Mapping[str, Any], path: tuple[str, ...]) -> payloads.Outcome:
    points, message = test.get("points"), test.get("message")
    if points is not None:
        scoring.checked_score(points, scoring.MOST_POINTS, (*path, "points"))
    if message is not None and (len(message) > _LONGEST_MESSAGE or "\0" in message):
        text = f"a message has at most {_LONGEST_MESSAGE} characters, and no sign 0"
        raise Refused(UserErrorCode.INVALID, text, (*path, "message"))
    name = line(test["name"], (*path, "name"), most=_LONGEST_NAME)
    return payloads.Outcome(name=name, passed=test["passed"], points=points, message=message)


def _digest(public: Any, hidden: Any, score: Decimal, maximum: Decimal) -> bytes:
    """What tells one report from another: 1.0 and 1.00 are one score."""
    said = [payloads.stored(public), payloads.stored(hidden), str(score.normalize()), str(maximum.normalize())]
    return blake2b(orjson.dumps(said), digest_size=32).digest()


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
