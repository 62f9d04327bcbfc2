"""`lms-graphql jobs`."""

import asyncio

from lms_graphql.app import JOBS, MIB, platform_url
from lms_graphql.commands.console import say
from lms_graphql.commands.database import databases
from lms_graphql.engine.relay import Cursors
from lms_graphql.jobs.running import Runner
from lms_graphql.settings import Settings
from lms_graphql.storage.database import create_engine
from lms_graphql.storage.fanout import FanOut
from lms_graphql.storage.files import Files, LocalFiles
from lms_graphql.storage.s3 import file_store


def run(settings: Settings) -> None:
    """Run the jobs of all universities that wait, and say how many in one line."""

    async def drain() -> int:
        engine, fan_out = create_engine(found.app), FanOut(create_engine(platform_url(settings, found.app)))
        local = LocalFiles(settings.files_folder(), settings.secret_key, settings.upload_mib * MIB)
        files = Files(file_store(settings.bucket, local))
        try:
            return await Runner(engine, fan_out, Cursors(settings.secret_key), JOBS, {Files: files}).drain()
        finally:
            files.store.close()
            await fan_out.close()
            await engine.dispose()

    with databases(settings) as found:
        ended = asyncio.run(drain())
    say(f"jobs: {ended} run")
