"""The chain as a child process, and its command line."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest
from solders.keypair import Keypair

from arena.localnet import DataDirectoryLocked, LocalnetConfig, LocalnetProcess, LocalnetStartError
from arena.localnet.commandline import command_line, parse_config


def health(url: str) -> str:
    with urllib.request.urlopen(f"{url}/health", timeout=5) as response:
        body: bytes = response.read()
        return body.decode()


def test_it_answers_when_start_returns_and_stops_when_told(localnet_process: LocalnetProcess) -> None:
    rpc_url, ws_url = localnet_process.start()
    assert health(rpc_url) == "ok"
    assert ws_url.startswith("ws://127.0.0.1:")
    assert localnet_process.poll() is None
    with pytest.raises(LocalnetStartError, match="running already"):
        localnet_process.start()
    localnet_process.stop()
    assert localnet_process.poll() == 0
    localnet_process.stop()
    assert localnet_process.restart() == (rpc_url, ws_url)


def test_a_second_process_in_the_same_directory_says_so(
    config: LocalnetConfig, localnet_process: LocalnetProcess
) -> None:
    localnet_process.start()
    with pytest.raises(DataDirectoryLocked, match="another local chain"):
        LocalnetProcess(config).start()
    assert localnet_process.poll() is None


def test_a_port_that_is_taken_is_said_in_one_line(
    config: LocalnetConfig, localnet_process: LocalnetProcess, tmp_path: Path
) -> None:
    rpc_url, _ = localnet_process.start()
    port = int(rpc_url.rpartition(":")[2])
    other = LocalnetProcess(replace(config, data_dir=tmp_path / "other", rpc_port=port))
    with pytest.raises(LocalnetStartError, match=r"[Aa]ddress already in use"):
        other.start()


def test_it_dies_with_its_parent(config: LocalnetConfig) -> None:
    script = f"""
import sys, time
from pathlib import Path
from arena.localnet import LocalnetConfig, LocalnetProcess
process = LocalnetProcess(LocalnetConfig(Path({str(config.data_dir)!r}), rpc_port=0))
process.start()
print(process.pid, flush=True)
time.sleep(60)
"""
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 5
    while Path(f"/proc/{child}/status").exists() and time.monotonic() < deadline:
        state = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0]
        if state == "Z":  # dead, and waiting for init
            break
        time.sleep(0.01)
    else:
        assert not Path(f"/proc/{child}/status").exists()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_command_runs_until_a_signal(tmp_path: Path, stop: signal.Signals) -> None:
    command = [sys.executable, "-m", "arena.localnet", "--data-dir", str(tmp_path), "--rpc-port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ))
    assert process.stdout is not None
    line = process.stdout.readline().decode()
    assert line.startswith("RPC http://127.0.0.1:")
    announced = json.loads((tmp_path / "endpoints.json").read_text())
    assert announced["pid"] == process.pid
    process.send_signal(stop)
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 0
    assert b"Traceback" not in errors
    assert b"Warning" not in errors
    assert not (tmp_path / "endpoints.json").exists()


def test_a_command_line_says_the_whole_configuration(tmp_path: Path) -> None:
    config = LocalnetConfig(
        tmp_path,
        host="127.0.0.2",
        rpc_port=1234,
        ws_port=99,
        slot_ms=50,
        confirmed_after=2,
        finalized_after=9,
        programs={Keypair().pubkey(): tmp_path / "a=b.so"},
        forkable=True,
        faulty=True,
    )
    assert parse_config(command_line(config)) == config


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--data-dir=x", "--slot-ms=0"],
        ["--data-dir=x", "--finalized-after=0"],
        ["--data-dir=x", "--rpc-port=70000"],
        ["--data-dir=x", "--program=nonsense"],
        ["--data-dir=x", "--program=x=y"],
        ["--data-dir=x", "--rpc-port=5", "--ws-port=5"],
    ],
)
def test_a_wrong_command_line_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse_config(arguments)
    assert caught.value.code == 2
    assert "error:" in capsys.readouterr().err
