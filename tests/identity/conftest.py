"""A database of our own, since signing in writes, and an issuer on loopback."""

import json
from contextlib import asynccontextmanager

import pytest

from lms_graphql.storage.database import connect
from tests.conftest import running_api, temporary_database
from tests.identity.issuer import IssuerServer, Keys
from tests.world import build_world


@pytest.fixture(scope="session")
async def own(superuser):
    async with temporary_database(superuser) as made:
        yield made


@pytest.fixture(scope="session")
async def admin(own):
    """A superuser's connection."""
    driver = await connect(own.owner)
    yield driver
    await driver.close()


@pytest.fixture(scope="session")
async def people(own, admin):
    """The world's people; s-1 of the issuer is the student, s-admin the administrator of ALPHA."""
    return (await build_world(admin)).people


@pytest.fixture(scope="session")
def keys():
    return Keys()


@pytest.fixture
def issuer(keys):
    server = IssuerServer(keys.published())
    yield server
    server.stop()


@pytest.fixture
async def open_api(own, people):
    """Makes applications with issuers; in development, for in production a JWKS comes by https only."""

    @asynccontextmanager
    async def make(*issuers, **settings):
        async with running_api(own.app, oidc_issuers=json.dumps(issuers), **settings) as api:
            yield api

    return make
