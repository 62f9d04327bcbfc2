"""Rosters from the command line: out of one university and into another."""

import pytest

from lms_graphql.interop.oneroster.reading import read
from lms_graphql.interop.oneroster.writing import write
from tests.changing.conftest import owner, world, written  # noqa: F401 - a database of its own
from tests.commands import called, refused
from tests.interop.test_oneroster_imports import whole
from tests.test_cli import plain
from tests.world import Rows


@pytest.fixture
def command(written, tmp_path):  # noqa: F811
    async def run(*arguments):
        folder = {"LMS_DATA_DIR": str(tmp_path)}
        return await called(*arguments, LMS_DATABASE_URL=plain(written.app), **folder)

    return run


async def test_in_and_out(command, world, owner, tmp_path):  # noqa: F811
    package, copy = tmp_path / "roster.zip", tmp_path / "copy.zip"
    package.write_bytes(write(whole("cli", 4)))
    country = world.alpha.university["country_id"]
    delta = await Rows(owner).add("universities", name="Delta", short_code="DELTA", country_id=country)
    count = "SELECT count(*) FROM university_members WHERE university_id = $1"

    dry = await command("import", "roster", str(package), "--university", "DELTA", "--dry-run")
    assert (dry.returncode, dry.stderr) == (0, "")
    assert dry.stdout.splitlines()[0] == "the roster would be imported so (dry run, nothing was kept):"
    assert await owner.fetchval(count, delta["id"]) == 0
    done = await command("import", "roster", str(package), "--university", "DELTA")
    assert done.stdout.splitlines() == ["the roster is imported:", *dry.stdout.splitlines()[1:]]
    assert "  member: 4 created, 0 updated, 0 unchanged, 0 deactivated, 0 refused" in done.stdout.splitlines()
    assert await owner.fetchval(count, delta["id"]) == 4
    actors = "SELECT DISTINCT user_id FROM audit_log WHERE university_id = $1"
    assert [tuple(row) for row in await owner.fetch(actors, delta["id"])] == [(None,)]

    out = await command("export", "roster", str(copy), "--university", "DELTA")
    assert out.stdout == f"DELTA: 17 rows written to {copy}\n"
    assert read(copy.read_bytes()).roster.size == 17
    refused(await command("export", "roster", str(copy), "--university", "DELTA"), "File exists")
    again = await command("import", "roster", str(copy), "--university", "DELTA")
    assert "created, 0 updated" in again.stdout
    assert {line.split(": ")[1].split(",")[0] for line in again.stdout.splitlines()[1:]} == {"0 created"}


async def test_what_is_refused(command, tmp_path):
    package = tmp_path / "roster.zip"
    refused(await command("import", "roster", str(package), "--university", "ALPHA"), "No such file")
    package.write_bytes(b"x")
    refused(await command("import", "roster", str(package), "--university", "ALPHA"), "this is no zip")
    package.write_bytes(write(whole("cli", 3)))
    refused(await command("import", "roster", str(package), "--university", "NOWHERE"), "NOWHERE")


async def test_wholesale_drops_must_be_confirmed(command, world, owner, tmp_path):  # noqa: F811
    package = tmp_path / "roster.zip"
    package.write_bytes(write(whole("drop", 4)))
    assert (await command("import", "roster", str(package), "--university", "BETA")).returncode == 0
    package.write_bytes(write(whole("drop", 3)))
    refused(await command("import", "roster", str(package), "--university", "BETA"), "--confirm-drops")
    done = await command("import", "roster", str(package), "--university", "BETA", "--confirm-drops")
    assert "  enrollment: 0 created, 0 updated, 1 unchanged, 1 deactivated, 0 refused" in done.stdout.splitlines()
