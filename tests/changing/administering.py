"""What the tests of a university's own mutations share: sending them, and seeing that nothing happened."""

import contextlib
import json
from typing import Any

from graphql import get_named_type

from lms_graphql.engine.relay import GlobalId
from lms_graphql.schema import build

SCHEMA = build().graphql
ERRORS = "errors { code message path currentVersion }"
STRANGERS = (None, "outsider", "platform_admin", "beta_admin", "bystander", "student", "section_ta", "ta", "instructor",
             "far_instructor", "department_admin", "far_admin")  # fmt: skip
"""Everybody but the administrator of ALPHA."""


class Office:
    """ALPHA as its administrators change it."""

    def __init__(self, api: Any, world: Any, owner: Any) -> None:
        self.api, self.world, self.owner = api, world, owner
        self.university_id = world.alpha.university["id"]

    def id(self, typename: str, number: int, university_id: int | None = None) -> str:
        return str(GlobalId(typename, number, university_id or self.university_id))

    def person(self, name: str) -> str:
        return self.id("User", self.world.people[name])

    async def answer(
        self, name: str, given: Any, shown: str = "", user: Any = "admin", university: str | None = "ALPHA"
    ) -> Any:
        """The whole answer to a mutation; `shown` is what of its payload is asked for besides errors.

        `user` is a name of the world, an id, the token of a session, or nobody.
        """
        type_ = get_named_type(SCHEMA.mutation_type.fields[name].args["input"].type)
        document = f"mutation($input: {type_}!) {{ {name}(input: $input) {{ {shown} {ERRORS} }} }}"
        if isinstance(user, str) and user.startswith("lms_"):
            return await self._as_session(document, given, user, university)
        number = self.world.people[user] if isinstance(user, str) else user
        return await self.api(document, {"input": given}, user=number, university=university)

    async def _as_session(self, document: str, given: Any, token: str, university: str | None) -> Any:
        path = f"/u/{university}/graphql" if university else "/graphql"
        headers = {"Authorization": f"Bearer {token}"}
        body = {"query": document, "variables": {"input": given}}
        return (await self.api.client.post(path, json=body, headers=headers)).json()

    async def sent(self, name: str, given: Any, shown: str = "", **options: Any) -> Any:
        """The payload of a mutation."""
        answer = await self.answer(name, given, shown, **options)
        assert "errors" not in answer, answer
        return answer["data"][name]

    async def done(self, name: str, given: Any, shown: str = "", **options: Any) -> Any:
        """The payload of one that must be done, without its errors."""
        payload = await self.sent(name, given, shown, **options)
        assert payload.pop("errors") == []
        return payload

    async def refused(self, name: str, given: Any, **options: Any) -> tuple[str, list[str]]:
        """Code and path of the only error of one that must be refused, with nothing done."""
        async with self.nothing_happens():
            (error,) = (await self.sent(name, given, **options))["errors"]
        return error["code"], error["path"]

    async def all_refused(self, name: str, given: Any, people: Any = STRANGERS, university: str = "ALPHA") -> Any:
        """What it says to each of these people: a code, with nothing done."""
        found = {}
        async with self.nothing_happens():
            for person in people:
                answer = await self.answer(name, given, user=person, university=university)
                top = answer.get("errors")
                found[person] = top[0]["extensions"]["code"] if top else answer["data"][name]["errors"][0]["code"]
        return found

    @contextlib.asynccontextmanager
    async def nothing_happens(self) -> Any:
        """To any row of any table, but for the points that asking costs and for attempts that are counted."""
        before = await self.everything()
        yield
        assert await self.everything() == before

    async def everything(self) -> Any:
        tables = await self.owner.fetch(
            "SELECT c.oid::regclass::text FROM pg_class c WHERE relkind IN ('r', 'p') AND NOT relispartition"
            " AND relnamespace = 'public'::regnamespace AND relname <> ALL ($1) ORDER BY 1",
            ["rate_points", "login_attempts", "disclosures"],
        )
        return {
            table: sorted(str(row) for row in await self.owner.fetch(f"SELECT * FROM {table}")) for (table,) in tables
        }

    async def audited(self, since: int = 0) -> list[Any]:
        """What the audit log has since an entry: actor, act, entity, its number, before, after."""
        rows = await self.owner.fetch("SELECT * FROM audit_log WHERE id > $1 ORDER BY id", since)
        return [
            (row["user_id"], row["act"], row["entity"], row["entity_id"], _json(row["old_values"]),
             _json(row["new_values"]))
            for row in rows
        ]  # fmt: skip

    async def now(self) -> int:
        """The last entry of the audit log."""
        return await self.owner.fetchval("SELECT coalesce(max(id), 0) FROM audit_log")


class Platform(Office):
    """As its administrator changes it, in no university."""

    async def answer(
        self, name: str, given: Any, shown: str = "", user: Any = "platform_admin", university: str | None = None
    ) -> Any:
        return await super().answer(name, given, shown, user, university)

    async def logged(self, since: int) -> list[Any]:
        """What the platform's log has since an entry: act, entity, its number, before, after."""
        rows = await self.owner.fetch("SELECT * FROM platform_audit_log WHERE id > $1 ORDER BY id", since)
        assert {(row["user_id"], row["request_id"]) for row in rows} <= {
            (self.world.people["platform_admin"], "test-request")
        }
        return [
            (row["act"], row["entity"], row["entity_id"], _json(row["old_values"]),
             _json(row["new_values"]))
            for row in rows
        ]  # fmt: skip

    async def last(self) -> int:
        """The last entry of the platform's log."""
        return await self.owner.fetchval("SELECT coalesce(max(id), 0) FROM platform_audit_log")


def _json(text: str | None) -> Any:
    return None if text is None else json.loads(text)
