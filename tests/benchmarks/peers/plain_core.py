"""The product with graphql-core's executor in the place of its own: everything else, loaders included, is the same."""

from typing import Any

from lms_graphql.commands.serve import serve
from lms_graphql.engine.execution import run_by_graphql_core
from lms_graphql.server import http
from lms_graphql.settings import read


async def _run(*given: Any, operations: Any, hide_suggestions: bool, **options: Any) -> Any:
    del operations, hide_suggestions  # where our executor keeps what it prepared; what errors may say
    return await run_by_graphql_core(*given, **options)


if __name__ == "__main__":
    http.run = _run
    serve(read())
