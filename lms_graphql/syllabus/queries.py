"""The fields of Query about modules and templates."""

import strawberry

from lms_graphql.engine.edges import page
from lms_graphql.engine.nodes import by_id
from lms_graphql.engine.relay import Connection
from lms_graphql.syllabus.loaders import Templates
from lms_graphql.syllabus.types import Module, ModuleTemplate


@strawberry.type
class SyllabusQuery:
    """Joined into Query."""

    module: Module | None = by_id("Module", "A module.")
    module_templates: Connection[ModuleTemplate] = page(
        Templates,
        "The templates of the request's university and what the platform's library has published, by id, for staff;"
        " all of the library, in any university and in none, for administrators of the platform. Empty for others.",
        key=lambda _root, _context: 0,
    )
