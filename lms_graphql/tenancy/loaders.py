"""Universities, departments and people."""

from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Select, Text, any_, cast, func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from typing_extensions import override

from lms_graphql.engine.dataloaders import KEYS, TEXT_KEYS, Loader, Many, One, Page
from lms_graphql.engine.rows import record
from lms_graphql.storage.statements import columns
from lms_graphql.storage.tenancy import UNIVERSITY, USER
from lms_graphql.tenancy import policy
from lms_graphql.tenancy.choices import MEMBER_FILTERS, MEMBER_ORDERS
from lms_graphql.tenancy.models import Country, Department, University, UniversityMember, UserUniversityRole

CountryRow = record("Country", tenant=False)
UniversityRow = record("University", tenant=False)
DepartmentRow = record("Department")
UserRow = record(
    "User", seldom=("email", "student_number", "member_status"), discloses="private_data", discloses_seldom=True
)
MembershipRow = record("Membership", tenant=False)
RoleRow = record("Role", discloses="private_data")


class CountryById(One[int]):
    """A country."""

    row = CountryRow

    @override
    def query(self) -> Select[Any]:
        return select(Country.id, *columns(Country)).where(Country.id == any_(KEYS))


class UniversityById(One[int]):
    """A university."""

    row = UniversityRow

    @override
    def query(self) -> Select[Any]:
        return select(University.id, *columns(University)).where(
            University.id == any_(KEYS), policy.visible_universities(self.viewer)
        )


class UniversityByShortCode(One[str]):
    """A university by the code that stands in URLs."""

    row = UniversityRow

    @override
    def query(self) -> Select[Any]:
        return select(University.short_code, *columns(University)).where(
            University.short_code == any_(TEXT_KEYS), policy.visible_universities(self.viewer)
        )


class Universities(Page[int]):
    """All universities, by id; the key says nothing."""

    row = UniversityRow
    order = (University.id,)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*columns(University)).where(policy.visible_universities(self.viewer))


class DepartmentById(One[int]):
    """A department."""

    row = DepartmentRow

    @override
    def query(self) -> Select[Any]:
        return select(Department.id, *columns(Department)).where(
            Department.id == any_(KEYS), policy.visible_departments(self.viewer)
        )


class DepartmentsByUniversity(Many[int]):
    """The departments of the request's university, by code."""

    row = DepartmentRow

    @override
    def query(self) -> Select[Any]:
        return (
            select(Department.university_id, *columns(Department))
            .where(policy.visible_departments(self.viewer))
            .order_by(Department.code)
        )


class _Users(Loader[Any, Any]):
    """What all loaders of people have in common: private data is fetched when it is selected, where it may be seen."""

    row = UserRow

    def _columns(self) -> list[ColumnElement[Any]]:
        private: ColumnElement[Any] = policy.private_data(self.viewer).label("private_data")
        known = columns(UniversityMember, frozenset(policy.PRIVATE))
        return [UniversityMember.user_id.label("id"), *known, *((private,) if self.wide else ())]


class UserById(_Users, One[int]):
    """A member of the university, as a user."""

    @override
    def query(self) -> Select[Any]:
        return select(UniversityMember.user_id, *self._columns()).where(
            UniversityMember.user_id == any_(KEYS), policy.visible_members(self.viewer)
        )


class MembersByUniversity(_Users, Page[int]):
    """The members of the request's university, by id."""

    order = (UniversityMember.user_id,)
    orders = MEMBER_ORDERS
    filters = MEMBER_FILTERS

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*self._columns()).where(
            UniversityMember.university_id == parent, policy.visible_members_of_list(self.viewer)
        )


class AdministratorsByDepartment(_Users, Many[int]):
    """Who looks after each department, by name."""

    @override
    def query(self) -> Select[Any]:
        return (
            select(UserUniversityRole.department_id, *self._columns())
            .join(
                UniversityMember,
                (UniversityMember.university_id == UNIVERSITY)
                & (UniversityMember.user_id == UserUniversityRole.user_id),
            )
            .where(
                UserUniversityRole.department_id == any_(KEYS),
                cast(UserUniversityRole.role, Text) == "department_admin",
                policy.visible_administrators(self.viewer),
                policy.visible_members(self.viewer),
            )
            .order_by(UniversityMember.display_name, UniversityMember.user_id)
        )


class RolesByUser(Many[int]):
    """The roles of each member in the request's university."""

    row = RoleRow

    @override
    def query(self) -> Select[Any]:
        return (
            select(UserUniversityRole.user_id, *columns(UserUniversityRole))
            .where(UserUniversityRole.user_id == any_(KEYS), policy.visible_roles(self.viewer))
            .order_by(UserUniversityRole.role, UserUniversityRole.department_id)
        )


class MembershipsOfViewer(Many[int]):
    """The viewer's own memberships in every university: a declared fan-out, open to nobody but their person."""

    row = MembershipRow

    @override
    def query(self) -> Select[Any]:
        role = cast(UserUniversityRole.role, Text)
        roles = (
            select(func.array_agg(aggregate_order_by(role, role), type_=ARRAY(Text)))
            .where(
                UserUniversityRole.university_id == UniversityMember.university_id,
                UserUniversityRole.user_id == USER,
            )
            .scalar_subquery()
        )
        return (
            select(
                UniversityMember.user_id,
                *columns(UniversityMember),
                func.coalesce(roles, literal([], ARRAY(Text))).label("roles"),
            )
            .where(UniversityMember.user_id == USER)
            .order_by(UniversityMember.university_id)
        )
