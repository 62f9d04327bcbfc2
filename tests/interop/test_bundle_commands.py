"""`lms-graphql export bundle` and `import bundle`: out of one university and into another, by the operator."""

import asyncio

import pytest

from tests.commands import call
from tests.interop.bundles import document_of
from tests.interop.generated import a_course, archived


@pytest.fixture
def command(loaded, tmp_path):
    """A command in this process, over the database of the demo."""
    environment = {
        "LMS_DATABASE_URL": loaded.app.render_as_string(hide_password=False),
        "LMS_SECRET_KEY": "a secret for tests, 32 bytes or more",
        "LMS_DATA_DIR": str(tmp_path),
        "LMS_FILES": str(tmp_path),
    }

    async def run(*arguments):
        done = await asyncio.to_thread(call, *map(str, arguments), **environment)
        return done.returncode, done.stdout, done.stderr

    return run


async def test_out_and_in_elsewhere(command, demo, elsewhere, tmp_path):
    path = tmp_path / "me101.zip"
    code, said, errors = await command("export", "bundle", "ME101", path, "--university", "DEMO")
    assert (code, errors) == (0, "")
    assert said.startswith(f"ME101 of DEMO is in {path}: {path.stat().st_size} bytes, sha256 ")
    assert [file.name for file in tmp_path.glob("me101*")] == ["me101.zip"]
    again = await command("export", "bundle", "ME101", path, "--university", "DEMO")
    assert again == (1, "", f"lms-graphql: {path} is there already: name another file\n")

    counts = "17 modules, 22 content_items, 5 question_pools, 21 questions, 4 assets, 3 offerings"
    missing = "there is no course MA110: it is not asked for\n"
    dry = await command("import", "bundle", path, "--university", "ELSE", "--dry-run")
    assert dry == (0, f"{path} would be imported (dry run, nothing was kept): {counts}\n", missing)
    assert "ME101" not in await elsewhere.courses()
    assert await command("import", "bundle", path, "--university", "ELSE") == (
        0,
        f"{path} imported: {counts}\n",
        missing,
    )
    there = document_of(await elsewhere.exported((await elsewhere.courses())["ME101"]))["course"]
    here = document_of(path.read_bytes())["course"]
    assert [one["title"] for one in there["modules"]] == [one["title"] for one in here["modules"]]
    told = await demo.owner.fetch(
        "SELECT DISTINCT user_id, roles, request_id FROM audit_log WHERE act IN ('course.import', 'item.create')"
        " OR act = 'course.export' AND user_id IS NULL"
    )
    assert [tuple(row) for row in told] == [(None, ["operator"], "lms-graphql bundle")]


async def test_what_can_not_be_done_is_one_line(command, demo, elsewhere, tmp_path):
    path, other = tmp_path / "x.zip", tmp_path / "y.zip"
    path.write_bytes(archived(a_course(2, "ME101")))
    refused = {
        ("export", "bundle", "NOPE", other, "--university", "DEMO"): "DEMO has no course with the code NOPE",
        ("export", "bundle", "ME101", other, "--university", "NO"): "there is no university with the short code NO",
        ("import", "bundle", other, "--university", "DEMO"): f"{other} can't be read: No such file or directory",
        ("import", "bundle", path, "--university", "DEMO"): "the university has a course with this code already; give"
        " another code; nothing was changed",
        (
            "import",
            "bundle",
            path,
            "--university",
            "DEMO",
            "--department",
            "NO",
        ): "there is no department with the code NO",
    }
    for arguments, line in refused.items():
        assert await command(*arguments) == (1, "", f"lms-graphql: {line}\n")
    path.write_bytes(b"no zip")
    code, _, errors = await command("import", "bundle", path, "--university", "DEMO")
    assert (code, len(errors.splitlines())) == (1, 1)
    assert errors.startswith("lms-graphql: the archive is damaged or is no zip")


async def test_with_a_code_and_a_department(command, demo, tmp_path):
    path = tmp_path / "x.zip"
    path.write_bytes(archived(a_course(2, "ME101")))
    done = await command("import", "bundle", path, "--university", "DEMO", "--code", "NEW", "--department", "MATH")
    assert done[0] == 0
    assert await demo.owner.fetchval(
        "SELECT d.code FROM courses c JOIN departments d ON d.id = c.department_id WHERE c.code = 'NEW'"
    ) == "MATH"  # fmt: skip
