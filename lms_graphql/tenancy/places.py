"""Where and when a university is: time zones, web sites and countries, as inputs give them."""

from functools import cache
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from sqlalchemy import BigInteger, bindparam, select

from lms_graphql.engine.inputs import line
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement
from lms_graphql.tenancy.models import Country

_NO_PLACE = {"Factory", "localtime"}
_LONGEST_URL = 512
_CountryRow = record("Country", tenant=False)
_COUNTRY = Statement(select(Country.id).where(Country.id == bindparam("country_id", type_=BigInteger, required=True)))


@cache
def _zones() -> frozenset[str]:
    """All that this computer knows; to look takes some 10 ms."""
    return frozenset(available_timezones() - _NO_PLACE)


def time_zone(value: str, path: tuple[str, ...]) -> str:
    """The name of a time zone, such as Europe/Vienna; INVALID for what is none."""
    if value not in _zones():
        raise Refused(UserErrorCode.INVALID, "this is no IANA time zone, such as Europe/Vienna or UTC", path)
    return value


def web_site(value: str, path: tuple[str, ...]) -> str:
    """The whole address of a web site; INVALID for what is none."""
    text = line(value, path, most=_LONGEST_URL)
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname or " " in text:
        raise Refused(UserErrorCode.INVALID, "give a whole address, beginning with https:// or http://", path)
    return text


async def require_country(work: Work, text: str, path: tuple[str, ...]) -> int:
    """The number of the country that a global id names; NOT_FOUND if there is none."""
    country_id = number_of(text, "Country", None)
    if country_id is None or await work.one(_COUNTRY, _CountryRow, country_id=country_id) is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such country", path)
    return country_id
