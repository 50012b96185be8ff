"""The object store: a local folder or S3, by `HUB_STORE_URL` (obstore). Objects are written once, never replaced."""

from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import LocalStore, S3Store

from hub.config import Settings
from hub.errors import Unavailable

_UNAVAILABLE = "Le stockage des documents ne répond pas. Réessayez dans un instant ; rien n'a été perdu."


class Store:
    """Puts, gets and deletes sealed bytes by key."""

    def __init__(self, store: LocalStore | S3Store) -> None:
        self._store = store

    def put(self, key: str, content: bytes) -> None:
        """Write an object that does not exist yet; raise `Unavailable`."""
        try:
            obstore.put(self._store, key, content, mode="create")
        except AlreadyExistsError as err:
            raise Unavailable(_UNAVAILABLE) from err
        except (BaseError, OSError, ValueError) as err:
            raise Unavailable(_UNAVAILABLE) from err

    def put_again(self, key: str, content: bytes) -> None:
        """Write an object, or find it there with the same bytes (a restoration run twice); raise `Unavailable`."""
        try:
            obstore.put(self._store, key, content, mode="create")
        except AlreadyExistsError as err:
            if self.get(key) != content:
                raise Unavailable("Le stockage contient déjà un autre objet sous le même nom.") from err
        except (BaseError, OSError, ValueError) as err:
            raise Unavailable(_UNAVAILABLE) from err

    def get(self, key: str) -> bytes:
        """Return an object; raise `Unavailable`."""
        try:
            return bytes(obstore.get(self._store, key).bytes())
        except (BaseError, OSError, ValueError) as err:
            raise Unavailable(_UNAVAILABLE) from err

    def delete(self, key: str) -> None:
        """Delete an object if it exists; raise `Unavailable`."""
        try:
            obstore.delete(self._store, key)
        except (NotFoundError, FileNotFoundError):
            return
        except (BaseError, OSError, ValueError) as err:
            raise Unavailable(_UNAVAILABLE) from err

    def older_than(self, moment: datetime) -> list[str]:
        """Return the keys of documents written before a moment; raise `Unavailable`."""
        try:
            pages = obstore.list(self._store, prefix="documents")
            return [item["path"] for page in pages for item in page if item["last_modified"] < moment]
        except (BaseError, OSError, ValueError) as err:
            raise Unavailable(_UNAVAILABLE) from err

    def check(self) -> None:
        """Raise `Unavailable` unless the store answers."""
        try:
            obstore.list_with_delimiter(self._store, prefix="documents")
        except (BaseError, OSError, ValueError) as err:
            raise Unavailable(_UNAVAILABLE) from err


def open_store(settings: Settings) -> Store:
    """Open the store that the settings name, making the local folder when needed."""
    parts = urlsplit(settings.store_url)
    if parts.scheme == "file":
        folder = Path(parts.netloc + parts.path).expanduser().absolute()
        folder.mkdir(parents=True, exist_ok=True)
        return Store(LocalStore(str(folder)))
    config: dict[str, object] = {"bucket": parts.netloc}
    for name, value in (
        ("endpoint", settings.s3_endpoint),
        ("region", settings.s3_region),
        ("access_key_id", settings.s3_access_key),
        ("secret_access_key", settings.s3_secret_key),
    ):
        if value is not None:
            config[name] = value
    options = {"timeout": "30s", "connect_timeout": "5s"}
    if settings.s3_endpoint and settings.s3_endpoint.startswith("http://"):
        options["allow_http"] = "true"
    retry = {"max_retries": 2}
    prefix = parts.path.strip("/") or None
    return Store(S3Store(config=config, prefix=prefix, client_options=options, retry_config=retry))  # type: ignore[arg-type]
