"""The table of the workbench's «Result table» and its CSV, by node alone."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

TABLE = Path(__file__).parents[2] / "lms_graphql" / "server" / "graphiql" / "src" / "table.js"
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed")


def table_of(answer):
    """What the page makes of an answer: `{path, columns, cells, csv}`."""
    script = f"""
        import {{ longestList, toCsv, toTable }} from {json.dumps(TABLE.as_uri())};
        const {{ path, rows }} = longestList({json.dumps(json.dumps(answer))});
        const {{ columns, cells }} = toTable(rows);
        console.log(JSON.stringify({{ path, columns, cells, csv: toCsv(columns, cells) }}));
    """
    done = subprocess.run([NODE, "--input-type=module", "-e", script], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def test_longest_list_is_shown_and_edges_as_their_nodes():
    edges = [
        {"cursor": "a", "node": {"id": 1, "course": {"title": "A"}}},
        {"cursor": "b", "node": {"id": 2, "tags": ["x"]}},
    ]
    table = table_of({"data": {"short": [{"id": 0}], "courses": {"edges": edges}}})
    assert table["path"] == "courses.edges"
    assert table["columns"] == ["cursor", "id", "course.title", "tags"]
    assert table["cells"] == [["a", 1, "A", None], ["b", 2, None, '["x"]']]


def test_csv_is_quoted_and_runs_no_formula():
    rows = [
        {"name": 'He said "a,b"', "note": "=1+1", "score": -2.5},
        {"name": "two\nlines", "note": "@x", "score": None},
    ]
    assert table_of({"data": {"rows": rows}})["csv"] == (
        "\ufeffname,note,score\r\n"
        '"He said ""a,b""",\'=1+1,-2.5\r\n'
        "\"two\nlines\",'@x,\r\n"
    )  # fmt: skip


@pytest.mark.parametrize(
    "answer", [None, {"errors": [{"message": "no"}]}, {"data": {"ids": [1, 2]}}, {"data": {"none": []}}]
)
def test_answer_without_a_list_of_objects_gives_no_rows(answer):
    assert table_of(answer)["cells"] == []
