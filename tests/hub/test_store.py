"""The object store, on a local folder and on an S3 server: written once, read back, and honest when it is away."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from hub.config import from_mapping
from hub.documents.store import Store, open_store
from hub.errors import Unavailable
from tests.hub.test_config import GOOD


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """Serve S3 on a free loopback port, with a bucket."""
    import httpx2 as httpx

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    httpx.put(f"http://{host}:{port}/documents-test").raise_for_status()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["file", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "file":
        return open_store(from_mapping(GOOD | {"HUB_STORE_URL": f"file://{tmp_path}/objects"}))
    variables = {
        "HUB_STORE_URL": "s3://documents-test/hub",
        "HUB_S3_ENDPOINT": request.getfixturevalue("s3"),
        "HUB_S3_REGION": "eu-west-3",
        "HUB_S3_ACCESS_KEY": "test",
        "HUB_S3_SECRET_KEY": "test",
    }
    return open_store(from_mapping(GOOD | variables))


def test_an_object_comes_back_as_it_was_and_can_be_deleted(store: Store) -> None:
    store.check()
    store.put("documents/1/a", b"sealed")

    assert store.get("documents/1/a") == b"sealed"
    assert store.older_than(datetime.now(UTC) + timedelta(minutes=1)) == ["documents/1/a"]
    store.delete("documents/1/a")
    store.delete("documents/1/a")
    with pytest.raises(Unavailable):
        store.get("documents/1/a")


def test_an_object_is_never_replaced(store: Store) -> None:
    store.put("documents/1/b", b"first")

    with pytest.raises(Unavailable):
        store.put("documents/1/b", b"second")
    store.put_again("documents/1/b", b"first")
    with pytest.raises(Unavailable, match="autre objet"):
        store.put_again("documents/1/b", b"second")
    assert store.get("documents/1/b") == b"first"
    store.delete("documents/1/b")


def test_a_name_cannot_leave_the_folder(tmp_path: Path) -> None:
    store = open_store(from_mapping(GOOD | {"HUB_STORE_URL": f"file://{tmp_path}/objects"}))

    with pytest.raises(Unavailable):
        store.put("../outside", b"x")
    assert not (tmp_path / "outside").exists()


def test_a_store_that_is_away_is_said_to_be(tmp_path: Path) -> None:
    variables = {
        "HUB_STORE_URL": "s3://documents-test",
        "HUB_S3_ENDPOINT": "http://127.0.0.1:9",
        "HUB_S3_REGION": "eu-west-3",
        "HUB_S3_ACCESS_KEY": "test",
        "HUB_S3_SECRET_KEY": "test",
    }
    store = open_store(from_mapping(GOOD | variables))

    with pytest.raises(Unavailable, match="rien n'a été perdu"):
        store.put("documents/1/c", b"x")
