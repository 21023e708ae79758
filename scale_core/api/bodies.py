"""Files that come in the bodies of requests."""

from collections.abc import AsyncGenerator, Iterable
from typing import Any, Final
from urllib.parse import quote

from connexion.validators.abstract import AbstractRequestBodyValidator
from starlette.datastructures import Headers, MutableHeaders, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.types import Message, Receive, Scope

from scale_core.api.given import leave_body
from scale_core.services.exceptions import Invalid, invalid
from scale_core.specs import InvalidJSON, Problem, loads

FORM: Final = "multipart/form-data"
FILE_NAME_HEADER: Final = "X-File-Name"
MAX_FIELDS: Final = 10


class FileBody(AbstractRequestBodyValidator):
    """A JSON file, as the one field of a form or as the whole body: what comes behind this gets it as a JSON body, with
    the file's name in the header X-File-Name."""

    async def wrap_receive(self, receive: Receive, *, scope: Scope) -> tuple[Receive, Scope]:
        """Read the file and check that it is JSON.

        :raises Invalid: there is no such file, or it is none.
        """
        stream = _parts_of(receive)
        headers = Headers(scope=scope)
        name = headers.get(FILE_NAME_HEADER)
        if headers.get("content-type", "").startswith(FORM):
            content, name = await self._file_in_form(stream, headers)
        else:
            content = b"".join([part async for part in stream])
        leave_body(scope, _document(content))
        changed = {**scope, "headers": list(scope["headers"])}
        new = MutableHeaders(scope=changed)
        new["content-type"], new["content-length"] = "application/json", str(len(content))
        if name is not None:
            new[FILE_NAME_HEADER] = name
        message: Message = {"type": "http.request", "body": content, "more_body": False}
        return self._insert_messages(receive, messages=[message]), changed

    async def _file_in_form(self, stream: AsyncGenerator[bytes, None], headers: Headers) -> tuple[bytes, str]:
        (field,) = self._schema["properties"]
        try:
            parser = MultiPartParser(headers, stream, max_files=MAX_FIELDS, max_fields=MAX_FIELDS)
            form = await parser.parse()
        except MultiPartException as error:
            raise invalid(
                "", f"The form cannot be read: {error.message} Send the file as its field {field!r}."
            ) from error
        try:
            file = _only(form.multi_items(), field)
            content = await file.read()
        finally:
            await form.close()
        return content, quote(file.filename or field)


async def _parts_of(receive: Receive) -> AsyncGenerator[bytes, None]:
    more = True
    while more:
        message = await receive()
        more = message.get("more_body", False)
        yield message.get("body", b"")


def _only(items: Iterable[tuple[str, UploadFile | str]], field: str) -> UploadFile:
    """The one file of a form, which is its field ``field``."""
    problems = []
    files = []
    for name, value in items:
        if name != field:
            problems.append(Problem(f"/{name}", f"There is no field {name!r}; the form has one, the file {field!r}."))
        elif isinstance(value, str):
            problems.append(Problem(f"/{name}", "This is text; send a file, which has a file name in the form."))
        else:
            files.append(value)
    if not problems and len(files) != 1:
        what = f"{len(files)} files" if files else "no file"
        problems.append(Problem(f"/{field}", f"There is {what} {field!r} in the form; send one."))
    if problems:
        raise Invalid(problems)
    return files[0]


def _document(content: bytes) -> dict[str, Any]:
    try:
        document = loads(content)
    except InvalidJSON as error:
        raise invalid("", f"The file is not JSON: {error}.") from error
    if not isinstance(document, dict):
        raise invalid("", "The file holds no JSON object; send one as an export is.")
    return document
