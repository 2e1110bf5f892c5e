"""Secrets: what is sealed opens only with its key and for its row; keys can be changed; hashes need their key."""

from __future__ import annotations

import base64
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.vault import Fingerprints, Vault, VaultError, keys_from_file, new_key, new_token, read_keys

ROW = "platforms.token_out:1"
ONE, TWO = b"1" * 32, b"2" * 32


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_what_is_sealed_opens_for_its_row(secret: str, row: str) -> None:
    vault = Vault([ONE])
    assert vault.unseal(vault.seal(secret, row), row) == secret


def test_what_is_sealed_twice_looks_different_and_shows_nothing() -> None:
    vault = Vault([ONE])
    first, second = vault.seal("hunter2", ROW), vault.seal("hunter2", ROW)
    assert first != second
    assert b"hunter2" not in first


def test_it_does_not_open_for_another_row() -> None:
    vault = Vault([ONE])
    with pytest.raises(VaultError, match="another row"):
        vault.unseal(vault.seal("hunter2", ROW), "platforms.token_out:2")


@pytest.mark.parametrize("position", [4, 15, 16, -1])
def test_it_does_not_open_when_a_bit_was_changed(position: int) -> None:
    vault = Vault([ONE])
    sealed = bytearray(vault.seal("hunter2", ROW))
    sealed[position] ^= 1
    with pytest.raises(VaultError):
        vault.unseal(bytes(sealed), ROW)


@pytest.mark.parametrize("length", [0, 3, 4, 10, 16, 20, 30])
def test_it_does_not_open_when_it_was_cut_off(length: int) -> None:
    vault = Vault([ONE])
    with pytest.raises(VaultError):
        vault.unseal(vault.seal("hunter2", ROW)[:length], ROW)


def test_a_new_key_seals_while_the_old_one_still_opens() -> None:
    old = Vault([ONE])
    both = Vault([TWO, ONE])
    sealed = old.seal("hunter2", ROW)
    assert both.unseal(sealed, ROW) == "hunter2"
    again = both.seal("hunter2", ROW)
    assert again.startswith(both.current)
    assert both.current != old.current
    assert Vault([TWO]).unseal(again, ROW) == "hunter2"
    with pytest.raises(VaultError, match="not at hand"):
        old.unseal(again, ROW)


@pytest.mark.parametrize("keys", [[], [b"short"], [ONE, b"x" * 33]])
def test_a_key_is_32_bytes(keys: list[bytes]) -> None:
    with pytest.raises(VaultError, match="32 bytes"):
        Vault(keys)


def test_a_fingerprint_is_the_same_for_the_same_token_and_key_only() -> None:
    hashed = Fingerprints(ONE)
    assert hashed.of("token") == Fingerprints(ONE).of("token")
    assert len(hashed.of("token")) == 32
    assert hashed.of("token") != hashed.of("Token")
    assert hashed.of("token") != Fingerprints(TWO).of("token")


def test_a_token_is_what_every_version_accepts() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(re.fullmatch(r"[\x21-\x7e]{32,64}", token) for token in tokens)


# --- the key file ----------------------------------------------------------------------------------------------------


def test_a_missing_key_file_is_made_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "hub.key"
    keys = keys_from_file(file)
    assert keys_from_file(file) == keys
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [len(key) for key in keys] == [32]
    assert list(tmp_path.iterdir()) == [file]


def test_nodes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    for number in range(20):
        file = tmp_path / f"{number}.key"
        with ThreadPoolExecutor(8) as nodes:
            found = list(nodes.map(keys_from_file, [file] * 8))
        assert all(keys == found[0] for keys in found)


def test_a_key_file_holds_several_keys_the_one_in_use_first() -> None:
    one, two = new_key(), new_key()
    assert read_keys(f"\n{one}\n{two}\n") == [base64.b64decode(one), base64.b64decode(two)]


@pytest.mark.parametrize("text", ["", "\n", "not base64!", "aGVsbG8=", "é", "MTEx" * 10 + "MTE=\naGVsbG8="])
def test_a_key_file_with_anything_else_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "hub.key"
    file.write_text(text)
    with pytest.raises(VaultError, match="32 bytes"):
        keys_from_file(file)


def test_a_key_file_that_cannot_be_made_or_read_is_named(tmp_path: Path) -> None:
    for file in (tmp_path / "nowhere" / "hub.key", tmp_path):
        with pytest.raises(VaultError, match=re.escape(str(file))):
            keys_from_file(file)
