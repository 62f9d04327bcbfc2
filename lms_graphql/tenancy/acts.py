"""What may be done in a university as a whole, as clients ask for it; `policy` says what each act asks for."""

from enum import Enum

import strawberry


@strawberry.enum(description="Something that may be done in a university, wherever in it.")
class UniversityAct(Enum):
    """The labels of policy.UNIVERSITY_ACTS."""

    EXPLORE = strawberry.enum_value("explore", description="Look at the schema and at templates, also in production.")
    SEE_REPORTS = strawberry.enum_value("see_reports", description="See reports on what is in one's reach.")
    VIEW_AS = strawberry.enum_value("view_as", description="See what one of the people in one's reach sees.")
    MANAGE_ASSETS = strawberry.enum_value("manage_assets", description="Add files for courses.")
    ADD_COURSE = strawberry.enum_value(
        "add_course", description="Add a course: in the departments that one administers, or in any."
    )
    MANAGE_TEMPLATES = strawberry.enum_value("manage_templates", description="Add and change module templates.")
    MANAGE_SHARED_POOLS = strawberry.enum_value(
        "manage_shared_pools", description="Add and change question pools that are of no course."
    )
    MANAGE_UNIVERSITY = strawberry.enum_value("manage_university", description="Change what the university is.")
    MANAGE_DEPARTMENTS = strawberry.enum_value("manage_departments", description="Add, change and remove departments.")
    MANAGE_TERMS = strawberry.enum_value("manage_terms", description="Add, change and remove terms.")
    MANAGE_MEMBERS = strawberry.enum_value("manage_members", description="Invite people, change and deactivate them.")
    MANAGE_ROLES = strawberry.enum_value(
        "manage_roles", description="Give and take roles: any, or in the departments that one administers some."
    )
    SEE_AUDIT_LOG = strawberry.enum_value("see_audit_log", description="See who changed what.")
