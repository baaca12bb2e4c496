from __future__ import annotations

import os
from pathlib import Path

import pytest

from framecue.object_store.aws_profile import ProfileKeys, machine_has_role, profile_keys
from framecue.object_store.objects import read_object
from support.object_server import Bucket

CREDENTIALS = """
[default]
aws_access_key_id = one
aws_secret_access_key = secret

[work]
aws_access_key_id = two
aws_secret_access_key = s%cret
aws_session_token = token
"""
CONFIG = """
[default]
region = eu-west-1
[profile work]
region = eu-north-1
[profile sso]
sso_start_url = https://example.org
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(CREDENTIALS)
    (tmp_path / ".aws" / "config").write_text(CONFIG)
    return tmp_path


def test_the_default_profile_and_a_named_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert profile_keys() == ProfileKeys("one", "secret", None, "eu-west-1")
    monkeypatch.setenv("AWS_PROFILE", "work")
    assert profile_keys() == ProfileKeys("two", "s%cret", "token", "eu-north-1")
    monkeypatch.setenv("AWS_PROFILE", "sso")
    assert profile_keys() == ProfileKeys()
    monkeypatch.setenv("AWS_PROFILE", "none")
    assert profile_keys() == ProfileKeys()


def test_files_elsewhere(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "keys").write_text("[default]\naws_access_key_id = three\naws_secret_access_key = x\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "~/keys")
    monkeypatch.setenv("AWS_CONFIG_FILE", "~/none")
    assert profile_keys() == ProfileKeys("three", "x")
    (home / "keys").write_bytes(b"no section \xff")
    assert profile_keys() == ProfileKeys()


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_SKIP_SIGNATURE"])
def test_the_environment_comes_first(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "true")
    assert profile_keys() == ProfileKeys()


def test_an_object_is_read_with_a_profiles_keys(home: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.delenv(name)
    assert read_object(bucket.put("a", b"12"))[0] == b"12"


def test_whether_the_machine_has_a_role(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", bucket.server.endpoint)
    assert machine_has_role()
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert not machine_has_role()
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/token")
    assert machine_has_role()
    monkeypatch.delenv("AWS_WEB_IDENTITY_TOKEN_FILE")
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:9")
    assert not machine_has_role()
