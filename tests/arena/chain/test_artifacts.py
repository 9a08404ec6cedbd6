"""What is shipped: the program, its IDL, its address on a local chain."""

from hashlib import sha256

import pytest
from solders.keypair import Keypair

from arena.chain import artifacts


def test_the_local_address_follows_from_its_documented_rule():
    seed = sha256(b"arena_bot local program").digest()
    assert Keypair.from_seed(seed).pubkey() == artifacts.DEFAULT_PROGRAM_ID


def test_the_program_is_an_sbpf_v0_shared_object():
    elf = artifacts.program_elf()
    assert elf[:7] == b"\x7fELF\x02\x01\x01"
    assert int.from_bytes(elf[16:18], "little") == 3  # shared object
    assert int.from_bytes(elf[18:20], "little") == 247  # BPF
    assert int.from_bytes(elf[48:52], "little") == 0  # flags: SBPF v0


def test_the_idl_names_the_program():
    assert artifacts.idl().name == artifacts.PROGRAM_NAME


def test_a_corrupt_artifact_is_not_given_out(monkeypatch):
    monkeypatch.setattr(artifacts, "checksums", lambda: {"arena_bot.so": "0" * 64})
    artifacts.program_elf.cache_clear()
    with pytest.raises(artifacts.ArtifactCorrupt):
        artifacts.program_elf()
    monkeypatch.undo()
    assert artifacts.program_elf()
