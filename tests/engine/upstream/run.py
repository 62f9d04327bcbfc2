"""Run graphql-core's own tests of execution against our executor: `make upstream-test`.

They are not ours to copy: they come from the source distribution of the very version that is installed, whose digest is
pinned here, and are unpacked to a folder that is removed afterwards.
"""

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
PINNED = {
    ("graphql-core", "3.3.2", "sdist"): "15d6eee7d4364fbc202833bc6bd0d504004d8ae7c0aaf620fa884d8e437622f2",
    ("pytest-describe", "3.2.0", "wheel"): "ea4ef9968145d017847b0e705d058b1ea35ea35c59b5adf4a34378c418ac455a",
}
SETTINGS = """[pytest]
python_classes = PyTest*
addopts = -q -p upstream.adapter
filterwarnings = ignore::pytest.PytestUnknownMarkWarning
"""


def download(folder: Path, name: str, number: str, kind: str) -> Path:
    """One file of a package; ends the run when it is not the one that is pinned."""
    target = folder / name
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    options = ["--no-binary" if kind == "sdist" else "--only-binary", name]
    subprocess.run([*command, *options, "--dest", str(target), f"{name}=={number}"], check=True)
    (file,) = target.iterdir()
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    if digest != PINNED[name, number, kind]:
        sys.exit(f"{file.name} is not what was pinned: {digest}")
    return file


def main() -> int:
    """The exit code of pytest."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        source = download(folder, "graphql-core", version("graphql-core"), "sdist")
        with tarfile.open(source) as archive:
            archive.extractall(folder, filter="data")
        tests = folder / source.name.removesuffix(".tar.gz") / "tests"
        describe = download(folder, "pytest-describe", "3.2.0", "wheel")
        (folder / "pytest.ini").write_text(SETTINGS)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parent), str(describe)])}
        command = [sys.executable, "-m", "pytest", "-c", str(folder / "pytest.ini"), "--rootdir", str(tests)]
        return subprocess.run(
            [*command, str(tests / "execution"), *sys.argv[1:]],
            cwd=tests.parent, env=environment, check=False,
        ).returncode  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
