"""``/docs``: the OpenAPI document as one page that needs nothing from elsewhere, and no script."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from html import escape
from typing import Any

from fastapi import APIRouter, Request, Response

router = APIRouter(include_in_schema=False)

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1b1b1b;
       background: #fff; }
h2 { margin-top: 2.5rem; } h3 { margin-bottom: 0; } code, pre { font: 14px/1.45 ui-monospace, monospace; }
pre { background: #f4f4f4; padding: .75rem; overflow-x: auto; } article { border-top: 1px solid #ccc; }
table { border-collapse: collapse; width: 100%; } th, td { border-bottom: 1px solid #ddd; padding: .3rem .5rem;
       text-align: left; vertical-align: top; } summary { cursor: pointer; } .method { color: #0a4d8c; }
"""
_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

Json = Mapping[str, Any]


@router.get("/docs")
async def docs(request: Request) -> Response:
    """The page."""
    page = render(request.app.openapi())
    headers = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"}
    return Response(page, headers=headers, media_type="text/html; charset=utf-8")


def render(document: Json) -> str:
    """HTML of an OpenAPI document."""
    info = document["info"]
    title = escape(f"{info['title']} {info['version']}")
    head = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}: API</title>'
    head += f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body><main>'
    intro = f"<h1>{title}: API</h1><p>{escape(info.get('description', ''))}</p>"
    intro += '<p>For machines: <a href="openapi.json">openapi.json</a></p>'
    return head + intro + "".join(_operations(document)) + "".join(_schemas(document)) + "</main></body></html>"


def _operations(document: Json) -> Iterator[str]:
    yield "<h2>Routes</h2>"
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"<article><h3><code><span class=method>{method.upper()}</span> {escape(path)}</code></h3>"
            yield f"<p>{escape(operation.get('description', ''))}</p>"
            yield from _parameters(operation.get("parameters", ()))
            yield from _body(operation.get("requestBody", {}))
            yield "<table><thead><tr><th>status<th>meaning<th>form</tr></thead><tbody>"
            for status, answer in operation["responses"].items():
                forms = ", ".join(f"{kind}: {_type(form.get('schema', {}))}" for kind, form in _content(answer).items())
                yield f"<tr><td>{escape(status)}<td>{escape(answer.get('description', ''))}<td>{forms}</tr>"
            yield "</tbody></table></article>"


def _parameters(parameters: Any) -> Iterator[str]:
    if not parameters:
        return
    yield "<table><thead><tr><th>parameter<th>in<th>form<th>what it is</tr></thead><tbody>"
    for one in parameters:
        told = escape(one.get("description", one["schema"].get("description", "")))
        yield f"<tr><td><code>{escape(one['name'])}</code><td>{one['in']}<td>{_type(one['schema'])}<td>{told}</tr>"
    yield "</tbody></table>"


def _body(body: Json) -> Iterator[str]:
    for kind, form in _content(body).items():
        yield f"<p>Body: {escape(kind)}: {_type(form.get('schema', {}))}</p>"
        if "example" in form:
            example = form["example"]
            text = example if isinstance(example, str) else json.dumps(example, indent=2, ensure_ascii=False)
            yield f"<pre>{escape(text)}</pre>"


def _schemas(document: Json) -> Iterator[str]:
    yield "<h2>Forms</h2>"
    for name, schema in sorted(document.get("components", {}).get("schemas", {}).items()):
        yield f'<article id="{escape(name)}"><h3>{escape(name)}</h3><p>{escape(schema.get("description", ""))}</p>'
        required = schema.get("required", ())
        yield "<table><thead><tr><th>field<th>form<th>what it is</tr></thead><tbody>"
        for field, one in schema.get("properties", {}).items():
            mark = " (always)" if field in required else ""
            told = escape(one.get("description", ""))
            yield f"<tr><td><code>{escape(field)}</code>{mark}<td>{_type(one)}<td>{told}</tr>"
        yield "</tbody></table></article>"


def _content(part: Json) -> Json:
    content: Json = part.get("content", {})
    return content


def _type(schema: Json) -> str:
    """A schema in a few words, with links to named ones."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(_type(one) for one in schema[several])
    if "enum" in schema:
        return escape(", ".join(map(str, schema["enum"])))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    kind = schema.get("format") or schema.get("type") or "any"
    bounds = [f"{word} {schema[key]}" for key, word in (("minimum", "from"), ("maximum", "to")) if key in schema]
    return escape(" ".join([str(kind), *bounds]))
