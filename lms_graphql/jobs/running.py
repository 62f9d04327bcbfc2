"""Running jobs: claimed by one runner at a time, done in steps, gone on with by another where one has died.

    claim (FOR UPDATE SKIP LOCKED) · step · step · … each a transaction of: the lease renewed, the step, its progress

A step that is kept has moved `place` on, so none is done twice: who takes a job over begins where the last kept step
ended. A runner whose lease another has taken finds another number of `attempts`, and stops without any effect.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

import asyncpg
import orjson
from sqlalchemy import BigInteger, Integer, Text, and_, bindparam, case, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from lms_graphql.engine.context import NO_SERVICES, Context, Viewer
from lms_graphql.engine.relay import Cursors
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.work import Work
from lms_graphql.jobs.models import Job
from lms_graphql.storage.errors import StorageError
from lms_graphql.storage.fanout import FanOut
from lms_graphql.storage.snapshot import Snapshot
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 5
LEASE_SECONDS = 30


class Step(NamedTuple):
    """What a step has done: how many parts, and where the next one begins; None where there is none."""

    done: int
    place: int | None


Given = Mapping[str, Any]
Handler = Callable[[Work, Given, int], Awaitable[Step]]
"""Does the part of a job that begins at a place, 0 at first, in the transaction of the work; it never commits.

It must be quick: well below the lease. What it raises takes the step back, and the job is tried again later.
"""

_JobRow = record("Job")
_ID = bindparam("job_id", type_=BigInteger)
_ATTEMPT = bindparam("attempt", type_=Integer)
_LEASE = func.clock_timestamp() + text(f"interval '{LEASE_SECONDS} seconds'")
_WAITING = or_(Job.state == "queued", and_(Job.state == "running", Job.leased_until < func.clock_timestamp()))
_UNIVERSITIES = Statement(select(Job.university_id).where(_WAITING).distinct().order_by(Job.university_id))
"""As lms_platform, whom row-level security does not bind."""
_NEXT = (
    select(Job.id)
    .where(Job.university_id == UNIVERSITY, _WAITING)
    .order_by(Job.id)
    .limit(1)
    .with_for_update(skip_locked=True)
    .scalar_subquery()
)
_CLAIM = Statement(
    update(Job)
    .where(Job.university_id == UNIVERSITY, Job.id == _NEXT)
    .values(
        state="running",
        attempts=Job.attempts + 1,
        started_at=func.coalesce(Job.started_at, func.now()),
        leased_until=_LEASE,
    )
    .returning(Job.id, Job.kind, Job.given, Job.attempts, Job.created_by, Job.roles)
)
_MINE = (Job.university_id == UNIVERSITY, Job.id == _ID, Job.state == "running", Job.attempts == _ATTEMPT)
_RENEW = Statement(update(Job).where(*_MINE).values(leased_until=_LEASE).returning(Job.place))
_MOVE = Statement(
    update(Job)
    .where(*_MINE)
    .values(done=Job.done + bindparam("parts", type_=Integer), place=bindparam("next_place", type_=BigInteger))
)
_FINISH = Statement(
    update(Job)
    .where(*_MINE)
    .values(
        state="done",
        done=Job.done + bindparam("parts", type_=Integer),
        total=Job.done + bindparam("parts", type_=Integer),
        leased_until=None,
        finished_at=func.clock_timestamp(),
    )
)
_FAILED = bindparam("is_last", type_=Integer) == 1
_GIVE_UP = Statement(
    update(Job)
    .where(*_MINE)
    .values(
        state=case((_FAILED, "failed"), else_="queued"),
        error=case((_FAILED, bindparam("error", type_=Text))),
        leased_until=None,
        finished_at=case((_FAILED, func.clock_timestamp())),
    )
)


class Runner:
    """Runs the jobs of all universities; one for each process, and as many processes as there are."""

    def __init__(
        self,
        engine: AsyncEngine,
        fan_out: FanOut,
        cursors: Cursors,
        handlers: Mapping[str, Handler],
        services: Mapping[type, Any] = NO_SERVICES,
    ) -> None:
        self._services = services
        self._engine = engine
        self._fan_out = fan_out
        self._cursors = cursors
        self._handlers = handlers

    @asynccontextmanager
    async def running(self, every_seconds: float) -> AsyncIterator[None]:
        """Look for jobs again and again while the block runs; 0 seconds: never."""
        task = asyncio.create_task(self._watch(every_seconds)) if every_seconds else None
        try:
            yield
        finally:
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def _watch(self, seconds: float) -> None:
        told = False
        while True:
            try:
                await self.drain()
                told = False
            except (StorageError, asyncpg.PostgresError) as error:
                if not told:  # once for each time that it is gone
                    logger.warning("jobs wait: %s", error)
                told = True
            except Exception:
                logger.exception("looking for jobs failed")
            await asyncio.sleep(seconds)

    async def drain(self) -> int:
        """Run all jobs that wait, until none does; gives how many were run to an end, good or bad."""
        ended = 0
        while universities := await self._fan_out.fetch(_UNIVERSITIES, {}, _JobRow):
            before = ended
            for row in universities:
                while await self._run_next(row["university_id"]):
                    ended += 1
            if ended == before:  # another runner has them
                break
        return ended

    async def _run_next(self, university_id: int) -> bool:
        """Claim one job and run it; False where none could be claimed, or it could not be brought to its end."""
        async with self._context(Viewer(university_id=university_id), "jobs") as context:
            rows = await self._claim(context)
        if not rows:
            return False
        job = rows[0]
        viewer = Viewer(job["created_by"], university_id, frozenset(job["roles"]))
        async with self._context(viewer, f"job-{job['id']}") as context:
            try:
                while await self._step(context, job):
                    pass
            except Exception:
                logger.exception("job %s of university %s failed", job["id"], university_id)
                await self._give_up(context, job)
                return int(job["attempts"]) >= MOST_ATTEMPTS
        return True

    async def _claim(self, context: Context) -> list[Row]:
        async with context.snapshot.transaction() as transaction:
            rows = await Work(context, transaction).rows(_CLAIM, _JobRow)
            await transaction.commit()
        return rows

    async def _step(self, context: Context, job: Row) -> bool:
        """One step, kept with its progress; whether another follows."""
        mine = {"job_id": job["id"], "attempt": job["attempts"]}
        async with context.snapshot.transaction() as transaction:
            work = Work(context, transaction)
            row = await work.one(_RENEW, _JobRow, **mine)
            if row is None:
                logger.warning("job %s was taken over by another runner", job["id"])
                return False
            handler = self._handlers[job["kind"]]
            step = await handler(work, orjson.loads(job["given"]), row["place"])
            if step.place is None:
                await work.rows(_FINISH, _JobRow, parts=step.done, **mine)
                await work.tell("job.done", "Job", job["id"], kind=job["kind"])
            else:
                await work.rows(_MOVE, _JobRow, parts=step.done, next_place=step.place, **mine)
            await transaction.commit()
        return step.place is not None

    async def _give_up(self, context: Context, job: Row) -> None:
        """Put it back for another attempt, or, after the last, leave it as failed."""
        is_last = int(job["attempts"] >= MOST_ATTEMPTS)
        said = f"it failed {job['attempts']} times; what was done until then stays. Ask for it again."
        async with context.snapshot.transaction() as transaction:
            mine = {"job_id": job["id"], "attempt": job["attempts"]}
            await Work(context, transaction).rows(_GIVE_UP, _JobRow, is_last=is_last, error=said, **mine)
            await transaction.commit()

    @asynccontextmanager
    async def _context(self, viewer: Viewer, request_id: str) -> AsyncIterator[Context]:
        """What services work with, for this viewer."""
        async with Snapshot(self._engine) as snapshot:
            await snapshot.act_for(viewer.university_id, viewer.user_id)
            yield Context(viewer, snapshot, self._cursors, request_id=request_id, services=self._services)
