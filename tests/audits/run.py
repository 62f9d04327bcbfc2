"""Runs the audits of npm's `graphql-http` against a server in production settings, as an anonymous client."""

import subprocess
import sys
from pathlib import Path

from tests.serving import production, serving

FOLDER = Path(__file__).parent


def main() -> int:
    install = ["npm", "ci", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
    subprocess.run(install, cwd=FOLDER, check=True, stdout=subprocess.DEVNULL)
    with serving(**production()) as server:
        return subprocess.run(["node", "audit.js", f"{server.url}/graphql"], cwd=FOLDER, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
