"""Settings: read from HUB_* variables, refused with a sentence, secrets never shown."""

import base64

import pytest

from hub import config
from hub.config import Environment, describe, from_mapping
from hub.errors import SettingsError

GOOD = {
    "HUB_PUBLIC_URL": "https://hub.example",
    "HUB_SECRET_KEY": "s" * 40,
    "HUB_PEPPER": "p" * 40,
    "HUB_ENCRYPTION_KEYS": "k1:" + base64.b64encode(b"k" * 32).decode(),
    "HUB_SMS_URL": "https://sms.example/send",
}


def test_production_is_the_default_and_needs_no_more_than_its_secrets() -> None:
    settings = from_mapping(GOOD)

    assert settings.env is Environment.PRODUCTION
    assert settings.database_url.startswith("sqlite:///")


@pytest.mark.parametrize("name", ["HUB_PUBLIC_URL", "HUB_SECRET_KEY", "HUB_PEPPER", "HUB_ENCRYPTION_KEYS"])
def test_a_missing_variable_is_named(name: str) -> None:
    variables = {key: value for key, value in GOOD.items() if key != name}

    with pytest.raises(SettingsError, match=f"{name} manque"):
        from_mapping(variables)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        pytest.param("HUB_PUBLIC_URL", "hub.example", "HUB_PUBLIC_URL", id="address without scheme"),
        pytest.param("HUB_PUBLIC_URL", "http://hub.example", "https", id="no TLS in production"),
        pytest.param("HUB_SECRET_KEY", "short", "32 characters", id="short secret"),
        pytest.param("HUB_ENCRYPTION_KEYS", "k1:bm90LTMy", "32 bytes", id="short key"),
        pytest.param("HUB_ENCRYPTION_KEYS", "k1", "base64", id="key without bytes"),
        pytest.param("HUB_DATABASE_URL", "mysql://x", "sqlite", id="other engine"),
        pytest.param("HUB_STORE_URL", "/tmp", "file://", id="store without scheme"),
        pytest.param("HUB_SMTP_URL", "localhost", "smtp://", id="relay without scheme"),
        pytest.param("HUB_LEASE_SECONDS", "-1", "seconds", id="negative time"),
        pytest.param("HUB_UPLOAD_LIMIT", "many", "HUB_UPLOAD_LIMIT", id="not a number"),
        pytest.param("HUB_SMS_GATEWAY", "demonstration", "démonstration", id="demonstration gateway in production"),
        pytest.param("HUB_INS_OIDS", "1.2.250.1.213.1.4.10", "test", id="test identities in production"),
        pytest.param("HUB_LINKAGE_MODEL", "linkage/none.json", "n'existe pas", id="no model"),
        pytest.param("HUB_SPEED", "9", "n'est pas un réglage connu", id="unknown name"),
    ],
)
def test_a_wrong_value_is_refused_with_the_reason(name: str, value: str, sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence) as refused:
        from_mapping(GOOD | {name: value})

    assert name in refused.value.message


def test_a_refused_secret_is_not_quoted() -> None:
    with pytest.raises(SettingsError) as refused:
        from_mapping(GOOD | {"HUB_PEPPER": "hush-hush"})

    assert "hush" not in refused.value.message


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        from_mapping({"HUB_PORT": "1"})

    assert refused.value.message.count("\n") >= 4


def test_the_description_masks_every_secret() -> None:
    settings = from_mapping(GOOD | {"HUB_METRICS_TOKEN": "token-of-metrics"})

    shown = "\n".join(f"{line.variable}={line.value}" for line in describe(settings))

    assert "HUB_PUBLIC_URL=https://hub.example" in shown
    for secret in ("s" * 40, "p" * 40, "token-of-metrics", GOOD["HUB_ENCRYPTION_KEYS"], "sqlite:///"):
        assert secret not in shown


def test_the_demonstration_cannot_be_chosen_with_real_identities() -> None:
    variables = GOOD | {"HUB_ENV": "demonstration", "HUB_INS_OIDS": "1.2.250.1.213.1.4.8"}

    with pytest.raises(SettingsError, match="INS réels"):
        config.from_mapping(variables)
