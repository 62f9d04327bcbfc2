"""Packages: every way in that is fine, and every hostile kind refused with one line."""

import contextlib
import gzip
import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lms_graphql.interop.olx import archive as olx_archive
from lms_graphql.interop.olx.archive import ArchiveError, read_archive
from tests.interop.olx_packages import tar_of

COURSE = b"<course/>"
GOOD = [("c/course.xml", COURSE), ("c/html/a.html", b"<p>a</p>"), ("c/static/a.png", b"\x89PNG")]
KEPT = {"course.xml": COURSE, "html/a.html": b"<p>a</p>"}


def refusal(path: Path) -> str:
    with pytest.raises(ArchiveError) as caught:
        read_archive(path)
    message = str(caught.value)
    assert "\n" not in message
    return message


def zip_of(path: Path, members: list[tuple[str | zipfile.ZipInfo, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in members:
            archive.writestr(member, data)
    return path


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def zip_entry(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


@pytest.mark.parametrize("mode", ["w:gz", "w"])
def test_a_tar_gives_its_text_files_relative_to_the_course(tmp_path, mode):
    assert dict(read_archive(tar_of(tmp_path / "c", GOOD, mode))) == KEPT


def test_a_tar_may_name_its_members_from_the_current_folder(tmp_path):
    members = [(special(".", tarfile.DIRTYPE), b""), ("./course.xml", COURSE), ("./html/a.html", b"<p>a</p>")]
    assert dict(read_archive(tar_of(tmp_path / "c.tar.gz", members))) == KEPT


def test_a_zip_gives_the_same(tmp_path):
    assert dict(read_archive(zip_of(tmp_path / "c.zip", [*GOOD]))) == KEPT


def test_a_folder_gives_the_same_and_leaves_git_alone(tmp_path):
    for name, data in [*GOOD, ("c/.git/x.xml", b"no")]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    assert dict(read_archive(tmp_path / "c")) == KEPT
    assert dict(read_archive(tmp_path)) == KEPT


def test_the_mapping_holds_no_other_path(tmp_path):
    archive = read_archive(tar_of(tmp_path / "c", GOOD))
    assert len(archive) == 2
    assert "../c/course.xml" not in archive
    assert "static/a.png" not in archive


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/etc/x.xml", "points outside"),
        ("../x.xml", "points outside"),
        ("c/../../x.xml", "points outside"),
        ("C:/x.xml", "points outside"),
        ("C:x.xml", "points outside"),
        ("c\\x.xml", "backslash"),
    ],
)
def test_names_that_escape_are_refused(tmp_path, name, reason):
    assert reason in refusal(tar_of(tmp_path / "c.tar.gz", [*GOOD, (name, b"x")]))
    assert reason in refusal(zip_of(tmp_path / "c.zip", [*GOOD, (name, b"x")]))


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.CONTTYPE + b""],
)
def test_special_members_of_a_tar_are_refused(tmp_path, kind):
    path = tar_of(tmp_path / "c", [*GOOD, (special("c/x.xml", kind, "course.xml"), b"")])
    if kind == tarfile.CONTTYPE:
        assert dict(read_archive(path)) == KEPT | {"x.xml": b""}  # an old name for a plain file
    else:
        assert "'c/x.xml' is a link or a special file" in refusal(path)


def test_a_sparse_member_is_refused(tmp_path):
    sparse = tarfile.TarInfo("c/x.xml")
    sparse.pax_headers = {"GNU.sparse.size": "1000000000000", "GNU.sparse.map": "0,1", "GNU.sparse.numblocks": "1"}
    sparse.pax_headers |= {"GNU.sparse.major": "0", "GNU.sparse.minor": "1"}
    with tarfile.open(tmp_path / "c", "w", format=tarfile.PAX_FORMAT) as tar:
        sparse.size = 1
        tar.addfile(sparse, io.BytesIO(b"x"))
    assert "special file" in refusal(tmp_path / "c")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_special_members_of_a_zip_are_refused(tmp_path, kind):
    path = zip_of(tmp_path / "c.zip", [*GOOD, (zip_entry("c/x.xml", kind | 0o777), b"course.xml")])
    assert "'c/x.xml' is a link or a special file" in refusal(path)


def test_an_encrypted_zip_is_refused(tmp_path):
    path = zip_of(tmp_path / "c.zip", [*GOOD])
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert "is encrypted" in refusal(path)


def test_a_zip_of_another_compression_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "c.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("course.xml", COURSE)
    assert "compressed in an unusual way" in refusal(tmp_path / "c.zip")


@pytest.mark.filterwarnings("ignore:Duplicate name")  # the warning of the writer, not of the reader under test
@pytest.mark.parametrize("again", ["c/course.xml", "./c/course.xml", "c//course.xml"])
def test_a_member_that_comes_twice_is_refused(tmp_path, again):
    assert "'c/course.xml' comes twice" in refusal(tar_of(tmp_path / "c.tar.gz", [*GOOD, (again, b"x")]))
    assert "'c/course.xml' comes twice" in refusal(zip_of(tmp_path / "c.zip", [*GOOD, (again, b"x")]))


def test_a_link_in_a_folder_is_refused(tmp_path):
    (tmp_path / "secret.xml").write_bytes(b"<secret/>")
    course = tmp_path / "c"
    course.mkdir()
    (course / "course.xml").write_bytes(COURSE)
    (course / "x.xml").symlink_to(tmp_path / "secret.xml")
    assert "'x.xml' is a link or a special file" in refusal(course)
    (course / "x.xml").unlink()
    (course / "static").symlink_to(tmp_path)
    assert "'static' is a link or a special file" in refusal(course)
    (course / "static").unlink()
    os.mkfifo(course / "pipe.xml")
    assert "'pipe.xml' is a link or a special file" in refusal(course)


@pytest.fixture
def small_limits(monkeypatch):
    monkeypatch.setattr(olx_archive, "MAX_FILE_BYTES", 1_000)
    monkeypatch.setattr(olx_archive, "MAX_TOTAL_BYTES", 3_000)
    monkeypatch.setattr(olx_archive, "MAX_MEMBERS", 9)


PACKERS = [lambda folder, members: tar_of(folder / "c.tar.gz", members), lambda f, m: zip_of(f / "c.zip", m)]


@pytest.mark.parametrize("pack", PACKERS)
@pytest.mark.usefixtures("small_limits")
def test_the_limits_hold(tmp_path, pack):
    big, rest = os.urandom(1_000), ("c/course.xml", COURSE)
    assert len(read_archive(pack(tmp_path, [rest, ("c/a.txt", big), ("c/b.txt", big)]))) == 3
    assert "larger than 1,000 bytes" in refusal(pack(tmp_path, [rest, ("c/a.png", big + b"x")]))
    members = [rest, *((f"c/{name}.png", big) for name in "abc")]
    assert "3,000 bytes" in refusal(pack(tmp_path, members))
    assert "more than 9 members" in refusal(pack(tmp_path, [rest, *((f"c/{n}.xml", b"") for n in range(9))]))


@pytest.mark.parametrize("pack", PACKERS)
def test_a_bomb_is_refused_while_it_unpacks(tmp_path, pack):
    zeros = b"\0" * (12 * 1024 * 1024)
    assert "as a bomb would" in refusal(pack(tmp_path, [("c/course.xml", COURSE), ("c/a.png", zeros)]))


def test_a_header_that_claims_a_huge_name_is_refused(tmp_path):
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 2**33
    with gzip.open(tmp_path / "c.tar.gz", "wb") as packed:
        packed.write(header.tobuf(tarfile.GNU_FORMAT))
        for _ in range(12):
            packed.write(b"a" * 1024 * 1024)
    assert "as a bomb would" in refusal(tmp_path / "c.tar.gz")


@pytest.mark.parametrize("data", [b"", b"hello", b"\x1f\x8b rest", b"PK\x03\x04 rest", b"BZh91AY&SY" + b"x" * 600])
def test_what_is_no_archive_is_refused(tmp_path, data):
    (tmp_path / "c.tar.gz").write_bytes(data)
    refusal(tmp_path / "c.tar.gz")


def test_a_package_cut_short_is_refused(tmp_path):
    body = os.urandom(5_000)
    for path in (
        tar_of(tmp_path / "t", [*GOOD, ("c/z.xml", body)]),
        zip_of(tmp_path / "z", [*GOOD, ("c/z.xml", body)]),
    ):
        data = path.read_bytes()
        for end in (len(data) - 1, len(data) // 2, 700):
            path.write_bytes(data[:end])
            refusal(path)
    path = tar_of(tmp_path / "plain", [*GOOD, ("c/z.xml", body)], "w")
    path.write_bytes(path.read_bytes()[: 6 * 512 + 4_000])
    refusal(path)


def test_missing_things_are_named(tmp_path):
    assert "there is no file or folder 'nowhere.tar.gz'" in refusal(tmp_path / "nowhere.tar.gz")
    assert "there is no course.xml" in refusal(tmp_path)
    assert "there is no course.xml" in refusal(tar_of(tmp_path / "c", [("a/b/course.xml", COURSE)]))
    assert "several courses" in refusal(tar_of(tmp_path / "d", [("a/course.xml", COURSE), ("b/course.xml", COURSE)]))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), packer=st.sampled_from(["gz", "plain", "zip"]))
def test_a_damaged_package_is_read_or_refused_never_worse(tmp_path, data, packer):
    path = tmp_path / packer
    if packer == "zip":
        zip_of(path, [*GOOD])
    else:
        tar_of(path, GOOD, "w:gz" if packer == "gz" else "w")
    whole = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(whole)
    with contextlib.suppress(ArchiveError):
        read_archive(path)
