"""The workbench's examples, against the demo, as everybody whom the workbench can be."""

import json

import pytest

from tests.conftest import running_api
from tests.databases import demo_database


@pytest.fixture(scope="module")
async def demo(superuser):
    """The application over the demo, and what its workbench asks for at the start."""
    async with demo_database(superuser) as (database, _), running_api(database.app) as api:
        yield api, (await api.client.get("/workbench.json")).json()


async def test_the_workbench_offers_every_role_and_every_example(demo):
    _, config = demo
    assert config["endpoint"] == "/u/DEMO/graphql"
    assert config["notice"] is None
    roles = [identity["label"].partition(":")[0] for identity in config["identities"]]
    assert roles == ["student", "instructor", "ta", "department_admin", "university_admin", "anonymous"]
    assert [tab["title"] for tab in config["tabs"]] == [
        "Syllabus", "Catalog", "MyLearning", "Gradebook", "Transcripts", "Who"
    ]  # fmt: skip


async def test_every_example_runs_as_everybody(demo):
    api, config = demo
    for identity in config["identities"]:
        for tab in config["tabs"]:
            response = await api.client.post(
                config["endpoint"],
                json={"query": tab["query"], "variables": json.loads(tab["variables"])},
                headers=identity["headers"],
            )
            answer = response.json()
            assert "errors" not in answer, (identity["label"], tab["title"], answer["errors"])
            assert answer["data"], (identity["label"], tab["title"])


async def test_the_syllabus_example_shows_every_kind_of_content(demo):
    api, config = demo
    (tab,) = [tab for tab in config["tabs"] if tab["title"] == "Syllabus"]
    response = await api.client.post(
        config["endpoint"],
        json={"query": tab["query"], "variables": json.loads(tab["variables"])},
        headers=config["identities"][0]["headers"],
    )
    text = response.text
    for kind in ("Video", "Quiz", "EngineeringLab", "Text", "Assignment", "Resource"):
        assert f'"__typename":"{kind}Content"' in text, kind
    assert "UnknownBlock" not in text


async def test_there_are_no_tokens_in_production(superuser, demo):
    api, _ = demo
    async with running_api(api.service.engine.url, environment="production", workbench=True) as production:
        config = (await production.client.get("/workbench.json")).json()
        assert [identity["label"] for identity in config["identities"]] == ["anonymous"]
    async with running_api(api.service.engine.url, environment="production", workbench=False) as production:
        for path in ("/", "/workbench.json"):
            assert (await production.client.get(path)).status_code == 404


async def test_no_tokens_for_a_page_under_another_name(demo):
    api, _ = demo
    config = (await api.client.get("http://attacker.example/workbench.json")).json()
    assert [identity["label"] for identity in config["identities"]] == ["anonymous"]


async def test_without_the_demo_the_workbench_says_so(api):
    config = (await api.client.get("/workbench.json")).json()
    assert config["endpoint"] == "/graphql"
    assert "lms-graphql demo" in config["notice"]
