"""The university that the proofs are about: the world's ALPHA, a row in every table, a secret in every corner."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg

from lms_graphql.certificates.badges import Facts
from tests.databases import DEMO_SIGNER
from tests.world import DUE, KINDS, POSTED, Campus, Rows, build_world

_NEVER = datetime(2999, 1, 1, tzinfo=UTC)
_COUNTED = ("created", "updated", "unchanged", "deactivated", "refused")
_SCORES = {"final_score": Decimal("61.50"), "letter_grade": "D", "passed": True}
OWN_CODE = "ALPHA-0000000000000000000000P103"
CREDENTIAL, _KEY_ID = DEMO_SIGNER.sign(
    Facts(OWN_CODE, 1, 1, "A student", "P101", "Forces", Decimal(61), "D", POSTED, None, "ALPHA University")
)
"""Of the student's own certificate. It is made before there are rows, so that it names other numbers than its row has:
the certificate is shown to who holds it, with a signature that does not fit."""


@dataclass
class Alpha:
    """One university's rows by short names, and people by name; `admin` sees all of it."""

    driver: asyncpg.Connection
    campus: Campus
    beta: Campus
    """A third university, whose rows have numbers of their own; `student` is a member there, too."""
    people: dict[str, int]

    @property
    def id(self) -> int:
        """The university's."""
        return self.campus.university["id"]


async def build_alpha(driver: asyncpg.Connection) -> Alpha:
    """The world, and what it lacks: tables without a row, and secrets of every kind beside what may be seen."""
    world = await build_world(driver)
    rows, made = Rows(driver), world.alpha.rows
    tenant = {"university_id": world.alpha.university["id"]}
    people = {**world.people}
    for name in ("visitor", "double"):
        user = await rows.add("users", email=f"{name}@test.example", full_name=f"{name} name", password_hash="!")
        people[name] = user["id"]
        member = {**tenant, "user_id": user["id"]}
        await rows.add("university_members", **member, display_name=f"ALPHA {name}", email=f"{name}@alpha.example",
                       student_number=f"N-{name}")  # fmt: skip
        await rows.add("user_university_roles", **member, role="student")
    alpha = Alpha(driver, world.alpha, world.beta, people)
    await _teaching(rows, made, tenant, people)
    await _matching(rows, made, tenant)
    await _unposted(rows, made, tenant, people)
    await _elsewhere(rows, made, tenant, people)
    await _kept(rows, made, tenant, people)
    await driver.execute("ANALYZE")
    return alpha


async def _teaching(rows: Rows, made: Any, tenant: Any, people: dict[str, int]) -> None:
    """The files of items, and what is set for one person alone."""
    offering = {**tenant, "course_offering_id": made["private"]["id"]}
    asked = {**offering, "course_id": made["course"]["id"], "content_item_id": made["text"]["id"]}
    made["for_other"] = await rows.add(
        "content_item_settings", **asked, user_id=people["other"], due_at=DUE + timedelta(days=9), points=33
    )
    for kind in ("engineering_lab", "text", "assignment", "resource"):
        asked["content_item_id"] = made[kind]["id"]
        await rows.add("content_item_settings", **asked, due_at=DUE, points=10, grade_category_id=made["exams"]["id"])
        for name in ("student", "other"):
            await rows.add("user_content_progress", **asked, user_id=people[name], progress_percent=25)
    asked["content_item_id"] = made["video"]["id"]
    await rows.add("content_item_settings", **asked, unlock_at=POSTED)
    asked["content_item_id"] = made["quiz"]["id"]
    await rows.add("user_content_progress", **asked, user_id=people["student"], progress_percent=75)
    for kind, payload in (
        ("video", {**KINDS["video"], "asset_id": made["asset"]["id"]}),
        (
            "text",
            {**KINDS["text"], "blocks": [{"type": "image", "asset_id": made["asset"]["id"], "caption": "A chart"}]},
        ),
    ):
        made[f"{kind}_of_library"] = await rows.item(made["lesson"], kind, payload, sequence_index=20 + len(kind))


async def _matching(rows: Rows, made: Any, tenant: Any) -> None:
    """Questions of kinds that the world lacks, drawn and answered in each graded attempt."""
    options = [{"id": "a", "text": "Push", "side": "left"}, {"id": "x", "text": "Pull", "side": "right"}]
    for number, kind, shown, right, said in (
        (2, "matching", options, {"pairs": [["a", "x"]]}, {"pairs": [["a", "x"]]}),
        (3, "text", [], {"accepted": ["A push."]}, {"text": "Something that pushes."}),
    ):
        asked = {"type": kind, "stem": f"A {kind} question?", "options": shown, "hints": ["Look twice."]}
        question = await rows.add("questions", **tenant, **asked, pool_id=made["pool"]["id"], number=number)
        key = {**tenant, "question_id": question["id"]}
        await rows.add("question_keys", **key, answer=right, explanation="They are opposites.")
        for attempt in ("attempt_0", "attempt_1"):
            drawn = {**tenant, "attempt_id": made[attempt]["id"], "position": number}
            await rows.add("quiz_attempt_questions", **drawn, question_id=question["id"], points=2, snapshot=asked)
            await rows.add("quiz_attempt_answers", **drawn, response=said, points_awarded=2)


async def _unposted(rows: Rows, made: Any, tenant: Any, people: dict[str, int]) -> None:
    """Grades of the student that nobody has posted, and one that will be in the next millennium.

    That one was posted once, and a certificate signed then.
    """
    student = {**tenant, "user_id": people["student"]}
    enrolled = {**student, "course_offering_id": made["members"]["id"]}
    made["enrolled_too"] = await rows.add("course_enrollments", **enrolled, status="completed", completed_at=POSTED)
    made["unposted_grade"] = await rows.add("course_grades", **enrolled, **_SCORES, posted_at=POSTED)
    private = {**student, "course_offering_id": made["private"]["id"]}
    category = {"grade_category_id": made["homework"]["id"]}
    made["second_exam"] = await rows.add("grade_items", **tenant, **category, course_offering_id=made["private"]["id"],
                                         title="Second exam", points=50)  # fmt: skip
    await rows.add(
        "grade_item_scores", **private, grade_item_id=made["second_exam"]["id"], score=44, graded_by=people["ta"]
    )
    made["own_certificate"] = await rows.add(
        "certificates", **enrolled, certificate_code=OWN_CODE, issued_at=POSTED, recipient_name="A student",
        course_code="P101", course_title="Forces", final_score=61, letter_grade="D", metadata_json={"note": "internal"},
        key_id=_KEY_ID, credential_jwt=CREDENTIAL,
    )  # fmt: skip
    await rows.driver.execute("UPDATE course_grades SET posted_at = $1 WHERE university_id = $2 AND id = $3",
                              _NEVER, tenant["university_id"], made["unposted_grade"]["id"])  # fmt: skip
    made["own_review"] = await rows.add("course_reviews", **enrolled, rating=5, review_text="Fine.")


async def _elsewhere(rows: Rows, made: Any, tenant: Any, people: dict[str, int]) -> None:
    """A private offering that the student has no part in, with people, talk, work and grades of its own."""
    course = {**tenant, "course_id": made["course"]["id"]}
    made["closed"] = await rows.add(
        "course_offerings", **course, term_name="closed", visibility="private", term_id=made["term"]["id"], capacity=7
    )
    closed = {**tenant, "course_offering_id": made["closed"]["id"]}
    other = {**closed, "user_id": people["other"]}
    made["closed_section"] = await rows.add("offering_sections", **closed, code="Z", name="Section Z")
    enrolled = await rows.add("course_enrollments", **other, section_id=made["closed_section"]["id"])
    made["closed_enrollment"] = enrolled
    await rows.add("enrollment_events", **tenant, enrollment_id=enrolled["id"], new_status="active", reason="By hand.")
    await rows.add("course_grades", **other, **_SCORES, posted_at=POSTED)
    await rows.add("course_reviews", **other, rating=1, review_text="Not for me.")
    thread = {**closed, **course, "created_by_user_id": people["other"]}
    made["closed_thread"] = await rows.add("discussion_threads", **thread, title="Among us")
    post = {**tenant, "user_id": people["other"]}
    await rows.add("discussion_posts", **post, thread_id=made["closed_thread"]["id"], body="Only for us.")
    made["deleted"] = await rows.add(
        "discussion_posts", **post, thread_id=made["thread"]["id"], body="I take it back.", is_deleted=True
    )
    policy = await rows.add("grading_policies", **{**closed, **course}, pass_mark=71, letter_scheme=[[71, "P"]])
    await rows.add("grade_categories", **tenant, policy_id=policy["id"], name="All", position=1, weight=100)
    await rows.add("grade_items", **closed, title="Closed exam", points=10)


async def _kept(rows: Rows, made: Any, tenant: Any, people: dict[str, int]) -> None:
    """What is kept for staff or for nobody: revisions, overrides, history, keys of other systems, marks of reading."""
    for revision, title in ((1, "As it was"), (5, "As it was later")):
        await rows.add(
            "content_item_revisions", **tenant, content_item_id=made["text"]["id"], revision=revision, title=title,
            data_json=KINDS["text"], changed_by=people["instructor"], description="What it was about.",
        )  # fmt: skip
    await rows.driver.execute("UPDATE assets SET title = 'A file' WHERE university_id = $1", tenant["university_id"])
    await rows.driver.execute(
        "UPDATE content_items SET data_json = jsonb_set(data_json, '{files,0,asset_id}', to_jsonb($1::bigint))"
        " WHERE university_id = $2 AND id = $3",
        made["used_asset"]["id"], tenant["university_id"], made["engineering_lab"]["id"],
    )  # fmt: skip
    for name in ("student", "other"):
        person = {**tenant, "user_id": people[name], "course_offering_id": made["private"]["id"]}
        await rows.add("grade_overrides", **person, final_score=88, letter_grade="B", reason="A reason.",
                       overridden_by=people["instructor"])  # fmt: skip
        await rows.add("grade_history", **person, old_score=51, new_score=88, changed_by=people["instructor"],
                       reason="Another reason.")  # fmt: skip
        await rows.add("grade_exemptions", **person, course_id=made["course"]["id"], excused_by=people["instructor"],
                       grade_item_id=made["second_exam"]["id"], reason="A fourth reason.")  # fmt: skip
    made["frozen"] = await rows.add("grade_freezes", **tenant, course_offering_id=made["closed"]["id"],
                                    frozen_at=POSTED, frozen_by=people["instructor"], reason="A fifth.")  # fmt: skip
    for name in ("admin", "student"):
        made[f"job_of_{name}"] = await rows.add(
            "jobs", **tenant, kind="grades.regrade", state="failed", error="It failed.", finished_at=POSTED,
            given={"note": "for the runner"}, roles=["ta"], created_by=people[name],
        )  # fmt: skip
    made["roster_import"] = await rows.add(
        "roster_imports", **tenant, job_id=made["job_of_admin"]["id"], file_name="roster.zip", mode="full",
        is_dry_run=True, counts={"member": dict.fromkeys(_COUNTED, 1)},
    )  # fmt: skip
    await rows.add("roster_import_errors", **tenant, import_id=made["roster_import"]["id"], file="users", line=2,
                   field="email", message="a person needs an e-mail address")  # fmt: skip
    await rows.add("thread_read_marks", **tenant, thread_id=made["thread"]["id"], user_id=people["student"],
                   last_read_post_id=made["post"]["id"])  # fmt: skip
    thread = {**tenant, "thread_id": made["thread"]["id"], "hidden_at": POSTED, "hidden_reason": "It gives it away."}
    for name in ("student", "other"):
        await rows.add("discussion_posts", **thread, user_id=people[name], body=f"The answer of {name}.")
        review = {**tenant, "course_offering_id": made["private"]["id"], "user_id": people[name], "rating": 3}
        hidden = {"hidden_at": POSTED, "hidden_reason": "It insults."}
        await rows.add("course_reviews", **review, **hidden, review_text=f"The words of {name}.")
    await rows.add("external_keys", **tenant, system="olx", entity="course", external_id="course-v1:A",
                   entity_id=made["course"]["id"])  # fmt: skip
    kept = {**tenant, "user_id": people["instructor"]}
    await rows.add("audit_log", **kept, act="grade.override", entity="Enrollment", old_values={"finalScore": "51"},
                   new_values={"finalScore": "88"}, reason="A third reason.", request_id="r-1")  # fmt: skip
    await rows.add("outbox", **tenant, topic="grades", entity="Enrollment", facts={"note": "for others"})
    await rows.add("idempotency_keys", **kept, key="a-key", path="overrideGrade", mutation="overrideGrade",
                   argument_hash=b"hash", result={"keys": {"note": "kept"}})  # fmt: skip
    await rows.add("erasures", **tenant, user_id=people["gone"], erased_at=POSTED, reason="Asked.", request_id="r-2")
    for name in ("student", "other"):
        seen = {**tenant, "user_id": people[name], "viewer_id": people["instructor"]}
        await rows.add("disclosures", **seen, kind="grades", at=POSTED, request_id="r-3")
    await rows.driver.execute(
        "INSERT INTO service_tokens (university_id, digest, scopes, issued_by, expires_at)"
        " VALUES ($1, sha256('a token'), ARRAY['lab:grade'], $2, now() + interval '1 hour')",
        tenant["university_id"], people["admin"],
    )  # fmt: skip
    for name in ("visitor", "student"):
        await rows.driver.execute(
            "INSERT INTO invitations (university_id, user_id, digest, invited_by, expires_at)"
            " VALUES ($1, $2, sha256('an invitation'), $3, now() + interval '1 hour')",
            tenant["university_id"], people[name], people["admin"],
        )  # fmt: skip
    await rows.driver.execute(
        "INSERT INTO grading_runs (university_id, submission_id, service_token_id, lease_until)"
        " SELECT university_id, $2, id, now() + interval '1 hour' FROM service_tokens"
        " WHERE university_id = $1 AND digest = sha256('a token')",
        tenant["university_id"], made["later_0"]["id"],
    )  # fmt: skip
    lab = {**tenant, "course_id": made["course"]["id"], "content_item_id": made["engineering_lab"]["id"]}
    await rows.add("rubric_criteria", **lab, position=1, title="Care", points=3)
    await rows.driver.execute(
        "UPDATE rubric_criteria SET description = 'How it was measured.' WHERE university_id = $1",
        tenant["university_id"],
    )
    await rows.driver.execute(
        "UPDATE content_item_settings SET late_penalty_percent_per_day = 5 WHERE university_id = $1",
        tenant["university_id"],
    )
    await rows.driver.execute(
        "UPDATE module_templates SET default_data = $1 WHERE university_id = $2",
        json.dumps({"note": "for who makes courses"}),
        tenant["university_id"],
    )
    await rows.driver.execute(
        "UPDATE module_template_versions SET notes = 'What has changed.' WHERE university_id = $1",
        tenant["university_id"],
    )
    await rows.driver.execute(
        "UPDATE discussion_threads SET accepted_post_id = $1 WHERE university_id = $2 AND id = $3",
        made["reply"]["id"], tenant["university_id"], made["thread"]["id"],
    )  # fmt: skip
