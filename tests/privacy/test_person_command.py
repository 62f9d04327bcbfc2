"""`lms-graphql person …` as whoever runs the platform meets it."""

import json

import pytest

from lms_graphql.privacy.rules import WITH_LOGIN
from tests.commands import call, called, refused, run
from tests.privacy.conftest import copied
from tests.privacy.test_erasure import whole


@pytest.fixture
def there(database, world, tmp_path):
    """The shared database, which these commands must only read."""
    url = database.app.set(drivername="postgresql").render_as_string(hide_password=False)
    return {"LMS_DATABASE_URL": url, "LMS_DATA_DIR": str(tmp_path)}


def test_export_prints_the_document_and_nothing_else(there, world):
    process = run("person", "export", "--university", "ALPHA", "--email", "STUDENT@alpha.example", **there)
    assert (process.returncode, process.stderr) == (0, "")
    document = json.loads(process.stdout)
    assert document["university"]["short_code"] == "ALPHA"
    assert [row["user_id"] for row in document["sections"]["profile"]] == [world.people["student"]]


@pytest.mark.parametrize(("university", "email", "words"), [
    ("NOWHERE", "student@alpha.example", "there is no university with the short code NOWHERE"),
    ("ALPHA", "student@beta.example", "nobody in ALPHA has the address student@beta.example"),
    ("ALPHA", "%", "nobody in ALPHA has the address %"),
])  # fmt: skip
def test_somebody_unknown(there, university, email, words):
    refused(call("person", "export", "--university", university, "--email", email, **there), words)


# ---- erasing, in a copy of the database


@pytest.fixture
def copy(campus, tmp_path):
    def url(of):
        return of.set(drivername="postgresql").render_as_string(hide_password=False)

    database, _ = campus
    environment = {"LMS_DATABASE_URL": url(database.app), "LMS_OWNER_DATABASE_URL": url(database.owner)}
    return {**environment, "LMS_DATA_DIR": str(tmp_path), "LMS_ERASURE_LEDGER": str(tmp_path / "erased")}


STUDENT = ("--university", "ALPHA", "--email", "canary+A@alpha.example")
TABLES = """course_enrollments: 1
course_offerings: 1
external_keys: 2
user_university_roles: 1
thread_read_marks: 1
content_item_settings: 1
enrollment_events: 2
quiz_attempt_answers: 1
quiz_attempts: 2
uploads: 1
lab_submissions: 4
grade_overrides: 1
grade_history: 2
certificates: 2
discussion_threads: 3
discussion_posts: 1
post_revisions: 1
course_reviews: 1
service_tokens: 1
invitations: 1
university_members: 1
audit_log: 1
erasures: 1"""


async def test_erase_says_what_it_would_do_and_does_it_when_told(campus, copy, tmp_path):
    database, world = campus
    before, student = await whole(database), world.people["student"]
    counts = "".join(f"  {line}\n" for line in TABLES.splitlines())
    would = f"person {student} of ALPHA, canary+A@alpha.example, would change: 33 rows\n{counts}"
    tried = await called("person", "erase", *STUDENT, "--dry-run", **copy)
    assert (tried.returncode, tried.stdout, tried.stderr) == (0, would, "")
    alone = await called("person", "erase", *STUDENT, **copy)
    assert (alone.returncode, alone.stdout) == (1, would)
    assert alone.stderr == "lms-graphql: nobody is here to confirm it; say --yes\n"
    assert await whole(database) == before
    assert not (tmp_path / "erased").exists()
    done = run("person", "erase", *STUDENT, "--reason", "asked for it", "--yes", **copy)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{would}person {student} of ALPHA is erased; it stands in {tmp_path / 'erased'}\n"
    (line,) = (tmp_path / "erased").read_text(encoding="utf-8").splitlines()
    entry = json.loads(line)
    assert (entry["user_id"], entry["reason"], entry["erased_by"]) == (student, "asked for it", None)
    logins = dict.fromkeys(("users", *WITH_LOGIN), ())  # those stay: the student is in BETA, too
    assert "CANARY" not in repr({**await whole(database), **logins}).upper()
    refused(await called("person", "erase", *STUDENT, "--yes", **copy), "nobody in ALPHA has the address")


async def test_after_a_restore_every_command_says_so_until_the_replay(superuser, original, campus, copy, tmp_path):
    """The copy is erased in, another one is the backup."""
    assert (await called("person", "erase", *STUDENT, "--yes", **copy)).returncode == 0
    student = original[1].people["student"]
    async with copied(superuser, original[0]) as backup:
        restored = {**copy, "LMS_DATABASE_URL": backup.app.set(drivername="postgresql").render_as_string(False)}
        restored["LMS_OWNER_DATABASE_URL"] = backup.owner.set(drivername="postgresql").render_as_string(False)
        said = "ledger of erasures: 1 people who were erased are back: run lms-graphql person replay"
        assert (await called("migrate", **restored)).stderr == f"warning: {said}\n"
        assert f"bad   erasures: {said}" in (await called("doctor", **restored)).stdout
        replayed = run("person", "replay", **restored)
        again = f"person {student} of ALPHA is erased again\n1 entries in {tmp_path / 'erased'}, 1 replayed\n"
        assert (replayed.returncode, replayed.stdout) == (0, again)
        assert (await called("migrate", **restored)).stderr == ""
        assert f"ok    erasures: all in {tmp_path / 'erased'} are erased" in (await called("doctor", **restored)).stdout
        with (tmp_path / "erased").open("a", encoding="utf-8") as file:
            file.write("not a line of ours\n")
        broken = await called("person", "replay", **restored)
        assert broken.returncode == 1
        assert broken.stderr == (
            "line 2 of the ledger can't be read\nlms-graphql: not every entry of the ledger could be replayed\n"
        )


def test_a_database_of_ones_own_needs_a_place_for_the_ledger(there, world):
    for arguments in (["erase", *STUDENT, "--yes"], ["replay"]):
        refused(call("person", *arguments, **there), "set LMS_ERASURE_LEDGER to a file that is kept elsewhere")
