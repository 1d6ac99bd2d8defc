"""OpenAPI of the attachments' routes: tus 1.0 speaks in headers, which no model describes.  # P23"""

from __future__ import annotations

from typing import Any

ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
HASH = {
    "name": "hash",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
}
NUMBER = {"type": "integer", "minimum": 0}
WORDS = {
    "401": "signed_out", "404": "no_upload", "409": "upload_offset", "412": "upload_version", "413": "upload_too_large",
    "415": "upload_type", "422": "bad_request or no_picture", "423": "upload_locked", "429": "too_many_uploads",
    "460": "upload_checksum", "503": "busy",
}  # fmt: skip
BYTES = {"schema": {"type": "string", "format": "binary"}}


def _header(name: str, schema: dict[str, Any], required: bool = True) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": required, "schema": schema}


TUS = _header("Tus-Resumable", {"type": "string", "const": "1.0.0"})


def attachment_paths(refused: dict[str, Any]) -> dict[str, Any]:
    """Path → operations; `refused` is the content of a refusal."""

    def operation(
        name: str, summary: str, done: str, said: tuple[str, ...], *refusals: str, **more: Any
    ) -> dict[str, Any]:
        headers = {one: {"schema": NUMBER if one.startswith("Upload-") and one != "Upload-Expires" else {"type": "string"}}
                   for one in said}  # fmt: skip
        answers = {done: {"description": summary, **({"headers": headers} if said else {})}}
        answers |= {
            code: {"description": WORDS[code], "content": refused} for code in ("401", "503", *refusals)
        }
        return {
            "operationId": name,
            "summary": summary,
            "security": [{"session": []}],
            "responses": answers,
            **more,
        }

    length = _header("Upload-Length", NUMBER)
    named = _header("Upload-Metadata", {"type": "string", "pattern": "^sha256 [A-Za-z0-9+/]+=*$"})
    offset = _header("Upload-Offset", NUMBER)
    checksum = _header(
        "Upload-Checksum", {"type": "string", "pattern": "^sha(1|256) [A-Za-z0-9+/]+=*$"}, False
    )
    piece = {"required": True, "content": {"application/offset+octet-stream": BYTES}}
    begin = operation("beginUpload", "A place for one attachment", "201", ("Location", "Upload-Offset", "Upload-Expires"),
                      "412", "413", "422", "429", parameters=[TUS, length, named])  # fmt: skip
    look = operation("lookAtUpload", "How much of it is on disk", "200", ("Upload-Offset", "Upload-Length", "Upload-Expires"),
                     "404", "412", "423", parameters=[ID, TUS])  # fmt: skip
    append = operation("appendToUpload", "More of it", "204", ("Upload-Offset", "Upload-Expires"), "404", "409", "412", "413",
                       "415", "422", "423", "429", "460", parameters=[ID, TUS, offset, checksum], requestBody=piece)  # fmt: skip
    drop = operation("dropUpload", "Forget it", "204", (), "404", "412", parameters=[ID, TUS])
    take = operation("takePhoto", "A photo for a form that is not saved yet; its hash", "201", (), "413", "422", "429",
                     requestBody={"required": True, "content": {"image/jpeg": BYTES}})  # fmt: skip
    show = {
        "operationId": "showPhoto",
        "summary": "The picture, to who may hold a record that names it",
        "security": [{"session": []}],
        "parameters": [HASH],
        "responses": {
            "200": {"description": "the picture", "content": {"image/jpeg": BYTES}},
            "303": {"description": "signed out"},
            "404": {"description": "no such photo for this person"},
        },
    }
    return {
        "/uploads": {"post": begin},
        "/uploads/{id}": {"head": look, "patch": append, "delete": drop},
        "/photos": {"put": take},
        "/photos/{hash}": {"get": show},
    }
