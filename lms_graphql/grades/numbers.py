"""Numbers of inputs as they are stored: exact, with two places at most."""

from decimal import Decimal

from lms_graphql.engine.usererrors import Refused, UserErrorCode

_HUNDREDTH = Decimal("0.01")


def exact(value: Decimal, path: tuple[str, ...], *, least: Decimal, most: Decimal) -> Decimal:
    """A number from `least` to `most` with two places at most, which are not rounded away; INVALID with the path."""
    if not value.is_finite() or not least <= value <= most:
        raise Refused(UserErrorCode.INVALID, f"this must be a number from {least} to {most}", path)
    if value != value.quantize(_HUNDREDTH):
        raise Refused(UserErrorCode.INVALID, "this has more than two places behind the point", path)
    return value.quantize(_HUNDREDTH)
