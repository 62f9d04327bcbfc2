"""`lms-graphql documents`: from the manifests of clients to ours, all or nothing; and what a bad manifest does."""

import hashlib
import json

import pytest

from lms_graphql.commands import documents
from lms_graphql.engine import trusted
from lms_graphql.engine.trusted import (
    Manifest,
    ManifestError,
    TrustedDocument,
    read_manifest,
    text_hash,
    write_manifest,
)
from tests.commands import call, refused, run
from tests.test_cli import data, free_port  # noqa: F401 - a fixture among them

WHO = "query Who { viewer { roles } }"
PAGE = "query Page($first: Int = 20) { courses(first: $first) { edges { node { code } } } }"
TWO = "query A { __typename } query B { viewer { roles } }"
APOLLO = {
    "format": "apollo-persisted-query-manifest",
    "version": 1,
    "operations": [{"id": text_hash(WHO), "name": "Who", "type": "query", "body": WHO}],
}
RELAY = {hashlib.md5(PAGE.encode(), usedforsecurity=False).hexdigest(): PAGE}
CODEGEN = {f"sha256:{text_hash(TWO)}": TWO}
TABLE = f"""\
id            operation  cost             validity
{text_hash(TWO)[:12]}  A, B       5                valid
{text_hash(PAGE)[:12]}  Page       21, at most 101  valid
{text_hash(WHO)[:12]}  Who        5                valid
"""


@pytest.fixture
def folder(tmp_path):
    """A manifest of each client's tool."""
    for name, content in {"apollo": APOLLO, "relay": RELAY, "codegen": CODEGEN}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    return tmp_path


def add(folder, *names, by=call):
    files = [str(folder / f"{name}.json") for name in names]
    return by("documents", "add", *files, LMS_DOCUMENTS=str(folder / "trusted.json"))


def test_three_formats_become_one(folder):
    process = add(folder, "apollo", "relay", "codegen", by=run)
    path = folder / "trusted.json"
    assert (process.returncode, process.stdout) == (0, TABLE)
    assert process.stderr == f"3 added; {path} has 3\n"
    assert json.loads(path.read_text()) == {
        "version": 1,
        "documents": {
            text_hash(WHO): {"name": "Who", "text": WHO, "ids": []},
            text_hash(PAGE): {"name": "Page", "text": PAGE, "ids": list(RELAY)},
            text_hash(TWO): {"name": "A, B", "text": TWO, "ids": []},
        },
    }
    listed = run("documents", "list", "--manifest", str(path))
    assert (listed.returncode, listed.stdout, listed.stderr) == (0, TABLE, "")
    assert path.stat().st_mode & 0o777 == (folder / "relay.json").stat().st_mode & 0o777  # readable as any file
    assert sorted(found.name for found in folder.iterdir()) == ["apollo.json", "codegen.json", "relay.json", path.name]


def test_again_and_in_another_order_it_is_the_same_file(folder):
    path = folder / "trusted.json"
    documents.add([folder / f"{name}.json" for name in ("apollo", "relay", "codegen")], manifest=path)
    before, written = path.read_bytes(), path.stat().st_mtime_ns
    again = add(folder, "relay", "apollo")
    assert (again.returncode, again.stderr) == (0, f"0 added; {path} has 3\n")
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (before, written)
    path.unlink()
    for name in ("codegen", "relay", "apollo"):
        documents.add([folder / f"{name}.json"], manifest=path)
    assert path.read_bytes() == before


def test_ids_of_one_text_come_together_and_ours_is_a_format_too(folder):
    (folder / "more.json").write_text(json.dumps({"b": WHO, "a": WHO, text_hash(WHO): WHO}))
    add(folder, "apollo", "more")
    path = folder / "trusted.json"
    assert read_manifest(path).documents == {text_hash(WHO): TrustedDocument(WHO, "Who", ("a", "b"))}
    other = call("documents", "add", str(path), "--manifest", str(folder / "other.json"))
    assert other.returncode == 0
    assert (folder / "other.json").read_bytes() == path.read_bytes()


def test_one_that_is_not_valid_keeps_all_out(folder):
    add(folder, "relay")
    before = (folder / "trusted.json").read_bytes()
    bad = "query Bad {\n  viewer { gone }\n}"
    (folder / "bad.json").write_text(json.dumps({"x": bad, "y": "{" + "a" * 20_000}))
    process = add(folder, "apollo", "bad")
    assert process.returncode == 1
    assert process.stderr == "lms-graphql: 2 of 3 documents are not valid; nothing was written\n"
    lines = process.stdout.splitlines()
    assert (
        f"{text_hash(bad)[:12]}  Bad        -     Cannot query field 'gone' on type 'Viewer'. (line 2, column 12)"
        in lines
    )
    assert any("the document has too many bytes: 20,001, at most 16,384" in line for line in lines)
    assert len(lines) == 4
    assert (folder / "trusted.json").read_bytes() == before


def test_remove(folder):
    add(folder, "apollo", "relay", "codegen")
    path = folder / "trusted.json"
    (md5,) = RELAY
    nothing = call("documents", "remove", md5, "1234567", LMS_DOCUMENTS=str(path))
    refused(nothing, "no document, or more than one, has the id 1234567")
    assert len(read_manifest(path).documents) == 3
    process = run("documents", "remove", md5, f"sha256:{text_hash(WHO)}", text_hash(TWO)[:8], LMS_DOCUMENTS=str(path))
    assert (process.returncode, process.stdout, process.stderr) == (0, "", f"3 removed; {path} has 0\n")
    assert read_manifest(path) == Manifest(1, {})


def failure(capsys, command, *arguments, **options):
    """The one line of a command that fails; in this process, because there are many."""
    with pytest.raises(SystemExit) as failed:
        command(*arguments, **options)
    assert failed.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("lms-graphql: ")
    return line


CLIENTS = {
    "missing": (None, "there is no such file"),
    "empty": ("", "is no manifest of Apollo, Relay, Code Generator or ours"),
    "no JSON": ("query { a }", "is no manifest"),
    "not UTF-8": (b'{"a": "\xff"}', "is no manifest"),
    "deep": ("[" * 100_000, "is no manifest"),
    "list": ("[]", "is no manifest"),
    "no texts": ('{"a": 1}', "is no manifest"),
    "no operations": ('{"format": "apollo-persisted-query-manifest", "version": 1}', "is no manifest"),
    "another version": ('{"format": "apollo-persisted-query-manifest", "version": 2}', "version 2 of Apollo's format"),
    "wrong hash": (json.dumps({"sha256:" + "0" * 64: WHO}), "is not the hash of its text"),
    "wrong id": (json.dumps({"two words": WHO}), "an id is 1 to 256 visible ASCII signs"),
    "no id": (json.dumps({"": WHO}), "an id is 1 to 256 visible ASCII signs"),
    "an id of another": (json.dumps({"taken": PAGE}), "the id taken already stands for another document"),
}


@pytest.mark.parametrize("kind", CLIENTS)
def test_a_bad_manifest_of_a_client_is_one_line(folder, kind, capsys):
    content, words = CLIENTS[kind]
    path = folder / "trusted.json"
    write_manifest(path, Manifest(1, {text_hash(WHO): TrustedDocument(WHO, ids=("taken",))}))
    before = path.read_bytes()
    if content is not None:
        (folder / "bad.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    assert words in failure(capsys, documents.add, [folder / "bad.json"], manifest=path)
    assert path.read_bytes() == before


def test_without_a_manifest_usage_says_which(folder):
    process = call("documents", "add", str(folder / "relay.json"))
    assert process.returncode == 2
    assert "LMS_DOCUMENTS" in process.stderr


OURS = {
    "missing": (None, "there is no such file; make one with: lms-graphql documents add"),
    "a folder": (..., "Is a directory"),
    "no JSON": ("{", "is no manifest of trusted documents"),
    "a client's": (json.dumps(RELAY), "make one with: lms-graphql documents add"),
    "another version": ('{"version": 2, "documents": {}}', "Invalid enum value 2"),
    "another field": ('{"version": 1, "documents": {}, "more": 1}', "unknown field `more`"),
    "a changed text": (
        json.dumps({"version": 1, "documents": {text_hash(WHO): {"text": WHO + " "}}}),
        f"the text of {text_hash(WHO)[:12]} is not the one of its id",
    ),
    "an id twice": (
        json.dumps({
            "version": 1,
            "documents": {text_hash(text): {"text": text, "ids": ["x"]} for text in (WHO, PAGE)},
        }),
        "the id x stands for two documents",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", OURS)
def test_a_bad_manifest_is_one_line(tmp_path, kind, capsys):
    content, words = OURS[kind]
    path = tmp_path / "trusted.json"
    if content is ...:
        path.mkdir()
    elif content is not None:
        path.write_text(content)
    line = failure(capsys, documents.show, manifest=path)
    assert line.startswith(f"lms-graphql: {path}")
    assert words in line


def test_a_bad_manifest_stops_serve_before_anything_is_made(tmp_path, data):  # noqa: F811
    path = tmp_path / "trusted.json"
    process = call("serve", "--port", str(free_port()), LMS_DOCUMENTS=str(path), **data)
    refused(process, f"LMS_DOCUMENTS: {path}: there is no such file; make one with: lms-graphql documents add")
    path.write_text("{}")  # what Relay starts with
    process = call("serve", "--port", str(free_port()), LMS_DOCUMENTS=str(path), **data)
    refused(process, f"LMS_DOCUMENTS: {path} is no manifest of trusted documents", "`version`")
    assert not (tmp_path / "data" / "postgres").exists()


def test_settings(data):  # noqa: F811
    refused(call("serve", LMS_TRUSTED_DOCUMENTS="yes", **data), "LMS_TRUSTED_DOCUMENTS must be off, log or only")
    refused(call("serve", LMS_TRUSTED_DOCUMENTS="only", **data), "LMS_TRUSTED_DOCUMENTS=only needs LMS_DOCUMENTS")


def test_doctor_names_what_is_not_valid(folder, data):  # noqa: F811
    add(folder, "apollo", "relay", "codegen")
    path = folder / "trusted.json"
    nowhere = {"LMS_DATABASE_URL": "postgresql://lms_app@127.0.0.1:1/lms", "LMS_PORT": str(free_port())}
    fine = call("doctor", LMS_DOCUMENTS=str(path), **nowhere, **data)
    assert f"ok    trusted documents: 3 in {path}, all valid; LMS_TRUSTED_DOCUMENTS is off" in fine.stdout
    stale = "query Stale { viewer { gone } }"
    write_manifest(path, Manifest(1, {**read_manifest(path).documents, text_hash(stale): TrustedDocument(stale)}))
    process = call("doctor", LMS_DOCUMENTS=str(path), **nowhere, **data)
    assert (
        "bad   trusted documents: LMS_DOCUMENTS: 1 of 4 are not valid:"
        f" {text_hash(stale)[:12]}: Cannot query field 'gone' on type 'Viewer'. (line 1, column 24)\n"
    ) in process.stdout
    assert process.returncode == 1
    listed = call("documents", "list", "--manifest", str(path))
    assert listed.returncode == 1
    assert "1 of 4 documents are not valid" in listed.stderr


def test_the_manifest_is_bounded(tmp_path, monkeypatch):
    path = tmp_path / "trusted.json"

    def many(number, more=""):
        texts = [f"{{ a{index}: __typename }}{more}" for index in range(number)]
        return Manifest(1, {text_hash(text): TrustedDocument(text) for text in texts})

    write_manifest(path, many(trusted.MOST_DOCUMENTS))
    assert len(read_manifest(path).documents) == 2000
    with pytest.raises(ManifestError, match=r"2,001 documents with .* are too many: at most 2,000 and 2,097,152"):
        write_manifest(path, many(2001))
    with pytest.raises(ManifestError, match=r"100 documents with 2,5.* bytes of text are too many"):
        write_manifest(path, many(100, "#" * 25_000))
    path.write_bytes(b" " * (trusted.MOST_TEXT_BYTES * 8 + 1))
    with pytest.raises(ManifestError, match="more than 16,777,216 bytes"):
        read_manifest(path)


def test_a_failed_write_leaves_the_old_manifest(tmp_path):
    missing = tmp_path / "missing" / "trusted.json"
    with pytest.raises(ManifestError, match="can't be written: No such file or directory"):
        write_manifest(missing, Manifest(1, {}))
    folder = tmp_path / "trusted.json"  # what can't be replaced by a file
    folder.mkdir()
    with pytest.raises(ManifestError, match="can't be written"):
        write_manifest(folder, Manifest(1, {}))
    assert [found.name for found in tmp_path.iterdir()] == ["trusted.json"]
