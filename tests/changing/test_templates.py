"""Templates: created, drafted, published, archived, and made into modules of courses."""

import pytest

from tests.changing.templating import (
    ARCHIVE,
    CREATE,
    DRAFT,
    INSTANTIATE,
    PUBLISH,
    RESTORE,
    UPDATE,
    WEEK,
    Templates,
    article,
    item,
    module,
)


@pytest.fixture
def templates(api, world, owner):
    return Templates(api, world, owner)


async def draft(templates, template, user="admin"):
    data = await templates.api.data(DRAFT, {"id": template}, user=templates.world.people[user])
    return data["node"]["draft"]


async def test_a_tree_is_a_draft_until_it_is_published(templates):
    payload = await templates.sent(CREATE, {"module": WEEK}, "admin")
    template = payload["template"]["id"]
    assert payload == {
        "template": {
            "id": template,
            "editVersion": 1,
            "title": "Week",
            "templateType": "UNIT",
            "latestVersion": None,
        },
        "quizzesWithoutPool": [],
        "errors": [],
    }
    nodes = await draft(templates, template)
    keys = [node["key"] for node in nodes]
    assert len(set(keys)) == 7
    assert [(node["title"], keys.index(node["parentKey"]) if node["parentKey"] else None) for node in nodes] == [
        *[("Week", None), ("Read me", 0), ("Monday", 0), ("Forces", 2), ("Notes", 2), ("Tuesday", 0), ("Energy", 5)],
    ]
    assert nodes[0] == {
        **{"key": keys[0], "kind": "MODULE", "parentKey": None, "moduleType": "UNIT", "contentKind": None},
        **{"title": "Week", "description": "A week.", "estimatedDurationSeconds": None, "payload": None},
    }
    assert nodes[3] == {
        **{"key": keys[3], "kind": "ITEM", "parentKey": keys[2], "moduleType": None, "contentKind": "TEXT"},
        **{"title": "Forces", "description": None, "estimatedDurationSeconds": None},
        "payload": {**article("Push.", "Pull."), "schema_version": 1},
    }
    payload = await templates.sent(PUBLISH, {"templateId": template, "notes": " First. "}, "admin")
    assert payload["template"]["latestVersion"] == {"version": 1, "nodeCount": 7}
    assert payload["version"]["notes"] == "First."
    assert [node["key"] for node in payload["version"]["tree"]] == keys
    assert await draft(templates, template) is None
    payload = await templates.sent(PUBLISH, {"templateId": template}, "admin")
    assert [error["code"] for error in payload["errors"]] == ["CLOSED"]
