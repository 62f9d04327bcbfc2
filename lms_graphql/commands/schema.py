"""`lms-graphql schema`."""

import sys

from lms_graphql.schema import build


def schema() -> None:
    """Print the schema as SDL."""
    sys.stdout.write(build().sdl)
