"""What the payload of an engineering lab may hold: see `kinds`."""

import re
from collections.abc import Mapping
from typing import Any

from lms_graphql.content.values import (
    MOST_POINTS,
    Each,
    Object,
    Place,
    Problems,
    line,
    number,
    one_of,
    reference,
    required,
    shown,
    whole,
    written,
)

MOST_FILES = 200
ROLES = ("student_visible", "hidden_test")
_DAY_SECONDS = 86_400
_MOST_CPUS = 64
_MOST_MEBIBYTES = 256 * 1024
_MEBIBYTES = {"Mi": 1.0, "Gi": 1024.0, "M": 1e6 / 2**20, "G": 1e9 / 2**20}


def _cpus(problems: Problems, place: Place, value: Any) -> Any:
    kept = _cpu_text(problems, place, value)
    if isinstance(kept, str) and _CPU.fullmatch(kept):
        count = float(kept.removesuffix("m")) / (1000 if kept.endswith("m") else 1)
        if not 0 < count <= _MOST_CPUS:
            problems.tell(place, f"this must be more than 0 and at most {_MOST_CPUS} processors")
    return kept


def _memory(problems: Problems, place: Place, value: Any) -> Any:
    kept = _memory_text(problems, place, value)
    match = _MEMORY.fullmatch(kept) if isinstance(kept, str) else None
    if match is not None and not 1 <= float(match[1]) * _MEBIBYTES[match[2]] <= _MOST_MEBIBYTES:
        problems.tell(place, "this must be from 1Mi to 256Gi")
    return kept


_CPU = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,3})?|[0-9]{1,5}m")
_MEMORY = re.compile(r"([0-9]{1,7}(?:\.[0-9]{1,3})?)(Mi|Gi|M|G)")
_cpu_text = written(_CPU.pattern, "this is no number of processors, such as 1, 0.5 or 500m", most=16)
_memory_text = written(_MEMORY.pattern, "this is no size of memory, such as 512Mi or 2Gi", most=16)


def _lab_path(problems: Problems, place: Place, value: Any) -> Any:
    """A path below the lab's folder, with slashes."""
    kept = _path_text(problems, place, value)
    if isinstance(kept, str) and any(part in ("", ".", "..") for part in kept.split("/")):
        problems.tell(place, "this must lead to a file below the lab's folder: no /, . or .. at its ends or doubled")
    return kept


_path_text = written(r"[^\\:*?\"<>|]+", 'this must be a path with slashes, without any of \\ : * ? " < > |', most=255)


def _one_file_each(problems: Problems, place: Place, files: list[Any]) -> None:
    taken = {file["path"] for file in files}
    seen: set[str] = set()
    for index, file in enumerate(files):
        path = file["path"]
        above = {path[:at] for at, sign in enumerate(path) if sign == "/"}
        if path in seen:
            problems.tell((*place, str(index), "path"), "another file has this path")
        elif above & taken:
            problems.tell((*place, str(index), "path"), "another file has the path of its folder")
        seen.add(path)


def _environment(problems: Problems, place: Place, value: Any) -> Any:
    if not isinstance(value, Mapping):
        return problems.tell(place, "an object is wanted here")
    if len(value) > _MOST_VARIABLES:
        return problems.tell(place, f"this has {len(value)} entries, 0 to {_MOST_VARIABLES} can be taken")
    kept = {}
    for name, text in value.items():
        where = (*place, shown(name))
        if VARIABLE.fullmatch(str(name)) is None:
            problems.tell(where, "a variable's name has letters, digits and _, begins with no digit, 128 at most")
        elif not isinstance(text, str) or len(text) > _LONGEST_VALUE or "\0" in text:
            problems.tell(where, f"a text of at most {_LONGEST_VALUE} characters is wanted here, without the sign 0")
        else:
            kept[name] = text
    return kept


_MOST_VARIABLES = 100
_LONGEST_VALUE = 4096
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_FILE = Object({"path": required(_lab_path), "role": required(one_of(*ROLES)), "asset_id": reference("asset")})
_GRADING = Object({"type": line(64), "max_points": number(0, MOST_POINTS)})
LAB = Object(
    {
        "lab_type": line(64),
        "runtime": line(64),
        "container_image": written(
            r"[A-Za-z0-9][A-Za-z0-9._:/@-]*", "this is no name of an image, such as registry/image:tag", most=255
        ),
        "cpu_limit": _cpus,
        "memory_limit": _memory,
        "timeout_seconds": whole(1, _DAY_SECONDS),
        "entrypoint": line(1024),
        "env": _environment,
        "files": Each(_FILE, most=MOST_FILES, rule=_one_file_each),
        "grading": _GRADING,
    }
)
