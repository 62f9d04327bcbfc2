"""`lms-graphql person …` as whoever runs the platform meets it."""

import json

import pytest

from tests.test_cli import refused, run


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
    refused(run("person", "export", "--university", university, "--email", email, **there), words)
