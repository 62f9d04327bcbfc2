"""The tenant of a transaction: the settings that row-level security reads, and the parameters that statements bind."""

from sqlalchemy import BigInteger, BindParameter, Boolean, bindparam, literal_column

UNIVERSITY = bindparam("university_id", type_=BigInteger, required=True)
"""The university of the request: every statement compares it with `university_id` of every tenant table it names."""

USER = bindparam("user_id", type_=BigInteger, required=True)
"""The viewer; 0 for nobody, whom no row belongs to."""

ADMINISTERS_PLATFORM: BindParameter[bool] = bindparam("administers_platform", False, Boolean)
"""Whether the viewer looks after the platform: bound, since it has nothing to do with their standing."""

NOBODY = literal_column("false", Boolean)
"""A predicate that no row meets. SQLAlchemy's own false() would swallow the university that stands beside it."""

_LARGEST_ID = 2**63 - 1


def _checked(number: int) -> int:
    """An id that is fit to stand in a statement as text: SET takes no parameters."""
    if type(number) is not int or not 0 < number <= _LARGEST_ID:
        raise ValueError("a tenant setting is not an id")
    return number


def settings(university_id: int | None, user_id: int | None) -> list[str]:
    """The SET LOCAL statements for a transaction that acts for this university and this person, where given."""
    named = (("lms.university_id", university_id), ("lms.user_id", user_id))
    return [f"SET LOCAL {name} = '{_checked(number)}'" for name, number in named if number is not None]


def platform_settings(user_id: int) -> list[str]:
    """As `settings`, for a transaction of an administrator of the platform: it may write what is no university's."""
    return [*settings(None, user_id), "SET LOCAL lms.platform = 'on'"]
