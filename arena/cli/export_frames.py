"""`arena export-frames`: the JSON Schema of the websockets' frames, for clients in other languages."""

from __future__ import annotations

import json
from pathlib import Path

import click

from arena.cli.failure import fail
from arena.ws.schema import frames_schema


@click.command("export-frames")
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
def export_frames(file: Path | None) -> None:
    """Print the JSON Schema of all websocket frames, or write it to FILE (docs/frames.schema.json)."""
    text = json.dumps(frames_schema(), indent=2, ensure_ascii=False) + "\n"
    if file is None:
        click.echo(text, nl=False)
        return
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        fail(str(error))
