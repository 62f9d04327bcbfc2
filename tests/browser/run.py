"""Runs the browser tests against the real application: `lms-graphql serve` on a new embedded database with the demo."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

START_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(url: str, server: subprocess.Popen) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise SystemExit(f"the server ended with {server.returncode}")
        try:
            urllib.request.urlopen(f"{url}/readyz", timeout=2)
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"the server was not ready within {START_SECONDS} s")


def main() -> int:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "LMS_DATA_DIR": folder, "LMS_PORT": str(port), "LMS_ENV": "development"}
        environment.pop("LMS_DATABASE_URL", None)
        command = [str(Path(sys.executable).with_name("lms-graphql")), "serve"]
        server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        try:
            wait_until_ready(url, server)
            tests = [sys.executable, "-m", "pytest", str(Path(__file__).parent), *sys.argv[1:]]
            return subprocess.run(tests, env={**os.environ, "LMS_BROWSER_TEST_URL": url}, check=False).returncode
        finally:
            server.terminate()
            server.wait(timeout=20)


if __name__ == "__main__":
    sys.exit(main())
