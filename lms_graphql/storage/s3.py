"""Files in a bucket of a store that speaks S3: `pip install lms_graphql[s3]`.

Clients send a file to a name where it arrives, and it is a file of ours only once it was looked at and put, byte for
byte as it was looked at, under a name that is made of its digest: whatever is sent to the first address later, while
that is still good, changes nothing that was looked at.
"""

import asyncio
import base64
import hashlib
import io
import logging
import re
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import IO, Any
from urllib.parse import quote

from lms_graphql.storage import files
from lms_graphql.storage.bucket import Bucket
from lms_graphql.storage.files import (
    DOWNLOAD_SECONDS,
    STRAY_SECONDS,
    UPLOAD_SECONDS,
    FileStore,
    LocalFiles,
    NotAsPromisedError,
    StoredFile,
    StoreUnreachableError,
    Stray,
    Target,
)
from lms_graphql.storage.media import BEGINNINGS, Judge

with suppress(ImportError):  # the settings have said so where there is a bucket
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.session import Session

logger = logging.getLogger(__name__)

_AT_ONCE = 4
"""How many files each process looks at at once; others wait for their turn."""
_CONNECT_SECONDS, _READ_SECONDS, _LOOK_SECONDS = 2, 5, 30.0
_PART_BYTES = 2**20
_ARRIVED, _KEPT = re.compile(r"incoming/\d+/\d+"), re.compile(r"files/(\d+)/(\d+)/([0-9a-f]{64})")


class S3Files:
    """Files in a bucket, sent to and fetched from its store at presigned addresses."""

    def __init__(self, bucket: Bucket, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._bucket = bucket
        self._client: Any = Session().create_client(
            "s3",
            region_name=bucket.region,
            endpoint_url=bucket.endpoint,
            aws_access_key_id=bucket.access_key,
            aws_secret_access_key=bucket.secret_key,
            aws_session_token=bucket.session_token,
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path" if bucket.endpoint or "." in bucket.name else "virtual"},
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
                retries={"total_max_attempts": 2},
                max_pool_connections=_AT_ONCE,
                request_checksum_calculation="when_required",  # others than AWS do not know all of them
                response_checksum_validation="when_required",
            ),
        )
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="s3")

    def target(self, file: StoredFile) -> Target:
        """An address of the store, signed for the file's media type and exact size."""
        given = {"ContentType": file.media_type, "ContentLength": file.size_bytes}
        url = self._address("put_object", self._arriving(file), UPLOAD_SECONDS, given)
        expires = datetime.fromtimestamp(int(files.clock()) + UPLOAD_SECONDS, UTC)
        return Target(url, "PUT", {"Content-Type": file.media_type}, expires)

    def url(self, file: StoredFile, sha256: bytes, /) -> str:
        """An address of the store, signed for being saved under the file's name."""
        given = {"ResponseContentType": file.media_type, "ResponseContentDisposition": _saved_as(file.file_name)}
        return self._address("get_object", self._kept(file, sha256), DOWNLOAD_SECONDS, given)

    def _address(self, act: str, key: str, seconds: int, given: dict[str, Any]) -> str:
        named = {"Bucket": self._bucket.name, "Key": key, **given}
        address: str = self._client.generate_presigned_url(act, Params=named, ExpiresIn=seconds)
        return address

    def _arriving(self, file: StoredFile) -> str:
        return f"{self._bucket.folder}incoming/{file.university_id}/{file.upload_id}"

    def _kept(self, file: StoredFile, sha256: bytes) -> str:
        return f"{self._bucket.folder}files/{file.university_id}/{file.upload_id}/{sha256.hex()}"

    async def whole(self, file: StoredFile, sha256: bytes) -> bytes | None:
        """See FileStore."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, file, sha256)

    def _read(self, file: StoredFile, sha256: bytes) -> bytes | None:
        try:
            found = self._client.get_object(Bucket=self._bucket.name, Key=self._kept(file, sha256))
            with closing(found["Body"]) as body:
                data: bytes = body.read()
        except ClientError as error:
            if _is_missing(error):
                return None
            raise _failed(error) from error
        except (BotoCoreError, OSError) as error:
            raise _failed(error) from error
        return data if hashlib.sha256(data).digest() == sha256 else None

    async def keep(self, file: StoredFile, data: bytes) -> None:
        """See FileStore."""
        await asyncio.get_running_loop().run_in_executor(self._threads, self._keep, file, data)

    def _keep(self, file: StoredFile, data: bytes) -> None:
        try:
            self._put(file, hashlib.sha256(data).digest(), io.BytesIO(data))
        except (ClientError, BotoCoreError, OSError) as error:
            raise _failed(error) from error

    async def collect(self, file: StoredFile) -> bytes | None:
        """Look at what was sent; see FileStore. It goes on to its end, within half a minute, when nobody waits."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._collected, file)

    async def tidy(self, file: StoredFile) -> None:
        """Delete what arrived, now that it is kept; where that fails `maintain` does it."""
        arriving = self._arriving(file)
        await asyncio.get_running_loop().run_in_executor(self._threads, self._deleted, arriving)

    def _collected(self, file: StoredFile) -> bytes | None:
        arriving = self._arriving(file)
        try:
            found = self._client.get_object(Bucket=self._bucket.name, Key=arriving)
            with closing(found["Body"]) as body, tempfile.SpooledTemporaryFile(_PART_BYTES) as copy:
                _require_as_promised(file, found)
                digest = _looked_at(file, body, copy)
                copy.seek(0)
                self._put(file, digest, copy)
        except NotAsPromisedError:
            self._deleted(arriving)
            raise
        except ClientError as error:
            if _is_missing(error):
                return None
            raise _failed(error) from error
        except (BotoCoreError, OSError) as error:
            raise _failed(error) from error
        return digest

    def _put(self, file: StoredFile, digest: bytes, copy: IO[bytes]) -> None:
        self._client.put_object(
            Bucket=self._bucket.name,
            Key=self._kept(file, digest),
            Body=copy,
            ContentLength=file.size_bytes,
            ContentType=file.media_type,
            ContentDisposition="attachment",
            ChecksumSHA256=base64.b64encode(digest).decode(),
        )

    def _deleted(self, key: str) -> None:
        try:
            self._client.delete_object(Bucket=self._bucket.name, Key=key)
        except (BotoCoreError, ClientError) as error:
            logger.warning("a file that is not wanted could not be deleted: %s", error)

    def stray(self, now: float) -> Iterator[Stray]:
        """See FileStore; what has another name than ours gives is left alone."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket.name, Prefix=self._bucket.folder
        )
        for found in (found for page in pages for found in page.get("Contents", ())):
            name = found["Key"].removeprefix(self._bucket.folder)
            kept = _KEPT.fullmatch(name)
            if now - found["LastModified"].timestamp() <= STRAY_SECONDS:
                continue
            if kept is not None:
                yield Stray(int(kept[1]), int(kept[2]), bytes.fromhex(kept[3]), found["Key"])
            elif _ARRIVED.fullmatch(name):
                yield Stray(0, 0, None, found["Key"])

    def delete(self, stray: Stray) -> None:
        """Delete a file that `stray` gave."""
        self._client.delete_object(Bucket=self._bucket.name, Key=stray.place)

    def close(self) -> None:
        """End its threads, once they have done what they are at."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.close()


def file_store(bucket: Bucket | None, local: LocalFiles) -> FileStore:
    """Where files are kept: in the bucket, if there is one."""
    return local if bucket is None else S3Files(bucket, local.most_bytes)


def _is_missing(error: Any) -> bool:
    return error.response.get("Error", {}).get("Code") in {"NoSuchKey", "404"}


def _failed(error: Exception) -> StoreUnreachableError:
    logger.warning("the store of files failed: %s", error)
    return StoreUnreachableError(str(error))


def _require_as_promised(file: StoredFile, found: Any) -> None:
    if found["ContentLength"] != file.size_bytes:
        raise NotAsPromisedError(f"this file was promised with {file.size_bytes} bytes, {found['ContentLength']} came")
    if found["ContentType"] != file.media_type or file.media_type not in BEGINNINGS:
        raise NotAsPromisedError(f"this file was promised as {file.media_type}, and was sent as something else")


def _looked_at(file: StoredFile, body: Any, copy: IO[bytes]) -> bytes:
    """The SHA-256 of what is read, which is written into the copy; NotAsPromisedError if it is of another kind."""
    judge, digest, until = Judge(file.media_type), hashlib.sha256(), time.monotonic() + _LOOK_SECONDS
    while chunk := body.read(_PART_BYTES):
        if time.monotonic() > until:
            raise StoreUnreachableError("the store takes too long to give a file")
        if not judge.fits(chunk):
            raise _wrong_kind(file)
        digest.update(chunk)
        copy.write(chunk)
    if not judge.fits(b"", final=True):
        raise _wrong_kind(file)
    return digest.digest()


def _wrong_kind(file: StoredFile) -> NotAsPromisedError:
    return NotAsPromisedError(f"this file is not {file.media_type}, whatever its name says")


def _saved_as(name: str) -> str:
    quoted = quote(name)
    return f'attachment; filename="{name}"' if quoted == name else f"attachment; filename*=utf-8''{quoted}"
