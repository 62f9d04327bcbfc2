"""The fields of Mutation about the platform: universities, countries, domains and subjects."""

import strawberry

from lms_graphql.catalog.loaders import DomainById, SubjectById
from lms_graphql.catalog.types import Domain, Subject
from lms_graphql.engine.edges import optional
from lms_graphql.engine.mutations import changed, told, user_errors
from lms_graphql.engine.usererrors import UserError
from lms_graphql.platform import countries, domains, subjects, universities
from lms_graphql.platform.working import platform_mutation
from lms_graphql.tenancy.inviting import MOST_DAYS
from lms_graphql.tenancy.loaders import CountryById, UniversityById
from lms_graphql.tenancy.types import Country, University

_FOR_WHOM = "for administrators of the platform"
_DAYS = f"For how many days the invitation is good, 1 to {MOST_DAYS}; 14 if it is not given."
_TOLD_ONCE = "For `acceptInvitation`, by whom you hand it on to. It is told this once; null where it was refused."
_UNIVERSITY = "The global id of a university."
_VERSION = "`version` as it was read; then a change meanwhile is refused."
_NAME = "The name, one line of at most 255 characters"
_DESCRIPTION = f"What it covers, in at most {domains.LONGEST_DESCRIPTION} characters"
_DOMAIN_CODE = "The code, of at most 64 characters, unique on the platform"
_SUBJECT_CODE = "The code, of at most 128 characters, unique on the platform"
_GONE = "The global id that it had; null where it was refused."


@strawberry.input(description="Who is to administer a university.")
class AdministratorInput:
    """A part of the input of `createUniversity` and `inviteAdministrator`."""

    email: str = strawberry.field(description="The address that the university will know the person by.")
    display_name: str = strawberry.field(description="The person's name, one line of at most 255 characters.")


@strawberry.input(description="A new university.")
class CreateUniversityInput:
    """The input of `createUniversity`."""

    short_code: str = strawberry.field(description="2 to 24 capital letters and digits, for URLs; it stays for good.")
    name: str = strawberry.field(description=f"{_NAME}.")
    country_id: strawberry.ID = strawberry.field(description="The global id of the country that it is in.")
    time_zone: str = strawberry.field(description="The IANA time zone that its dates are meant in.")
    website_url: str | None = optional("The whole address of its web site, of at most 512 characters.")
    administrator: AdministratorInput = strawberry.field(description="Who is to administer it, and is invited to.")
    days: int | None = optional(_DAYS)


@strawberry.input(description="Who is to administer a university that nobody administers.")
class InviteAdministratorInput:
    """The input of `inviteAdministrator`."""

    university_id: strawberry.ID = strawberry.field(description=_UNIVERSITY)
    administrator: AdministratorInput = strawberry.field(description="Who is invited to administer it.")
    days: int | None = optional(_DAYS)


@strawberry.input(description="Whether a university is open.")
class SetUniversityActiveInput:
    """The input of `setUniversityActive`."""

    university_id: strawberry.ID = strawberry.field(description=_UNIVERSITY)
    is_active: bool = strawberry.field(description="Whether it is open; a closed one is seen by its staff only.")
    expected_version: int | None = optional(_VERSION)


@strawberry.input(description="A new country.")
class CreateCountryInput:
    """The input of `createCountry`."""

    iso_code: str = strawberry.field(description="ISO 3166-1 alpha-2 code, two capital letters.")
    name: str = strawberry.field(description="The name in English, of at most 255 characters.")
    region_name: str | None = optional("The part of the world it lies in, of at most 255 characters.")


@strawberry.input(description="A new domain.")
class CreateDomainInput:
    """The input of `createDomain`."""

    code: str = strawberry.field(description=f"{_DOMAIN_CODE}.")
    name: str = strawberry.field(description=f"{_NAME}.")
    description: str | None = optional(f"{_DESCRIPTION}.")


@strawberry.input(description="What a domain is to be. A field that is left out stays.")
class UpdateDomainInput:
    """The input of `updateDomain`."""

    domain_id: strawberry.ID = strawberry.field(description="The global id of a domain.")
    code: str | None = optional(f"{_DOMAIN_CODE}; it can't be cleared.")
    name: str | None = optional(f"{_NAME}; it can't be cleared.")
    description: str | None = optional(f"{_DESCRIPTION}; null clears it.")
    expected_version: int | None = optional(_VERSION)


@strawberry.input(description="The domain that is to go.")
class DeleteDomainInput:
    """The input of `deleteDomain`."""

    domain_id: strawberry.ID = strawberry.field(description="The global id of a domain.")
    expected_version: int | None = optional(_VERSION)


@strawberry.input(description="A new subject.")
class CreateSubjectInput:
    """The input of `createSubject`."""

    code: str = strawberry.field(description=f"{_SUBJECT_CODE}.")
    name: str = strawberry.field(description=f"{_NAME}.")
    description: str | None = optional(f"{_DESCRIPTION}.")
    parent_id: strawberry.ID | None = optional("The global id of the subject above it; left out or null: none.")
    domain_id: strawberry.ID | None = optional("The global id of its domain; left out or null: none.")


@strawberry.input(description="What a subject is to be. A field that is left out stays.")
class UpdateSubjectInput:
    """The input of `updateSubject`."""

    subject_id: strawberry.ID = strawberry.field(description="The global id of a subject.")
    code: str | None = optional(f"{_SUBJECT_CODE}; it can't be cleared.")
    name: str | None = optional(f"{_NAME}; it can't be cleared.")
    description: str | None = optional(f"{_DESCRIPTION}; null clears it.")
    domain_id: strawberry.ID | None = optional("The global id of its domain; null: none.")
    expected_version: int | None = optional(_VERSION)


@strawberry.input(description="Where a subject is to hang.")
class MoveSubjectInput:
    """The input of `moveSubject`."""

    subject_id: strawberry.ID = strawberry.field(description="The global id of a subject.")
    parent_id: strawberry.ID | None = optional(
        "The global id of the subject that it is to hang below; left out or null: at the top."
    )
    expected_version: int | None = optional(_VERSION)


@strawberry.input(description="The subject that is to go.")
class DeleteSubjectInput:
    """The input of `deleteSubject`."""

    subject_id: strawberry.ID = strawberry.field(description="The global id of a subject.")
    expected_version: int | None = optional(_VERSION)


@strawberry.type(description="What `createUniversity` and `inviteAdministrator` give.")
class UniversityInvitationPayload:
    """The payload of a mutation that invites an administrator."""

    university: University | None = changed(
        UniversityById, "university_id", "The university; null where it was refused, or is closed."
    )
    token: str | None = told("token", _TOLD_ONCE)
    errors: list[UserError] = user_errors()


@strawberry.type(description="What `setUniversityActive` gives.")
class SetUniversityActivePayload:
    """The payload of `setUniversityActive`."""

    university: University | None = changed(
        UniversityById, "university_id", "The university as it is now; null where it was refused, or is closed."
    )
    is_active: bool | None = told("is_active", "Whether it is open now; null where it was refused.")
    errors: list[UserError] = user_errors()


@strawberry.type(description="What `createCountry` gives.")
class CountryPayload:
    """The payload of `createCountry`."""

    country: Country | None = changed(CountryById, "country_id", "The country; null where it was refused.")
    errors: list[UserError] = user_errors()


@strawberry.type(description="What a change of a domain gives.")
class DomainPayload:
    """The payload of `createDomain` and `updateDomain`."""

    domain: Domain | None = changed(DomainById, "domain_id", "The domain as it is now; null where it was refused.")
    errors: list[UserError] = user_errors()


@strawberry.type(description="What `deleteDomain` gives.")
class DeleteDomainPayload:
    """The payload of `deleteDomain`."""

    deleted_id: strawberry.ID | None = told("deleted_id", _GONE)
    errors: list[UserError] = user_errors()


@strawberry.type(description="What a change of a subject gives.")
class SubjectPayload:
    """The payload of `createSubject`, `updateSubject` and `moveSubject`."""

    subject: Subject | None = changed(SubjectById, "subject_id", "The subject as it is now; null where it was refused.")
    errors: list[UserError] = user_errors()


@strawberry.type(description="What `deleteSubject` gives.")
class DeleteSubjectPayload:
    """The payload of `deleteSubject`."""

    deleted_id: strawberry.ID | None = told("deleted_id", _GONE)
    errors: list[UserError] = user_errors()


@strawberry.type
class PlatformMutation:
    """Joined into Mutation. An Idempotency-Key says nothing to these: what must not be twice is kept so by its code."""

    create_university: UniversityInvitationPayload | None = platform_mutation(
        universities.create_university,
        CreateUniversityInput,
        f"Add a university and invite who is to administer it, {_FOR_WHOM}. Sent again, its short code is TAKEN.",
        refusals=universities.TAKEN,
    )
    invite_administrator: UniversityInvitationPayload | None = platform_mutation(
        universities.invite_administrator,
        InviteAdministratorInput,
        f"Invite an administrator to a university that has no active one, {_FOR_WHOM}; who waits for that already gets"
        " another token, and the one before is good no longer.",
    )
    set_university_active: SetUniversityActivePayload | None = platform_mutation(
        universities.set_university_active,
        SetUniversityActiveInput,
        f"Open or close a university, {_FOR_WHOM}. A closed one is there for its staff only.",
    )
    create_country: CountryPayload | None = platform_mutation(
        countries.create_country,
        CreateCountryInput,
        f"Add a country that universities may be in, {_FOR_WHOM}.",
        refusals=countries.TAKEN,
    )
    create_domain: DomainPayload | None = platform_mutation(
        domains.create_domain, CreateDomainInput, f"Add a domain, {_FOR_WHOM}.", refusals=domains.TAKEN
    )
    update_domain: DomainPayload | None = platform_mutation(
        domains.update_domain, UpdateDomainInput, f"Change a domain, {_FOR_WHOM}.", refusals=domains.TAKEN
    )
    delete_domain: DeleteDomainPayload | None = platform_mutation(
        domains.delete_domain,
        DeleteDomainInput,
        f"Remove a domain that no subject belongs to, {_FOR_WHOM}.",
        refusals=domains.IN_USE,
    )
    create_subject: SubjectPayload | None = platform_mutation(
        subjects.create_subject, CreateSubjectInput, f"Add a subject, {_FOR_WHOM}.", refusals=subjects.REFUSALS
    )
    update_subject: SubjectPayload | None = platform_mutation(
        subjects.update_subject, UpdateSubjectInput, f"Change a subject, {_FOR_WHOM}.", refusals=subjects.REFUSALS
    )
    move_subject: SubjectPayload | None = platform_mutation(
        subjects.move_subject,
        MoveSubjectInput,
        f"Hang a subject, with all below it, below another or at the top, {_FOR_WHOM}.",
    )
    delete_subject: DeleteSubjectPayload | None = platform_mutation(
        subjects.delete_subject,
        DeleteSubjectInput,
        f"Remove a subject that no course and no subject belongs to, in any university, {_FOR_WHOM}.",
        refusals=subjects.IN_USE,
    )
