"""Every scalar and enum of our schema, given every sort of wrong value: as in graphql-core, and encodable."""

import datetime as dt
import math
from decimal import Decimal

import orjson
import pytest

from tests.engine.foreign import LEAVES, Thing, both, leaf_schema, shapes, values

VALUES = {
    "none": None, "empty": "", "text": "text", "surrogate": "\ud800", "number as text": "12", "bytes": b"bytes",
    "zero": 0, "one": 1, "31 bits": 2**31 - 1, "32 bits": 2**31, "minus 32 bits": -(2**31) - 1, "63 bits": 2**63,
    "64 bits": 2**64 - 1, "65 bits": 2**64, "minus 64 bits": -(2**63) - 1, "huge": 10**5000, "true": True,
    "fraction": 1.5, "whole": 2.0, "infinite": math.inf, "nan": math.nan, "decimal": Decimal("1.50"),
    "decimal nan": Decimal("NaN"), "infinite decimal": Decimal("Infinity"), "date": dt.date(2026, 1, 1),
    "time": dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "list": [1], "mapping": {"a": 1}, "object": Thing(),
    "error": ValueError("an error as a value"), "type": int,
}  # fmt: skip


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("leaf", LEAVES)
async def test_corrupt_values(leaf, value, caplog):
    caplog.set_level("CRITICAL")
    schema = leaf_schema(LEAVES[leaf])
    sources = {f"{kind}_{name}": held for kind in ("read", "call") for name, held in values(VALUES[value]).items()}
    thing = Thing(**sources)
    root = Thing(thing=thing, things=[thing, None, thing])
    for shape in shapes(None):
        for kind in ("read", "call"):
            below = f"... on Named {{ __typename x: {kind}_{shape} }}"
            if kind == "read" and value == "error":
                continue  # a call may give an exception as its value; what a source holds is data
            text = f"""{{ a: root {{ thing {{ {below} }} }} b: root {{ things {{ {below} }} }}
                c: root {{ named {{ {below} }} }} d: root {{ either {{ {below} }} }}
                e: root {{ called {{ {below} }} }} }}"""
            ours, theirs = await both(schema, text, root)
            assert repr(ours) == repr(theirs), text
            if value != "surrogate":  # that is an error of the whole answer, see test_encoding
                orjson.dumps(ours[0])


@pytest.mark.parametrize("typename", [None, 3, "", "NoSuchType", "Query", "Int", "Named", ["Thing"]])
async def test_corrupt_typenames(typename, caplog):
    caplog.set_level("CRITICAL")
    schema = leaf_schema(LEAVES["String"])
    thing = Thing(typename, read_nullable="a")
    root = Thing(thing=thing, things=[thing])
    text = """{ a: root { named { __typename } } b: root { named { x: read_nullable } }
      c: root { either { __typename } } d: root { either { ... on Thing { x: read_nullable } } } }"""
    ours, theirs = await both(schema, text, root)
    assert ours == theirs
    assert len(ours[1]) == 4
    assert {error[3]["extensions"]["code"] for error in ours[1]} == {"INTERNAL_ERROR"}
