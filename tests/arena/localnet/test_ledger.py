"""The ledger: what was appended comes back, torn tails are cut off, damage is noticed, compaction is
atomic."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from solders.account import Account
from solders.pubkey import Pubkey

from arena.localnet import DataDirectoryLocked, LedgerCorrupt, LedgerFailed
from arena.localnet.ledger import Ledger, open_ledger
from arena.localnet.logfile import LogFile, Scan
from arena.localnet.records import Anchor, Dropped, Genesis, Landed, Patch, Record, decode, encode


def opened(directory: Path) -> tuple[Ledger, list[Record]]:
    records: list[Record] = []
    return open_ledger(directory, records.append), records


def anchors(*slots: int) -> list[Record]:
    return [Anchor(slot, slot * 10, 400) for slot in slots]


def log_of(directory: Path) -> Path:
    (path,) = directory.glob("ledger-*.log")
    return path


def names(directory: Path) -> list[str]:
    return [path.name for path in directory.glob("ledger-*")]


async def written(directory: Path, *slots: int, sync: bool = True) -> None:
    ledger, _ = opened(directory)
    for record in anchors(*slots):
        ledger.append(record)
        if sync:
            await ledger.sync()
    ledger.close()


accounts = st.builds(
    Account,
    st.integers(1, 2**64 - 1),
    st.binary(max_size=50),
    st.binary(min_size=32, max_size=32).map(Pubkey.from_bytes),
    st.booleans(),
    st.integers(0, 2**64 - 1),
)
changes = st.dictionaries(
    st.binary(min_size=32, max_size=32).map(Pubkey.from_bytes), st.none() | accounts, max_size=4
)
slots = st.integers(0, 2**64 - 1)


@given(
    st.builds(Genesis, st.text(), st.binary(), st.binary())
    | st.builds(Anchor, slots, slots, st.integers(0, 2**32 - 1))
    | st.builds(Patch, slots, changes)
    | st.builds(Landed, slots, st.binary(), st.binary(), changes)
    | st.builds(Dropped, slots, slots, changes)
)
def test_every_record_survives_its_encoding(record: Record) -> None:
    assert decode(encode(record)) == record


@given(st.binary(max_size=200))
def test_nonsense_is_no_record(payload: bytes) -> None:
    try:
        record = decode(payload)
    except LedgerCorrupt:
        return
    assert decode(encode(record)) == record


async def test_records_come_back_in_order(tmp_path: Path) -> None:
    await written(tmp_path, 1, 2)
    await written(tmp_path, 3)
    ledger, records = opened(tmp_path)
    assert records == anchors(1, 2, 3)
    assert ledger.torn == 0
    ledger.close()


async def test_a_torn_tail_is_cut_off_wherever_it_is_torn(tmp_path: Path) -> None:
    await written(tmp_path, 1, 2)
    path = log_of(tmp_path)
    whole = path.read_bytes()
    first = len(whole) // 2  # both frames are equally long
    for length in range(first, len(whole)):
        path.write_bytes(whole[:length])
        ledger, records = opened(tmp_path)
        assert records == anchors(1)
        assert ledger.torn == length - first
        ledger.append(anchors(7)[0])
        ledger.close()
        ledger, records = opened(tmp_path)
        assert records == anchors(1, 7)
        ledger.close()


async def test_garbage_after_the_end_is_cut_off(tmp_path: Path) -> None:
    await written(tmp_path, 1)
    path = log_of(tmp_path)
    with path.open("ab") as file:
        file.write(bytes(5000))
    ledger, records = opened(tmp_path)
    assert (records, ledger.torn) == (anchors(1), 5000)
    ledger.close()


async def test_damage_to_what_was_synced_is_noticed(tmp_path: Path) -> None:
    await written(tmp_path, 1, 2, 3)
    path = log_of(tmp_path)
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 3 + 40] ^= 1  # inside the second of three frames
    path.write_bytes(whole)
    with pytest.raises(LedgerCorrupt, match="damaged"):
        opened(tmp_path)
    assert path.read_bytes() == whole  # nothing was cut off


async def test_damage_to_what_was_never_synced_is_a_torn_tail(tmp_path: Path) -> None:
    await written(tmp_path, 1)
    await written(tmp_path, 2, 3, sync=False)
    path = log_of(tmp_path)
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 3 + 40] ^= 1
    path.write_bytes(whole)
    ledger, records = opened(tmp_path)
    assert records == anchors(1)
    ledger.close()


async def test_one_process_at_a_time(tmp_path: Path) -> None:
    ledger, _ = opened(tmp_path)
    with pytest.raises(DataDirectoryLocked):
        opened(tmp_path)
    ledger.close()
    opened(tmp_path)[0].close()


async def test_compaction_replaces_the_log_and_keeps_what_came_meanwhile(tmp_path: Path) -> None:
    await written(tmp_path, *range(50))
    ledger, _ = opened(tmp_path)
    before = ledger.size

    def slowly() -> Iterator[Record]:
        yield anchors(1000)[0]
        while not late:  # in the compaction's thread
            pass
        yield anchors(1001)[0]

    late: list[Record] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ledger.compact, slowly())
        await trio.sleep(0.05)
        ledger.append(anchors(60)[0])
        late.extend(anchors(60))
        with trio.fail_after(5):
            await ledger.sync()
    assert ledger.size < before
    ledger.append(anchors(61)[0])
    await ledger.sync()
    ledger.close()
    ledger, records = opened(tmp_path)
    assert records == anchors(1000, 1001, 60, 61)
    assert log_of(tmp_path).name == "ledger-2.log"
    ledger.close()


async def test_a_failed_compaction_changes_nothing(tmp_path: Path) -> None:
    ledger, _ = opened(tmp_path)
    ledger.append(anchors(1)[0])

    def full() -> Iterator[Record]:
        yield anchors(9)[0]
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        await ledger.compact(full())
    ledger.append(anchors(2)[0])
    await ledger.sync()
    ledger.close()
    assert names(tmp_path) == ["ledger-1.log"]
    ledger, records = opened(tmp_path)
    assert records == anchors(1, 2)
    ledger.close()


async def test_leftovers_of_a_compaction_that_died_are_removed(tmp_path: Path) -> None:
    await written(tmp_path, 1)
    (tmp_path / "ledger-2.tmp").write_bytes(b"half")  # died before the rename
    ledger, records = opened(tmp_path)
    assert records == anchors(1)
    ledger.close()
    newer = LogFile.create(tmp_path / "ledger-2.log")  # died after it, before the old one was deleted
    newer.append(encode(anchors(5)[0]))
    newer.close()
    ledger, records = opened(tmp_path)
    assert records == anchors(5)
    ledger.close()
    assert names(tmp_path) == ["ledger-2.log"]


async def test_a_full_disk_refuses_the_record_and_keeps_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, _ = opened(tmp_path)
    ledger.append(anchors(1)[0])
    real = os.write

    def half_then_full(descriptor: int, data: bytes) -> int:
        if len(data) > 20:
            return real(descriptor, data[:20])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", half_then_full)
    with pytest.raises(OSError, match="No space"):
        ledger.append(anchors(2)[0])
    monkeypatch.undo()
    ledger.append(anchors(3)[0])
    ledger.close()
    ledger, records = opened(tmp_path)
    assert records == anchors(1, 3)
    ledger.close()


async def test_after_a_failed_sync_nothing_is_promised_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, _ = opened(tmp_path)
    ledger.append(anchors(1)[0])

    def broken(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", broken)
    with pytest.raises(LedgerFailed):
        await ledger.sync()
    monkeypatch.undo()
    with pytest.raises(LedgerFailed):
        await ledger.sync()
    with pytest.raises(LedgerFailed):
        ledger.append(anchors(2)[0])
    ledger.close()


def test_a_scan_of_an_empty_file_finds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch()
    assert list(Scan(path)) == []
