"""Personal numbers come back only where they were put, and only from bytes nobody touched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongban.infra.crypto import NotOpened, Vault

KEY, OTHER_KEY, INDEX_KEY = bytes(range(32)), bytes(range(1, 33)), bytes(range(32, 64))
VAULT = Vault({1: KEY}, INDEX_KEY)


@given(st.text())
def test_what_is_sealed_opens_to_the_same_text(text: str) -> None:
    assert VAULT.open(VAULT.seal(text, "person.phone"), "person.phone") == text


def test_the_same_number_never_looks_the_same_twice() -> None:
    assert VAULT.seal("13800000000", "person.phone") != VAULT.seal("13800000000", "person.phone")


def test_a_value_copied_into_another_column_does_not_open() -> None:
    sealed = VAULT.seal("140105194903070021", "person.id_number")
    with pytest.raises(NotOpened):
        VAULT.open(sealed, "person.phone")


@pytest.mark.parametrize("at", [0, 1, 13, -1])
def test_one_changed_bit_anywhere_is_noticed(at: int) -> None:
    sealed = bytearray(VAULT.seal("140105194903070021", "person.id_number"))
    sealed[at] ^= 1
    with pytest.raises(NotOpened):
        VAULT.open(bytes(sealed), "person.id_number")


@pytest.mark.parametrize("junk", [b"", b"\x01", b"\x01" + bytes(5), b"\x01" + bytes(40)])
def test_junk_is_refused_without_saying_what_it_held(junk: bytes) -> None:
    with pytest.raises(NotOpened, match=r"person\.phone"):
        VAULT.open(junk, "person.phone")


def test_after_a_key_is_replaced_old_values_open_and_new_ones_use_the_new_key() -> None:
    old = VAULT.seal("13800000000", "person.phone")
    replaced = Vault({1: KEY, 2: OTHER_KEY}, INDEX_KEY)
    assert replaced.open(old, "person.phone") == "13800000000"
    assert replaced.seal("13800000000", "person.phone")[0] == 2
    with pytest.raises(NotOpened):
        VAULT.open(replaced.seal("13800000000", "person.phone"), "person.phone")


def test_the_blind_index_finds_the_same_text_for_the_same_purpose_only() -> None:
    index = VAULT.index("140105194903070021", "id_number")
    assert index == Vault({1: OTHER_KEY}, INDEX_KEY).index("140105194903070021", "id_number")
    assert index != VAULT.index("140105194903070021", "credential")
    assert index != VAULT.index("140105194903070022", "id_number")
    assert index != Vault({1: KEY}, OTHER_KEY).index("140105194903070021", "id_number")
    assert len(index) == 32
