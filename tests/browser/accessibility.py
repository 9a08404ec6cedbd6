"""The rules of accessibility, tried on a page by axe-core: https://github.com/dequelabs/axe-core"""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice")
"""WCAG 2.1, levels A and AA, and what is good practice beyond it."""


def axe(page: Page) -> None:
    """Raises: AssertionError: the page, as it is now, breaks a rule; says which, and where."""
    options = {"runOnly": {"type": "tag", "values": list(RULES)}, "resultTypes": ["violations"]}
    violations = Axe().run(page, options=options).response["violations"]
    if violations:
        raise AssertionError(
            f"{page.url} breaks rules of accessibility:\n" + "\n".join(map(_told, violations))
        )


def _told(violation: dict[str, Any]) -> str:
    lines = [f"{violation['impact']}: {violation['help']} ({violation['id']}, {violation['helpUrl']})"]
    for node in violation["nodes"]:
        lines += [f"    {' '.join(map(str, node['target']))}    {node['html'][:200]}"]
        lines += [f"        {line}" for line in node["failureSummary"].splitlines()]
    return "\n".join(lines)
