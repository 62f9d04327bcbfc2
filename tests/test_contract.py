"""The schema against the one of the last release: a break must be allowed by name, in pyproject.toml."""

import subprocess
import tomllib
from pathlib import Path

import pytest
from graphql import GraphQLScalarType, specified_scalar_types

from lms_graphql.schema import build
from tests.contract import broken_promises, named_breaks

ROOT = Path(__file__).parent.parent
SDL = build().sdl
ALLOWED = set(
    tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["lms_graphql"]["allowed_breaks"]
)


def git(*arguments: str) -> str | None:
    """What git says in this repository; None where it refuses or there is none."""
    done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None


def released() -> str:
    """The schema of the last tag."""
    tag = git("describe", "--tags", "--abbrev=0")
    if tag is None:
        pytest.skip("there is no release yet to compare with")
    sdl = git("show", f"{tag.strip()}:schema.graphql")
    assert sdl is not None, f"{tag.strip()} has no schema.graphql"
    return sdl


def test_what_was_released_still_holds():
    assert broken_promises(released(), SDL, ALLOWED) == []


def test_no_break_is_allowed_that_is_none():
    assert named_breaks(released(), SDL) >= ALLOWED if ALLOWED else True


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        (
            '  """Whether it is open to others than staff."""\n  isPublished: Boolean!\n',
            "",
            "FIELD_REMOVED ",
        ),
        ("  code: String!\n", "  code: String\n", "FIELD_CHANGED_KIND "),
        ("union Content = VideoContent | ", "union Content = ", "TYPE_REMOVED_FROM_UNION "),
        ("    id: ID\n", "    id: ID!\n", "ARG_CHANGED_KIND "),
        ("interface ContentItem implements Node", "interface ContentItem", "IMPLEMENTED_INTERFACE_REMOVED "),
        ('  """For a first degree."""\n  UNDERGRADUATE\n', "", "VALUE_REMOVED_FROM_ENUM "),
    ],
)
def test_a_break_is_found_and_can_be_allowed_by_its_name(old, new, name):
    """Against the schema as it is, changed in one place."""
    assert old in SDL
    found = broken_promises(SDL, SDL.replace(old, new), set())
    assert found
    assert any(one.startswith(name) for one in found), found
    assert broken_promises(SDL, SDL.replace(old, new), set(found)) == []
    assert broken_promises(SDL.replace(old, new), SDL.replace(old, new), set()) == []


def test_an_addition_breaks_nothing():
    more = SDL.replace("type Course implements Node {", "type Course implements Node {\n  x: Int")
    assert more != SDL
    assert broken_promises(SDL, more, set()) == []


def test_every_scalar_of_ours_says_where_it_is_specified():
    ours = {
        type_.name: type_.specified_by_url
        for type_ in build().graphql.type_map.values()
        if isinstance(type_, GraphQLScalarType) and type_.name not in specified_scalar_types
    }
    assert set(ours) >= {"DateTime", "Decimal"}
    assert all(url and url.startswith("https://") for url in ours.values())
    assert SDL.count("@specifiedBy(url: ") == len(ours)
