"""The workbench in a real browser, against a running server.

    LMS_BROWSER_TEST_URL=http://127.0.0.1:8000 pytest tests/browser

Whatever a test does, it fails if the page talked to another origin, logged an error or broke its own policy.
With `LMS_BROWSER_TEST_SCREENSHOT=file.png` the answer of the syllabus example is left there as a picture.
"""

import json
import os
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

sync_api = pytest.importorskip("playwright.sync_api")

SERVER = os.environ.get("LMS_BROWSER_TEST_URL")
CHROMIUM = Path("/usr/bin/chromium")  # Debian's; without it Playwright's own is tried
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Chromium logs what its policy blocks, but a page can be quicker than the log: this listener never misses one.
REPORT_VIOLATIONS = """
    addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
      console.error('CSP', violatedDirective, blockedURI);
    });
"""

pytestmark = pytest.mark.skipif(SERVER is None, reason="LMS_BROWSER_TEST_URL does not name a running server")


@pytest.fixture(scope="module")
def url():
    return SERVER.rstrip("/") + "/"


@pytest.fixture(scope="module")
def config(url):
    """The server's `workbench.json`."""
    return httpx.get(urljoin(url, "workbench.json"), trust_env=False).raise_for_status().json()


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        executable = CHROMIUM if CHROMIUM.exists() else None
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, url):
    """The workbench as a first visitor sees it, watched."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_init_script(REPORT_VIOLATIONS)
    requests, errors = [], []
    context.on("request", lambda request: requests.append(request.url))
    context.on("weberror", lambda error: errors.append(str(error.error)))
    context.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page = context.new_page()
    page.goto(url)
    page.locator(".graphiql-query-editor .view-line").first.wait_for()
    yield page
    context.close()
    assert len(requests) > 1
    assert [asked for asked in requests if not is_local(asked, url)] == []
    assert errors == []


def is_local(asked, url):
    """Whether a request stayed with the server or inside the browser."""
    if asked.startswith(("data:", "blob:")):
        return True
    return urlsplit(asked)[:2] == urlsplit(url)[:2]


def example(config, title):
    return next(tab for tab in config["tabs"] if tab["title"] == title)


def open_tab(page, title):
    tab = page.get_by_role("tab", name=title)
    tab.get_by_role("button", name=title).click()
    return tab


def run(page, config):
    """Runs the open tab and returns the request that went out."""

    def is_run(request):
        # The page asks for the schema by itself, at the same URL.
        return request.url.endswith(config["endpoint"]) and "__schema" not in (request.post_data or "")

    with page.expect_request(is_run) as sent:
        page.locator(".graphiql-execute-button").click()
    return sent.value


def visible_text(page, selector):
    """The lines an editor shows, in reading order and without white space: Monaco wraps where it likes."""
    lines = page.locator(f"{selector} .view-line").evaluate_all(
        "(lines) => lines.map((line) => [line.getBoundingClientRect().top, line.textContent])"
    )
    return without_space("".join(text for _, text in sorted(lines)))


def without_space(text):
    return "".join(text.split())


def first_title(value):
    """The first `title` in an answer, from the outside in: the course's, for a syllabus."""
    level = [value]
    while level:
        objects = [item for item in level if isinstance(item, dict)]
        for item in objects:
            if isinstance(item.get("title"), str):
                return item["title"]
        level = [child for item in objects for child in item.values()] + [
            child for item in level if isinstance(item, list) for child in item
        ]
    raise AssertionError("the answer has no title")


def test_page_has_a_name_and_the_examples_of_the_server(page, config):
    assert page.title() == "LMS GraphQL workbench"
    assert page.get_by_role("tab").count() == len(config["tabs"])
    assert page.get_by_role("tab", name="Syllabus").is_visible()


def test_syllabus_example_shows_the_course(page, config, url):
    tab = example(config, "Syllabus")
    answer = httpx.post(
        urljoin(url, config["endpoint"]),
        json={"query": tab["query"], "variables": json.loads(tab["variables"])},
        headers=config["identities"][0]["headers"],
        trust_env=False,
    ).json()
    title = first_title(answer["data"])

    open_tab(page, "Syllabus")
    run(page, config)
    page.locator(".result-window .view-line", has_text="title").first.wait_for()
    assert without_space(json.dumps(title, ensure_ascii=False)) in visible_text(page, ".result-window")
    if picture := os.environ.get("LMS_BROWSER_TEST_SCREENSHOT"):
        page.screenshot(path=picture)


def test_ctrl_enter_runs_the_query(page, config):
    open_tab(page, "Syllabus")
    page.locator(".graphiql-query-editor .view-line").first.click()
    with page.expect_response(lambda response: "query Syllabus" in (response.request.post_data or "")) as answer:
        page.keyboard.press("Control+Enter")
    assert answer.value.ok


def test_identity_select_changes_the_headers(page, config):
    first, *_, last = config["identities"] * 2  # one identity serves for both ends
    open_tab(page, "Syllabus")
    assert_sent(run(page, config), first["headers"])

    page.get_by_label("Identity").select_option(label=last["label"])
    assert_sent(run(page, config), last["headers"])


def assert_sent(request, headers):
    sent = request.all_headers()
    assert {name: sent.get(name.lower()) for name in headers} == headers


def test_headers_are_there_after_a_reload_but_no_token_is_stored(page, config):
    open_tab(page, "Syllabus")
    run(page, config)
    page.wait_for_timeout(1000)  # GraphiQL writes its storage half a second late
    stored = page.evaluate("JSON.stringify({ ...localStorage })")
    assert "query Syllabus" in stored
    assert [value for value in config["identities"][0]["headers"].values() if value in stored] == []

    page.reload()
    page.locator(".graphiql-query-editor .view-line").first.wait_for()
    request = run(page, config)
    assert_sent(request, config["identities"][0]["headers"])
    tab = example(config, "Syllabus")
    assert json.loads(request.post_data)["variables"] == json.loads(tab["variables"])


def test_explorer_opens_on_the_query(page):
    open_tab(page, "Syllabus")
    page.get_by_role("button", name="Show GraphiQL Explorer").click()
    explorer = page.locator(".graphiql-explorer-root")
    explorer.wait_for()
    assert explorer.get_by_text("query", exact=True).first.is_visible()


def test_result_table_shows_the_answer_and_offers_it_as_csv(page, config):
    open_tab(page, "Syllabus")
    run(page, config)
    page.get_by_role("button", name="Show Result table").click()
    table = page.get_by_role("region", name="Result table")
    table.locator("tbody tr").first.wait_for()
    names = table.locator("th").all_text_contents()
    with page.expect_download() as download:
        table.get_by_role("button", name="Download CSV").click()
    csv = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert download.value.suggested_filename == "result.csv"
    assert csv.splitlines()[0].split(",") == names
