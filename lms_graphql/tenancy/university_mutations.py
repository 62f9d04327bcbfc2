"""The fields of Mutation about a university itself and its departments."""

import strawberry

from lms_graphql.engine.edges import optional
from lms_graphql.engine.mutations import changed, mutation, told, user_errors
from lms_graphql.engine.usererrors import UserError
from lms_graphql.tenancy import departments, policy, renaming
from lms_graphql.tenancy.loaders import DepartmentById, UniversityById
from lms_graphql.tenancy.types import Department, University

_VERSION = "`version` of the department as it was read; then a change meanwhile is refused."
_DEPARTMENT = "The global id of a department of the request's university."
_NAME = "The name, one line of at most 255 characters"
_CODE = "The code, of at most 64 characters, unique in the university"


@strawberry.input(description="What the university says of itself. A field that is left out stays.")
class UpdateUniversityInput:
    """The input of `updateUniversity`."""

    name: str | None = optional(f"{_NAME}; it can't be cleared.")
    time_zone: str | None = optional("The IANA time zone that its dates are meant in, such as Europe/Vienna.")
    website_url: str | None = optional("The whole address of its web site, of at most 512 characters; null clears it.")
    country_id: strawberry.ID | None = optional("The global id of the country that it is in; it can't be cleared.")
    expected_version: int | None = optional(
        "`version` of the university as it was read; then a change meanwhile is refused."
    )


@strawberry.input(description="A new department.")
class CreateDepartmentInput:
    """The input of `createDepartment`."""

    name: str = strawberry.field(description=f"{_NAME}.")
    code: str = strawberry.field(description=f"{_CODE}.")


@strawberry.input(description="What a department is to be called. A field that is left out stays.")
class UpdateDepartmentInput:
    """The input of `updateDepartment`."""

    department_id: strawberry.ID = strawberry.field(description=_DEPARTMENT)
    name: str | None = optional(f"{_NAME}; it can't be cleared.")
    code: str | None = optional(f"{_CODE}; it can't be cleared.")
    expected_version: int | None = optional(_VERSION)


@strawberry.input(description="The department that is to go.")
class DeleteDepartmentInput:
    """The input of `deleteDepartment`."""

    department_id: strawberry.ID = strawberry.field(description=_DEPARTMENT)
    expected_version: int | None = optional(_VERSION)


@strawberry.type(description="What `updateUniversity` gives.")
class UpdateUniversityPayload:
    """The payload of `updateUniversity`."""

    university: University | None = changed(
        UniversityById, "university_id", "The university as it is now; null where it was refused."
    )
    errors: list[UserError] = user_errors()


@strawberry.type(description="What a change of a department gives.")
class DepartmentPayload:
    """The payload of `createDepartment` and `updateDepartment`."""

    department: Department | None = changed(
        DepartmentById, "department_id", "The department as it is now; null where it was refused."
    )
    errors: list[UserError] = user_errors()


@strawberry.type(description="What `deleteDepartment` gives.")
class DeleteDepartmentPayload:
    """The payload of `deleteDepartment`."""

    deleted_id: strawberry.ID | None = told("deleted_id", "The global id that it had; null where it was refused.")
    errors: list[UserError] = user_errors()


@strawberry.type
class UniversityMutation:
    """A part of TenancyMutation."""

    update_university: UpdateUniversityPayload | None = mutation(
        renaming.update_university,
        UpdateUniversityInput,
        "Change the university of the request, for its administrators. Its short code stays for good.",
        may=policy.may_administer_university,
    )
    create_department: DepartmentPayload | None = mutation(
        departments.create_department,
        CreateDepartmentInput,
        "Add a department, for the university's administrators.",
        may=policy.may_administer_university,
        refusals=departments.TAKEN,
    )
    update_department: DepartmentPayload | None = mutation(
        departments.update_department,
        UpdateDepartmentInput,
        "Change a department, for the university's administrators.",
        may=policy.may_administer_university,
        refusals=departments.TAKEN,
    )
    delete_department: DeleteDepartmentPayload | None = mutation(
        departments.delete_department,
        DeleteDepartmentInput,
        "Remove a department that no course and no role belongs to, for the university's administrators.",
        may=policy.may_administer_university,
        refusals=departments.IN_USE,
    )
