"""What an import does, counted by kind of row, and what it could not take."""

from collections.abc import Mapping
from typing import Any

import msgspec

from lms_graphql.interop.oneroster.records import RowError

ENTITIES = ("department", "term", "course", "offering", "section", "member", "role", "instructor", "enrollment")
"""The kinds, as `external_keys.entity` says them; in the order in which they are stored."""


class Counts(msgspec.Struct):
    """How many rows of a kind were created, updated, unchanged, deactivated (or dropped), and refused."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    deactivated: int = 0
    refused: int = 0


class Tally(msgspec.Struct, frozen=True):
    """The counts of one kind, for who reads them."""

    entity: str
    created: int
    updated: int
    unchanged: int
    deactivated: int
    refused: int


class Outcome(msgspec.Struct):
    """The counts by kind, and the errors that came up when rows were stored."""

    counts: dict[str, Counts] = {}
    errors: list[RowError] = []

    def of(self, entity: str) -> Counts:
        """The counts of a kind."""
        return self.counts.setdefault(entity, Counts())

    def refuse(self, entity: str, error: RowError) -> None:
        """A row more that could not be taken."""
        self.of(entity).refused += 1
        self.errors.append(error)

    def stored(self) -> dict[str, Any]:
        """The counts as JSON."""
        return {entity: msgspec.structs.asdict(self.counts[entity]) for entity in ENTITIES if entity in self.counts}


def outcome_of(stored: Mapping[str, Any]) -> Outcome:
    """The counts as they were stored, and no errors."""
    return Outcome(msgspec.convert(stored, dict[str, Counts]))
