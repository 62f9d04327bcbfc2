"""The fields of Mutation about who takes part in offerings."""

from datetime import datetime
from typing import Any

import msgspec
import strawberry

from lms_graphql.catalog.loaders import OfferingById
from lms_graphql.catalog.types import CourseOffering, OfferingEnrollmentMode
from lms_graphql.engine.context import Context
from lms_graphql.engine.edges import computed, edge, optional
from lms_graphql.engine.mutations import Payload, changed, mutation, told, user_errors
from lms_graphql.engine.usererrors import UserError, UserErrorCode, UserFailure
from lms_graphql.enrollment import bulk, deciding, enrolling, places, policy
from lms_graphql.enrollment.eligibility import Reason
from lms_graphql.enrollment.loaders import EnrollmentById, WaitlistPositionByEnrollment, waitlist_position
from lms_graphql.enrollment.types import EligibilityReason, Enrollment, EnrollmentStatus

_REASON = "Why, in one line of at most 255 characters; kept with the change, and seen by who sees the enrollment."
_OFFERING = "The global id of the offering."
_ENROLLMENT = "The global id of the enrollment."
_SECTION = "The global id of one of the offering's sections; none where it is left out."


# ---- inputs


@strawberry.input(description="Where the viewer wants to take part.")
class EnrollInput:
    """The input of `enroll`."""

    offering_id: strawberry.ID = strawberry.field(description=_OFFERING)
    section_id: strawberry.ID | None = optional(_SECTION)


@strawberry.input(description="Who is to take part where. Either `userId` or `email` names the person.")
class EnrollUserInput:
    """The input of `enrollUser`."""

    offering_id: strawberry.ID = strawberry.field(description=_OFFERING)
    user_id: strawberry.ID | None = optional("The global id of a person whom the viewer sees.")
    email: str | None = optional("The whole address of an active member, whom the viewer need not see.")
    section_id: strawberry.ID | None = optional(_SECTION)
    reason: str | None = optional(_REASON)
    override_prerequisites: bool | None = optional(
        "Whether to enrol them although what the course asks for is missing; it is told among the warnings then."
    )


@strawberry.input(description="Which enrollment is to be decided on.")
class EnrollmentDecisionInput:
    """The input of mutations that take one step with an enrollment."""

    enrollment_id: strawberry.ID = strawberry.field(description=_ENROLLMENT)
    reason: str | None = optional(_REASON)


@strawberry.input(description="Which section a person is to be in.")
class ChangeSectionInput:
    """The input of `changeSection`."""

    enrollment_id: strawberry.ID = strawberry.field(description=_ENROLLMENT)
    section_id: strawberry.ID | None = optional(_SECTION)


@strawberry.input(description="How many an offering takes.")
class SetOfferingCapacityInput:
    """The input of `setOfferingCapacity`."""

    offering_id: strawberry.ID = strawberry.field(description=_OFFERING)
    capacity: int | None = optional("How many may take part; null: any number. Left out, it stays.")
    waitlist_capacity: int | None = optional("How many may wait; null: any number, 0: none. Left out, it stays.")


@strawberry.input(description="How an offering takes people.")
class SetEnrollmentRulesInput:
    """The input of `setEnrollmentRules`."""

    offering_id: strawberry.ID = strawberry.field(description=_OFFERING)
    enrollment_mode: OfferingEnrollmentMode | None = optional("How people enrol themselves. Left out, it stays.")
    drop_until: datetime | None = optional(
        "Until when people may drop it themselves; null: until it ends. Left out, it stays."
    )


@strawberry.input(one_of=True, description="Somebody who is to be enrolled: exactly one of the two.")
class BulkEnrollUser:
    """A row of `bulkEnroll`."""

    user_id: strawberry.ID | None = optional("The global id of a person whom the viewer sees.")
    email: str | None = optional("The whole address of an active member, whom the viewer need not see.")


@strawberry.input(description="Who is to take part where: many people at once.")
class BulkEnrollInput:
    """The input of `bulkEnroll`."""

    offering_id: strawberry.ID = strawberry.field(description=_OFFERING)
    users: list[BulkEnrollUser] = strawberry.field(description=f"The people, at most {bulk.MOST_ROWS}, in order.")
    dry_run: bool | None = optional("Whether only to tell what would be done.")
    reason: str | None = optional(_REASON)
    override_prerequisites: bool | None = optional("Whether what the course asks for is not asked for.")


# ---- payloads


def _warnings(payload: Payload, _context: Context) -> list[Reason]:
    """From plain values, since the keys of a payload may have been kept as JSON under an Idempotency-Key."""
    return [msgspec.convert(warning, Reason) for warning in payload.keys.get("warnings", ())]


def _position() -> Any:
    return edge(
        WaitlistPositionByEnrollment,
        "The place on the waitlist, from 1; null for who has a seat, waits for approval, or was refused.",
        key=lambda payload, _context: payload.keys.get("enrollment_id"),
        pick=waitlist_position,
    )


@strawberry.type(description="What `enroll` and `enrollUser` give.")
class EnrollPayload:
    """The payload of a mutation that makes an enrollment."""

    enrollment: Enrollment | None = changed(
        EnrollmentById, "enrollment_id", "The enrollment, active, waitlisted or pending; null where it was refused."
    )
    waitlist_position: int | None = _position()
    warnings: list[EligibilityReason] = computed(
        _warnings,
        "What the course recommends that the person does not have, and what was overridden.",
        size=3,
    )
    errors: list[UserError] = user_errors()


@strawberry.type(description="What a decision on an enrollment gives.")
class EnrollmentPayload:
    """The payload of a mutation that changes an enrollment."""

    enrollment: Enrollment | None = changed(
        EnrollmentById, "enrollment_id", "The enrollment as it is now; null where it was refused."
    )
    waitlist_position: int | None = _position()
    errors: list[UserError] = user_errors()


@strawberry.type(description="What `setOfferingCapacity` gives.")
class SetOfferingCapacityPayload:
    """The payload of `setOfferingCapacity`."""

    offering: CourseOffering | None = changed(
        OfferingById, "offering_id", "The offering as it is now; null where it was refused."
    )
    promoted: int | None = told("promoted", "How many got a seat from the waitlist by it; null where it was refused.")
    errors: list[UserError] = user_errors()


@strawberry.type(description="What `setEnrollmentRules` gives.")
class SetEnrollmentRulesPayload:
    """The payload of `setEnrollmentRules`."""

    offering: CourseOffering | None = changed(
        OfferingById, "offering_id", "The offering as it is now; null where it was refused."
    )
    errors: list[UserError] = user_errors()


@strawberry.type(description="What became of one row of `bulkEnroll`.")
class BulkEnrollResult:
    """The source is a result of `bulk.bulk_enroll`."""

    index: int = computed(lambda result, _context: result["index"], "Where the row stands in the input, from 0.")
    status: EnrollmentStatus | None = computed(
        lambda result, _context: result["status"],
        "How the person is enrolled now, or would be: ACTIVE or WAITLISTED; null where it can't be done.",
    )
    enrollment: Enrollment | None = edge(
        EnrollmentById,
        "The enrollment; null where it can't be done, and in a dry run.",
        key=lambda result, _context: result["enrollment_id"],
    )
    error: UserError | None = computed(
        lambda result, _context: _error(result), "Why it can't be done; null where it was done."
    )


def _error(result: Any) -> UserFailure | None:
    error = result["error"]
    if error is None:
        return None
    return UserFailure(UserErrorCode(error["code"]), error["message"], ("input", "users", str(result["index"])))


@strawberry.type(description="What `bulkEnroll` gives.")
class BulkEnrollPayload:
    """The payload of `bulkEnroll`."""

    offering: CourseOffering | None = changed(
        OfferingById, "offering_id", "The offering as it is now; null where all of it was refused."
    )
    results: list[BulkEnrollResult] = computed(
        lambda payload, _context: payload.keys.get("results", []),
        "What became of each row, in order; rows without an error were done. Empty where all of it was refused.",
        size=bulk.MOST_ROWS,
    )
    errors: list[UserError] = user_errors()


# ---- fields


@strawberry.type
class EnrollmentMutation:
    """Joined into Mutation."""

    enroll: EnrollPayload | None = mutation(
        enrolling.enroll,
        EnrollInput,
        "Enrol the viewer in an offering: with a seat, else on the waitlist. Where the offering asks for approval this"
        " is the request: the enrollment is PENDING. Each blocking reason of `eligibility` is an error. Who has dropped"
        " it may come back.",
        may=policy.may_enroll,
    )
    enroll_user: EnrollPayload | None = mutation(
        enrolling.enroll_user,
        EnrollUserInput,
        "Enrol a person, for who runs the offering: whatever its dates and its mode, but within its seats.",
        may=policy.may_manage_enrollments,
    )
    approve_enrollment: EnrollmentPayload | None = mutation(
        deciding.approve_enrollment,
        EnrollmentDecisionInput,
        "Let in who waits for approval, for who runs the offering: with a seat, else onto the waitlist.",
        may=policy.may_manage_enrollments,
    )
    decline_enrollment: EnrollmentPayload | None = mutation(
        deciding.decline_enrollment,
        EnrollmentDecisionInput,
        "Refuse who waits for approval, for who runs the offering: the enrollment is DROPPED.",
        may=policy.may_manage_enrollments,
    )
    drop_enrollment: EnrollmentPayload | None = mutation(
        deciding.drop_enrollment,
        EnrollmentDecisionInput,
        "Leave an offering without a record, or its waitlist, or take a request back: the person, until `dropUntil` of"
        " the offering, or who runs it. The seat goes to who has waited longest.",
        may=policy.may_enroll,
    )
    withdraw_enrollment: EnrollmentPayload | None = mutation(
        deciding.withdraw_enrollment,
        EnrollmentDecisionInput,
        "Leave an offering that has begun, which stays on the record (`withdrawnAt`): the person, or who runs it. The"
        " seat goes to who has waited longest.",
        may=policy.may_enroll,
    )
    complete_enrollment: EnrollmentPayload | None = mutation(
        deciding.complete_enrollment,
        EnrollmentDecisionInput,
        "Say that a person has finished, for who runs the offering; who has passed gets the certificate with it.",
        may=policy.may_manage_enrollments,
    )
    change_section: EnrollmentPayload | None = mutation(
        deciding.change_section,
        ChangeSectionInput,
        "Put a person into another section, or into none, for who runs the offering.",
        may=policy.may_manage_enrollments,
    )
    set_offering_capacity: SetOfferingCapacityPayload | None = mutation(
        places.set_offering_capacity,
        SetOfferingCapacityInput,
        "Set how many may take part, and wait, for who runs the offering. More seats go at once to those who wait;"
        " fewer put nobody out.",
        may=policy.may_manage_enrollments,
    )
    set_enrollment_rules: SetEnrollmentRulesPayload | None = mutation(
        places.set_enrollment_rules,
        SetEnrollmentRulesInput,
        "Set how people enrol themselves, and until when they may drop, for who runs the offering.",
        may=policy.may_manage_enrollments,
    )
    bulk_enroll: BulkEnrollPayload | None = mutation(
        bulk.bulk_enroll,
        BulkEnrollInput,
        "Enrol many people at once, for who runs the offering: in order, with seats, then on the waitlist. Each row is"
        " done or told why not.",
        may=policy.may_manage_enrollments,
        weight=500,
    )
