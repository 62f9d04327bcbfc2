"""Real clients against the real application: their own compilers make manifests, `documents add` converts them, and
the clients ask by the ids in them; without a manifest they register hashes by themselves. `make client-test` runs it.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
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


def make_manifests() -> None:
    """What each tool makes of the same operations, and the server's manifest of all."""
    shutil.rmtree(BUILD, ignore_errors=True)
    write("schema.graphql", (HERE.parent.parent / "schema.graphql").read_text())
    write("apollo.config.json", {"documents": ["../operations/*.graphql"], "output": "apollo.json"})
    preset = {
        name: {"preset": "client", "presetConfig": {"persistedDocuments": {"hashAlgorithm": name.rstrip("/")}}}
        for name in ("sha256/", "sha1/")
    }
    write("codegen.json", {"schema": "schema.graphql", "documents": "../operations/*.graphql", "generates": preset})
    relay = {"src": "relay", "schema": "schema.graphql", "language": "javascript", "eagerEsModules": True}
    write("relay.config.json", {**relay, "persistConfig": {"file": "relay.json"}})
    write("relay.json", {})
    for operation in (HERE / "operations").glob("*.graphql"):  # Relay finds operations in modules only
        module = f"import {{ graphql }} from 'relay-runtime';\nexport default graphql`{operation.read_text()}`;\n"
        write(f"relay/{operation.stem}.js", module)
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
    make_manifests()
    with tempfile.TemporaryDirectory() as folder:
        with served(folder) as url:
            run("node", HERE / "automatic.js", url)
        manifest = str(BUILD / "trusted.json")
        with served(folder, LMS_DOCUMENTS=manifest, LMS_TRUSTED_DOCUMENTS="only") as url:
            # As deployed: outside of production urql insists on the definitions that a documentId replaces.
            run("node", HERE / "trusted.js", url, NODE_ENV="production")


if __name__ == "__main__":
    main()
