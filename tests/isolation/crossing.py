"""Two universities, one the other again, and people who stand in every relation to the first: what the crawls crawl."""

import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import URL

from lms_graphql.certificates.guesses import Guesses
from lms_graphql.engine.relay import GlobalId, parse_global_id
from lms_graphql.schema import build
from lms_graphql.storage.database import connect
from tests.conftest import Api, Database, running_api, temporary_database
from tests.databases import DEMO_KEYS, DEMO_SIGNER
from tests.isolation import twin
from tests.isolation.campus import CREDENTIAL, Alpha, build_alpha
from tests.isolation.crawl import THOROUGH, Request, ask, discover, foreign_ids, opened, requests
from tests.isolation.paths import Ways, documents

SCHEMA = build()
TEXTS = ("P101", "ALPHA", "TWIN", "PHYS", "ALPHA-P101-1", "forces", "twin", "~twin")
NAMED = {"jwt": (CREDENTIAL,)}
WAYS = Ways(SCHEMA.graphql, SCHEMA.nodes, TEXTS, NAMED)
DOCUMENTS = documents(WAYS.all())

PRINCIPALS = (
    "nobody",
    "stranger",
    "twin_admin",
    "double",
    "visitor",
    "student",
    "ta",
    "instructor",
    "department_admin",
    "admin",
)
"""Nobody signed in; a person of no university; the administrator of the twin; a student here who is administrator
there; a student who takes nothing; and those who are something here."""

TOLD_OF_BOTH = ("twin_admin", "double")
"""Who may see that they belong to the other university too: where, and under which name (`viewer.memberships`)."""


SETTINGS = {
    "syllabus_cache_mib": 4,
    "pool_size": 16,
    "deadline_seconds": 60,
    "certificate_keys": DEMO_KEYS,
    "public_url": DEMO_SIGNER.public_url,
}
"""A cache to be crossed in; keys that know the credential; and nobody is sent away because the machine is busy."""
MANY_GUESSES = {"capacity": 10**15, "per_second": 10**9}
"""What Guesses.capacity gives here."""
READERS = tuple(name for name in PRINCIPALS if name not in TOLD_OF_BOTH) if THOROUGH else ("student", "admin")
"""Whose answers are compared to the byte with those of another world."""


@contextlib.asynccontextmanager
async def crawled(database: URL, **settings: Any) -> AsyncIterator[Api]:
    """The application, but that no answer depends on those before it: nobody writes down who has seen what, and who
    guesses codes of certificates is never refused.
    """

    async def unwritten(*_: Any) -> None:
        return

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Guesses, "capacity", lambda: MANY_GUESSES)
        async with running_api(database, **settings) as api:
            api.service.disclose = unwritten
            yield api


@dataclass
class Crossing:
    """The first university, before and after the second one had its rows."""

    api: Api
    database: Database
    alpha: Alpha
    twin_id: int
    ids: dict[str, list[str]]
    foreign: dict[str, list[str]]
    """The ids that the twins of `ids` have."""
    asked: list[Request]
    """All that is asked of everybody, but for what needs a cursor."""
    before: dict[str, list[bytes]] = field(default_factory=dict)

    def user(self, name: str) -> int | None:
        return None if name == "nobody" else self.alpha.people["outsider" if name == "stranger" else name]


def twins_id(text: str, alpha_id: int, twin_id: int) -> str:
    """The global id of the twin of a row."""
    parsed = parse_global_id(text)
    assert parsed is not None
    if parsed.typename == "ModuleTemplate":  # the platform's too, so its id names no university
        return str(GlobalId(parsed.typename, parsed.id + twin.SHIFT))
    if parsed.university_id != alpha_id:
        return text
    return str(GlobalId(parsed.typename, parsed.id + (twin.SHIFT if parsed.typename == "User" else 0), twin_id))


async def found_twin(alpha: Alpha) -> int:
    """The second university with its first two people, and nothing else."""
    driver, people = alpha.driver, alpha.people
    twin_id = await driver.fetchval(
        "INSERT INTO universities (name, short_code, country_id)"
        " SELECT 'TWIN University', 'TWIN', country_id FROM universities WHERE id = $1 RETURNING id",
        alpha.id,
    )
    await twin.copy_people(driver, alpha.id)
    people["twin_admin"] = people["admin"] + twin.SHIFT
    for name in TOLD_OF_BOTH:
        await driver.execute(
            "INSERT INTO university_members (university_id, user_id, display_name, email) VALUES ($1, $2, $3, $3)",
            twin_id, people[name], f"TWIN {name}",
        )  # fmt: skip
        await driver.execute(
            "INSERT INTO user_university_roles (university_id, user_id, role) VALUES ($1, $2, 'university_admin')",
            twin_id, people[name],
        )  # fmt: skip
    return twin_id


@contextlib.asynccontextmanager
async def crossing_over(superuser) -> AsyncIterator[Crossing]:
    async with temporary_database(superuser) as database:
        driver = await connect(database.owner)
        alpha = await build_alpha(driver)
        twin_id = await found_twin(alpha)
        async with crawled(database.app, **SETTINGS) as api:
            ids = await discover(api, DOCUMENTS, alpha.people["admin"], "ALPHA")
            foreign = {name: [twins_id(id_, alpha.id, twin_id) for id_ in found] for name, found in ids.items()}
            foreign = {name: [i for i in found if i not in ids[name]] for name, found in foreign.items()}
            asked = requests(DOCUMENTS, ids, foreign, {})
            made = Crossing(api, database, alpha, twin_id, ids, foreign, asked)
            for name in READERS:
                made.before[name] = await ask(api, asked, made.user(name), "ALPHA")
            await twin.copy_rows(driver, alpha.id, twin_id)
            yield made
        await driver.close()


def told(answer: bytes, crossing: Crossing) -> list[str]:
    """What an answer tells of the twin, but for one's own memberships."""
    data = json.loads(answer)
    if '"memberships"' in answer.decode():
        for value in (data["data"] or {}).values():
            if isinstance(value, dict):
                value.pop("memberships", None)
    text = json.dumps(data, ensure_ascii=False).encode()
    templates = [id_ for id_ in crossing.foreign["ModuleTemplate"] if id_.encode() in text]
    return twin.marks(opened(text)) + foreign_ids(text, crossing.alpha.id) + templates


def all_told(asked: Sequence[Request], answers: Sequence[bytes], crossing: Crossing) -> dict[str, list[str]]:
    """By request, what its answer tells of the twin."""
    found = {str(request): told(answer, crossing) for request, answer in zip(asked, answers, strict=True)}
    return {request: told_of for request, told_of in found.items() if told_of}
