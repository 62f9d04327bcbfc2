"""Real clients against the real application. `make client-test` runs it.

Pages and caches: graphql-eslint reads the schema, Relay's compiler and codegen compile documents, and Relay, Apollo
Client and urql page through connections and find things again in their caches (`*.test.js`).
Trusted documents: their own compilers make manifests, `documents add` converts them, and the clients ask by the ids in
them; without a manifest they register hashes by themselves.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.browser.run import free_port, wait_until_ready

HERE = Path(__file__).parent
BUILD = HERE / "build"
TOOLS = HERE / "node_modules" / ".bin"
PROGRAM = str(Path(sys.executable).with_name("lms-graphql"))
MANIFESTS = ("apollo.json", "relay.json", "sha256/persisted-documents.json", "sha1/persisted-documents.json")


def write(name: str, content: object) -> None:
    path = BUILD / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def run(*command: object, **environment: str) -> None:
    given = {**os.environ, **environment}
    subprocess.run([str(part) for part in command], cwd=BUILD, check=True, env=given, timeout=300)


def start_build() -> None:
    """A new folder that has the schema."""
    shutil.rmtree(BUILD, ignore_errors=True)
    write("schema.graphql", (HERE.parent.parent / "schema.graphql").read_text())


def write_modules(folder: str, documents: Iterable[Path]) -> None:
    """The documents as Relay wants them: in modules."""
    for document in documents:
        module = f"import {{ graphql }} from 'relay-runtime';\nexport default graphql`{document.read_text()}`;\n"
        write(f"{folder}/{document.stem}.js", module)


def compile_pages() -> None:
    """What the tests of pages and caches import: Relay's artifacts, possible types, documents with types."""
    preset = {"preset": "client", "documents": "../documents/*.graphql", "config": {"importExtension": ".js"}}
    generates = {"typed/": preset, "possible-types.json": {"plugins": ["fragment-matcher"]}}
    write("pages.codegen.json", {"schema": "schema.graphql", "generates": generates})
    relay = {"src": "pages", "schema": "schema.graphql", "language": "javascript", "eagerEsModules": False}
    write("pages.relay.json", relay)
    write("pages/package.json", {"type": "commonjs"})
    write_modules("pages", [*(HERE / "relay").glob("*.graphql"), HERE / "documents" / "SyllabusQuery.graphql"])
    run(TOOLS / "graphql-codegen", "--config", "pages.codegen.json")
    run(TOOLS / "relay-compiler", "pages.relay.json")
    run(TOOLS / "tsc", "--project", HERE / "typed")


def make_manifests() -> None:
    """What each tool makes of the same operations, and the server's manifest of all."""
    write("apollo.config.json", {"documents": ["../operations/*.graphql"], "output": "apollo.json"})
    preset = {
        name: {"preset": "client", "presetConfig": {"persistedDocuments": {"hashAlgorithm": name.rstrip("/")}}}
        for name in ("sha256/", "sha1/")
    }
    write("codegen.json", {"schema": "schema.graphql", "documents": "../operations/*.graphql", "generates": preset})
    relay = {"src": "relay", "schema": "schema.graphql", "language": "javascript", "eagerEsModules": True}
    write("relay.config.json", {**relay, "persistConfig": {"file": "relay.json"}})
    write("relay.json", {})
    write_modules("relay", (HERE / "operations").glob("*.graphql"))
    run(TOOLS / "generate-persisted-query-manifest", "--config", "apollo.config.json")
    run(TOOLS / "graphql-codegen", "--config", "codegen.json")
    run(TOOLS / "relay-compiler", "relay.config.json")
    run(PROGRAM, "documents", "add", *MANIFESTS, "--manifest", "trusted.json")


@contextlib.contextmanager
def served(folder: str, **settings: str) -> Iterator[str]:
    """The address of a server on the demo university."""
    port = free_port()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("LMS_")}
    environment = {**inherited, "LMS_DATA_DIR": folder, "LMS_PORT": str(port), "LMS_WORKBENCH": "0", **settings}
    server = subprocess.Popen([PROGRAM, "serve"], env=environment, stdout=subprocess.DEVNULL)
    try:
        wait_until_ready(f"http://127.0.0.1:{port}", server)
        yield f"http://127.0.0.1:{port}/u/DEMO/graphql"
    finally:
        server.terminate()
        server.wait(timeout=20)


def main() -> None:
    start_build()
    run(TOOLS / "eslint", "--max-warnings=0", "schema.graphql")
    compile_pages()
    make_manifests()
    with tempfile.TemporaryDirectory() as folder:
        with served(folder) as url:
            # Relay keeps what was shown for five minutes, with timers that would keep the process, too.
            test = ("node", "--test", "--test-force-exit", "--test-timeout=60000", "--test-reporter=spec")
            run(*test, *sorted(HERE.glob("*.test.js")), LMS_CLIENT_TEST_URL=url)
            run("node", HERE / "automatic.js", url)
        manifest = str(BUILD / "trusted.json")
        with served(folder, LMS_DOCUMENTS=manifest, LMS_TRUSTED_DOCUMENTS="only") as url:
            # As deployed: outside of production urql insists on the definitions that a documentId replaces.
            run("node", HERE / "trusted.js", url, NODE_ENV="production")


if __name__ == "__main__":
    main()
