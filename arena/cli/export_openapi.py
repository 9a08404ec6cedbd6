"""`arena export-openapi`: the description of the HTTP API, for those who write clients."""

from __future__ import annotations

import json

import click

from arena.http.app import describe_api


@click.command("export-openapi")
def export_openapi() -> None:
    """Print the OpenAPI document; docs/api.openapi.json is this."""
    click.echo(json.dumps(describe_api(), indent=2, sort_keys=True, ensure_ascii=False))
