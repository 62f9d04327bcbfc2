"""A template that is edited once, and everything that was made from it brought up to date: by hand, and as a job."""

import asyncio
import itertools
import json
import random
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from lms_graphql.demo.academy import TEACHER, academy
from lms_graphql.engine.relay import GlobalId
from lms_graphql.interop.academy.service import add_university, import_academy
from lms_graphql.interop.academy.source import Course, CourseLesson, User
from lms_graphql.storage import tenancy
from lms_graphql.templates import spreading
from tests.changing.templating import EVERYWHERE, INSTANTIATE, SYNC, UPDATE, Templates, article, item, module


@pytest.fixture
def templates(api, world, owner):
    return Templates(api, world, owner)


JOB = "query($id: ID!) { job(id: $id) { kind state total done } }"


async def everywhere(templates, template, user):
    payload = await templates.sent(EVERYWHERE, {"templateId": template}, user)
    assert payload["errors"] == []
    await templates.api.service.jobs.drain()
    person = templates.world.people[user]
    return (await templates.api.data(JOB, {"id": payload["job"]["id"]}, user=person))["job"]


async def titles(templates, template):
    """The titles of the topmost modules of a template's instances, by course."""
    rows = await templates.owner.fetch(
        "SELECT course_id, title FROM modules WHERE module_template_id = $1 ORDER BY course_id, id",
        GlobalIdNumber(template),
    )
    return [row["title"] for row in rows]


def GlobalIdNumber(text):  # noqa: N802 - reads as what it gives
    import base64

    return int(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().split(":")[-1])
