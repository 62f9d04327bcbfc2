"""Hypothesis keeps its cache outside the repository: pytest takes a folder of it in the root for an error."""

import tempfile
from pathlib import Path

from hypothesis.configuration import set_hypothesis_home_dir

set_hypothesis_home_dir(Path(tempfile.gettempdir()) / "lms-graphql-hypothesis")
