"""`/`: where to go from here."""

from __future__ import annotations

from quart import Blueprint, Response
from quart_schema import document_response

from arena.http.pages import page, wants_page
from arena.http.schemas import IndexResponse
from arena.http.validation import answer

blueprint = Blueprint("index", __name__)


@blueprint.get("/")
@document_response(IndexResponse)
async def index() -> Response:
    """Say what this is, for whoever opens the URL that the server printed: browsers get the web app."""
    response = page() if wants_page() else answer(IndexResponse())
    response.headers.add("Vary", "Accept")
    return response
