"""What a student may leave behind: in every column that holds words, a word of its own that begins with CANARY."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.world import Rows, World

_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


async def leave_traces(rows: Rows, world: World) -> None:
    """Of the student in ALPHA; others have rows beside each of these."""
    alpha, student, teacher = world.alpha, world.people["student"], world.people["instructor"]
    tenant = {"university_id": alpha.university["id"]}
    mine = (tenant["university_id"], student)
    for table, values in _WRITTEN.items():
        written = ", ".join(f"{column} = {value}" for column, value in values.items())
        await rows.driver.execute(f"UPDATE {table} SET {written} WHERE university_id = $1 AND user_id = $2", *mine)
    attempts = "attempt_id IN (SELECT id FROM quiz_attempts WHERE university_id = $1 AND user_id = $2)"
    await rows.driver.execute(
        f"""UPDATE quiz_attempt_answers SET response = '{{"text": "CANARY answer"}}'
        WHERE university_id = $1 AND {attempts}""",
        *mine,
    )
    await rows.driver.execute(
        "UPDATE enrollment_events SET reason = 'CANARY event' WHERE university_id = $1 AND enrollment_id IN"
        " (SELECT id FROM course_enrollments WHERE university_id = $1 AND user_id = $2)",
        *mine,
    )
    await rows.driver.execute(
        "UPDATE discussion_threads SET title = 'CANARY title' WHERE university_id = $1 AND created_by_user_id = $2",
        *mine,
    )
    await rows.driver.execute(
        "UPDATE users SET email = 'canary.login@test.example', full_name = 'CANARY Login', password_hash = 'CANARY',"
        " locale = 'CANARY', time_zone = 'CANARY' WHERE id = $1",
        student,
    )
    await _records(rows, world, {**tenant, "user_id": student}, teacher)


_WRITTEN = {
    "university_members": {
        "display_name": "'CANARY Given Canarysurname'",
        "email": "'CANARY+a@alpha.example'",
        "student_number": "'CANARY-7'",
    },
    "quiz_attempts": {"raw_response_json": """'["CANARY raw"]'"""},
    "lab_submissions": {
        "artifacts_url": "'https://files.example/CANARY.zip'",
        "instructor_feedback": "'CANARY feedback'",
        "public_results": """'[{"name": "CANARY public"}]'""",
        "hidden_results": """'[{"name": "CANARY hidden"}]'""",
        "auto_grade_json": """'{"CANARY": 1}'""",
    },
    "discussion_posts": {"body": "'CANARY body'"},
}


async def _records(rows: Rows, world: World, person: dict[str, Any], teacher: int) -> None:
    """Records that the world has of other people only."""
    alpha = world.alpha
    private = {**person, "course_offering_id": alpha["private"]["id"]}
    public = {**person, "course_offering_id": alpha["public"]["id"]}
    await rows.add("grade_overrides", **private, final_score=99, reason="CANARY override", overridden_by=teacher)
    await rows.add("grade_history", **private, old_score=1, new_score=2, reason="CANARY history", changed_by=teacher)
    await rows.add("course_enrollments", **public, status="completed", completed_at=_LONG_AGO)
    given = {"course_code": "P101", "course_title": "Forces", "issued_at": _LONG_AGO, "final_score": 91}
    canary = {"recipient_name": "CANARY Graduate", "metadata_json": {"note": "CANARY"}}
    await rows.add("certificates", **public, **given, **canary, certificate_code="ALPHA-P101-8")
    revoked = {"revoked_at": _LONG_AGO, "revocation_reason": "CANARY revoked"}
    await rows.add("certificates", **public, **given, **canary, **revoked, certificate_code="ALPHA-P101-9")
    await rows.add("course_reviews", **private, rating=2, review_text="CANARY review")
    setting = {"course_id": alpha["course"]["id"], "content_item_id": alpha["quiz"]["id"], "points": 3}
    await rows.add("content_item_settings", **private, **setting)
    thread = {"thread_id": alpha["thread"]["id"], "last_read_post_id": alpha["reply"]["id"]}
    await rows.add("thread_read_marks", **person, **thread)
    keys = {"university_id": person["university_id"], "system": "academy"}
    address = "canary%2Ba@alpha.example"
    await rows.add("external_keys", **keys, entity="member", external_id=address, entity_id=person["user_id"])
    await rows.add("external_keys", **keys, entity="enrollment", external_id=f"physics/{address}", entity_id=1)
    await rows.add("external_keys", **keys, entity="enrollment", external_id="physics/a@alpha.example", entity_id=2)
    act = {"university_id": person["university_id"], "entity": "User", "request_id": "a-request"}
    names = {"old_values": {"displayName": "CANARY before"}, "new_values": {"displayName": "CANARY after"}}
    own = {"act": "profile.update", "user_id": person["user_id"], "entity_id": person["user_id"]}
    await rows.add("audit_log", **act, **own, **names)
    await rows.add("audit_log", **act, act="profile.update", user_id=teacher, entity_id=teacher, new_values={"a": 1})
    await _signed_in(rows, person)
    seen = {"university_id": person["university_id"], "user_id": person["user_id"], "viewer_id": teacher}
    await rows.add("disclosures", **seen, kind="grades", request_id="a-request")


async def _signed_in(rows: Rows, person: dict[str, Any]) -> None:
    """Two sessions, an identity of an issuer, and two tokens of services, of which one has ended."""
    user = {"user_id": person["user_id"]}
    issuer = "https://issuer.example"
    await rows.add("external_identities", **user, issuer=issuer, subject="CANARY subject", created_at=_LONG_AGO)
    invited = {"university_id": person["university_id"], "digest": _digest("invitation"), "created_at": _LONG_AGO}
    used = {"expires_at": _LONG_AGO + timedelta(days=14), "accepted_at": _LONG_AGO}
    await rows.add("invitations", **user, **invited, **used)
    for number, ended in enumerate((None, _LONG_AGO)):
        times = {"created_at": _LONG_AGO, "expires_at": _LONG_AGO + timedelta(hours=12)}
        session = await rows.add("sessions", **user, **times, revoked_at=ended)
        digests = {"access_digest": _digest(f"access {number}"), "refresh_digest": _digest(f"refresh {number}")}
        expire = {"access_expires_at": times["expires_at"], "refresh_expires_at": times["expires_at"]}
        await rows.add("session_tokens", session_id=session["id"], generation=1, **digests, **expire)
        of_service = {"university_id": person["university_id"], "issued_by": person["user_id"], "revoked_at": ended}
        scope = {"digest": _digest(f"service {number}"), "scopes": ["lab:grade"], "submission_ids": (1,)}
        await rows.add("service_tokens", **of_service, **scope, **times)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
