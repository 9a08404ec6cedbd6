"""The OpenAPI document, with what the library does not know of our models."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from quart import Response, current_app
from quart_schema import HttpSecurityScheme, Info, QuartSchema, hide
from quart_schema.openapi import OpenAPIProvider
from werkzeug.routing import BaseConverter, UUIDConverter

from arena.game.drafts import EXAMPLE_END
from arena.http.bearer import SCHEME
from arena.http.caching import tagged
from arena.http.problems import MEDIA_TYPE
from arena.http.schemas import ProblemDocument
from arena.http.validation import OPTIONAL_BODY

EXAMPLE_LIFE: Final = timedelta(days=300)


class _Provider(OpenAPIProvider):
    def schema(self) -> dict[str, Any]:
        document: dict[str, Any] = super().schema()
        named: dict[str, Any] = document["components"]["schemas"]
        for path in document["paths"].values():
            for operation in path.values():
                for part in (operation.get("requestBody"), *operation["responses"].values()):
                    for content in (part or {}).get("content", {}).values():
                        content["schema"] = _by_name(content["schema"], named)
        return document

    def operation_id(self, method: str, path: str, func: Callable[..., object]) -> str | None:
        # names of handlers are unique, and say the method where that matters
        del method, path
        return func.__name__

    def build_path_parameter(self, name: str, converter: BaseConverter) -> dict[str, Any]:
        parameter: dict[str, Any] = super().build_path_parameter(name, converter)
        if isinstance(converter, UUIDConverter):
            parameter["schema"]["format"] = "uuid"
        if "enum" in parameter["schema"]:
            parameter["schema"]["enum"] = sorted(parameter["schema"]["enum"])  # the router keeps a set
        return parameter

    def build_response_object(
        self, model: type[Any], headers_model: type[Any] | None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        found, components = super().build_response_object(model, headers_model)
        if issubclass(model, ProblemDocument):
            found["content"] = {MEDIA_TYPE: found["content"]["application/json"]}
        return found, components

    def build_paths(self, rule: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        paths, components = super().build_paths(rule)
        problem, more = self.build_response_object(ProblemDocument, None)
        for operation in next(iter(paths.values())).values():
            # keys of JSON objects are texts, and sorted
            responses = {str(status): found for status, found in operation["responses"].items()}
            if "requestBody" in operation:
                handler = self._app.view_functions[rule.endpoint]
                operation["requestBody"]["required"] = not getattr(handler, OPTIONAL_BODY, False)
            if not any(status.startswith("2") for status in responses):
                responses["204"] = {"description": "Done."}
            operation["responses"] = responses | {"default": problem}
        return paths, components | more


class _Schema(QuartSchema):
    """The document is made once: routes do not change while the arena runs."""

    _document: bytes | None = None

    @hide
    async def openapi(self) -> Response:
        if self._document is None:
            # a bot that is drafted by pasting the example must not have ended
            end = (datetime.now(UTC) + EXAMPLE_LIFE).replace(microsecond=0).isoformat()
            document = current_app.json.dumps(self.openapi_provider.schema())
            self._document = document.replace(EXAMPLE_END, end).encode()
        return tagged(self._document)


def _by_name(schema: dict[str, Any], named: dict[str, Any]) -> dict[str, Any]:
    """A reference to a model's schema, which is moved to the others that have names."""
    name = schema.get("title")
    if name is None or schema.get("type") != "object":
        return schema
    assert named.setdefault(name, schema) == schema, f"two models are called {name}"
    return {"$ref": f"#/components/schemas/{name}"}


def openapi(version: str) -> QuartSchema:
    """The extension that serves `/openapi.json`; the pages that would load scripts from elsewhere are left
    out.
    """
    return _Schema(
        openapi_path="/openapi.json",
        redoc_ui_path=None,
        scalar_ui_path=None,
        swagger_ui_path=None,
        info=Info(
            title="Arena",
            version=version,
            description="Chat with live puzzle bots, pay each message on Solana, win the pot.",
        ),
        security_schemes={SCHEME: HttpSecurityScheme(scheme="bearer", bearer_format="JWT")},
        conversion_preference="pydantic",
        openapi_provider_class=_Provider,
    )
