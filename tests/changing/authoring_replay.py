"""What courses are made of, read from the tables and from the audit log: two ways that must meet.

A state is two dictionaries by id, of modules and of items; places among siblings are lists. The second way knows
nothing of the tables: it begins with a state and does again what each entry says was done, in the order of the entries,
which is that of the acts, since all who change one course take turns.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime

MODULE = (
    "course_id", "parent_module_id", "module_type", "title", "description", "is_published", "archived_at",
    "sequence_index",
)  # fmt: skip
ITEM = (
    "course_id", "module_id", "content_type", "title", "description", "estimated_duration_seconds", "is_active",
    "revision", "sequence_index", "data_json",
)  # fmt: skip
TEXT = {"module_type", "content_type"}


def _columns(names):
    return ", ".join(f"{name}::text" if name in TEXT else name for name in names)


@dataclass
class State:
    modules: dict = field(default_factory=dict)
    items: dict = field(default_factory=dict)


async def stored(driver, courses):
    """The state of some courses, from the tables."""
    found = State()
    for rows, table, names in ((found.modules, "modules", MODULE), (found.items, "content_items", ITEM)):
        query = f"SELECT id, {_columns(names)} FROM {table} WHERE course_id = ANY ($1) ORDER BY sequence_index, id"
        for row in await driver.fetch(query, courses):
            rows[row["id"]] = {name: row[name] for name in names}
    for row in found.items.values():
        row["data_json"] = json.loads(row["data_json"])
    return found


def told(values):
    """What an entry says of a row, with times as the tables have them; None where it says nothing."""
    found = values and json.loads(values)
    if found and found.get("archived_at"):
        found["archived_at"] = datetime.fromisoformat(found["archived_at"])
    return found


class Replay:
    """Does again what the audit log tells."""

    def __init__(self, state):
        self.modules = {key: dict(row) for key, row in state.modules.items()}
        self.items = {key: dict(row) for key, row in state.items.items()}
        self.below = {}
        for key, row in self.modules.items():
            self.below.setdefault((row["course_id"], row["parent_module_id"]), []).append(key)
        self.within = {}
        for key, row in self.items.items():
            self.within.setdefault(row["module_id"], []).append(key)
        self.last = 0

    def state(self):
        """The state, with places among siblings as numbers."""
        for lists, rows in ((self.below, self.modules), (self.within, self.items)):
            for siblings in lists.values():
                for place, key in enumerate(siblings, 1):
                    rows[key]["sequence_index"] = place
        return State(self.modules, self.items)

    def do(self, entry):
        """One entry of the log."""
        noun, verb = entry["act"].split(".")
        before, after = (told(entry[name]) for name in ("old_values", "new_values"))
        rows, names = (self.modules, MODULE) if noun in {"module", "modules"} else (self.items, ITEM)
        key = entry["entity_id"]
        if verb == "create":
            rows[key] = {name: after[name] for name in names}
            self._siblings(rows, rows[key]).insert(after["sequence_index"] - 1, key)
        elif verb == "delete":
            self._siblings(rows, rows[key]).remove(key)
            del rows[key]
        elif verb == "move":
            self._siblings(rows, rows[key]).remove(key)
            rows[key].update(after)
            self._siblings(rows, rows[key]).insert(after["sequence_index"] - 1, key)
        elif verb == "reorder":
            self._reorder(entry["entity"], key, after)
        else:
            assert set(before) == set(after), entry
            rows[key].update({name: value for name, value in after.items() if name in names})

    def _siblings(self, rows, row):
        if rows is self.items:
            return self.within.setdefault(row["module_id"], [])
        return self.below.setdefault((row["course_id"], row["parent_module_id"]), [])

    def _reorder(self, entity, key, after):
        if "content_item_ids" in after:
            lists, place, wanted = self.within, key, after["content_item_ids"]
        elif entity == "Course":
            lists, place, wanted = self.below, (key, None), after["module_ids"]
        else:
            lists, place, wanted = self.below, (self.modules[key]["course_id"], key), after["module_ids"]
        assert sorted(lists[place]) == sorted(wanted)
        lists[place] = list(wanted)


def require_tree(state):
    """That every module hangs in a tree of its course, every item in a module of its course, siblings are 1..n."""
    places = {}
    for key, row in state.modules.items():
        above, way = row, {key}
        while above["parent_module_id"] is not None:
            parent = above["parent_module_id"]
            assert parent not in way, f"a ring through {parent}"
            way.add(parent)
            above = state.modules[parent]
            assert above["course_id"] == row["course_id"]
        places.setdefault((row["course_id"], row["parent_module_id"]), []).append(row["sequence_index"])
    for row in state.items.values():
        assert state.modules[row["module_id"]]["course_id"] == row["course_id"]
        places.setdefault(row["module_id"], []).append(row["sequence_index"])
    for siblings in places.values():
        assert sorted(siblings) == list(range(1, len(siblings) + 1))
