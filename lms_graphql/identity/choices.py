"""What tokens of services can be for."""

from enum import Enum

import strawberry


@strawberry.enum(description="What a service may do with its token.")
class ServiceScope(Enum):
    """As the database spells them."""

    LAB_GRADE = strawberry.enum_value("lab:grade", description="Take submissions of labs and give their results.")
    IMPORT_COURSE = strawberry.enum_value("import:course", description="Import courses.")
