"""A course as the API shows it: every field of everything that is its own, with ids that two universities share."""

from lms_graphql.schema import build
from tests.walking import Walk

SCHEMA = build()
OWN = (
    *("Course", "Module", "VideoContent", "QuizContent", "EngineeringLabContent", "TextContent", "AssignmentContent"),
    *("ResourceContent", "Asset", "QuestionPool", "Question", "GradingPolicy", "GradeCategory", "GradeItem"),
    *("CourseOffering", "OfferingSection"),
)
"""The types of what belongs to a course."""
NOT_ITS_OWN = {
    # of people, and what they did
    *("viewerProgress", "viewerAttempts", "viewerSubmissions", "viewerEnrollment", "viewerWaitlistPosition"),
    *("viewerCan", "eligibility", "enrollments", "grades", "quizAttempts", "submissions", "needsGrading", "reviews"),
    *("reviewSummary", "threads", "reportedPosts", "certificates", "upcoming", "overrides", "gradebook", "instructors"),
    *("seatsTaken", "seatsLeft", "usage", "instances"),
    # of what it is compared to, and where
    *("databaseId", "university", "department", "dependents", "allPrerequisites"),
    # of when it was written, and how often
    *("createdAt", "updatedAt", "version", "revision", "contentVersion", "revisions"),
    # asked for with an offering; the documents of both are compared too
    "setting",
}
"""Fields that two equal courses need not share."""
DRAFT = {"Course.isPublished", "CourseOffering.isOpenForEnrollment"}
"""What a course that came from elsewhere is not before somebody publishes it."""


_LITERALS = {"offering": '"x"', "against": "1", "from": '"2026-01-01T00:00:00Z"', "to": '"2027-01-01T00:00:00Z"'}
_CURSORS = {"cursor", "startCursor", "endCursor"}
_EVERYWHERE = {"Subject", "Domain", "Country"}


async def portrait(campus, course):
    """Everything that is a course's own: the fields of each object, in the order in which they are met."""
    walk = Walk(SCHEMA.graphql, set(SCHEMA.nodes), _LITERALS)
    met, drawn = [("Course", course)], []
    while len(drawn) < len(met):
        typename, id_ = met[len(drawn)]
        fields = walk.fields(SCHEMA.graphql.get_type(typename), page=100)
        wanted = " ".join(selection for name, selection in fields if name not in NOT_ITS_OWN)
        document = f"query ($id: ID!) {{ node(id: $id) {{ __typename ... on {typename} {{ {wanted} }} }} }}"
        found = (await campus.asked(document, {"id": id_}))["node"]
        assert found is not None, (typename, id_)
        drawn.append({**_named(found, met), "id": (typename, len(drawn))})
    return drawn


def _named(value, met):
    """The value without what two courses need not share; things of the course by their places among those met."""
    if isinstance(value, list):
        return [_named(one, met) for one in value]
    if isinstance(value, str):  # some ids stand by themselves, such as those of a path
        return next(((thing[0], place) for place, thing in enumerate(met) if thing[1] == value), value)
    if not isinstance(value, dict):
        return value
    typename = value.get("__typename")
    if value.keys() == {"__typename", "id"} and typename not in _EVERYWHERE:
        thing = (typename, value["id"])
        if typename not in OWN or (typename == "Course" and thing != met[0]):
            return typename
        if thing not in met:
            met.append(thing)
        return typename, met.index(thing)
    left_out = NOT_ITS_OWN | _CURSORS
    return {
        name: _named(one, met)
        for name, one in value.items()
        if name not in left_out and f"{typename}.{name}" not in DRAFT and (name != "id" or typename in _EVERYWHERE)
    }
