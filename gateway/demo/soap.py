"""What the two SOAP servers share: spyne behind aiohttp, on a thread of its own.

The service is at `/soap` and its WSDL, readable without a credential, at `/soap?wsdl`; anything else is 404. A call
without the right credential is 401; any other mistake of the caller is a fault of the sender with status 500, as spyne
sends all faults.
"""

from __future__ import annotations

import asyncio
import re
import sys
from abc import abstractmethod
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from io import BytesIO
from typing import Any, ClassVar, TypeVar

from aiohttp import web

from gateway.demo.exchange import Answer
from gateway.demo.server import DemoServer
from gateway.demo.spyne_door import Application, Fault, ServiceBase, WsgiApplication, rpc

MAX_KEYS = 500
"""How many keys one call may name."""
MAX_PAGE = 200

Row = TypeVar("Row")

_SERVER = "bizgraph.server"
_CALLED = "bizgraph.called"
_REFUSED = "bizgraph.refused"
_NOWHERE = "http://nowhere.example/soap"
"""The address in the WSDL of an application, which spyne writes once, however many servers come to use it."""
_PLAIN_TEXT = "text/plain; charset=utf-8"


class Entity:
    """A record for spyne to write: its values by element name, and how they were written the first time."""

    __slots__ = ("element", "values")

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values
        self.element: Any = None


def sender_fault(code: str, message: str) -> Exception:
    """The fault that blames the caller."""
    fault: Exception = Fault(f"Client.{code}", message)
    return fault


def operation(name: str, arguments: Mapping[str, Any], results: Mapping[str, Any], method: Callable[..., Any]) -> Any:
    """A spyne operation, document/literal wrapped; `method` gets the server and the arguments in this order."""

    def call(ctx: Any, *values: Any) -> Any:
        environ = ctx.transport.req_env
        environ[_CALLED] = name, dict(zip(arguments, values, strict=True))
        server = environ[_SERVER]
        if not server.admits(environ.get("HTTP_AUTHORIZATION", ""), ctx.in_header_doc):
            environ[_REFUSED] = True
            raise sender_fault("Unauthorized", "This needs a valid credential")
        return method(server, *values)

    call.__name__ = name  # by which spyne tells operations apart
    returned = list(results.values())
    names = (
        {"_out_variable_name": next(iter(results))} if len(returned) == 1 else {"_out_variable_names": list(results)}
    )
    return rpc(
        *arguments.values(),
        _args=list(arguments),
        _operation_name=name,
        _out_message_name=f"{name}Response",
        _returns=returned[0] if len(returned) == 1 else returned,
        **names,
    )(call)


def application(
    name: str, namespace: str, operations: list[Any], entity: Any, in_protocol: Any, out_protocol: Any
) -> Any:
    """A WSGI application of these operations, in which instances of the model `entity` are given as `Entity`."""
    write = out_protocol.complex_to_parent

    def write_entity(ctx: Any, cls: Any, inst: Entity, parent: Any, ns: str, *args: Any, **kwargs: Any) -> None:
        # spyne needs 150 µs for a product; copying what it wrote the first time takes a tenth of that.
        if inst.element is None:
            write(ctx, cls, inst.values, parent, ns, *args, **kwargs)
            inst.element = deepcopy(parent[-1])
        else:
            parent.append(deepcopy(inst.element))

    out_protocol.serialization_handlers[entity] = write_entity
    service = type(ServiceBase)(name, (ServiceBase,), {str(number): op for number, op in enumerate(operations)})
    made = WsgiApplication(
        Application([service], namespace, name=name, in_protocol=in_protocol, out_protocol=out_protocol)
    )
    made.doc.wsdl11.build_interface_document(_NOWHERE)
    return made


class SoapServer(DemoServer):
    """A SOAP server: a subclass brings its WSGI application and says who may call it."""

    protocol = "soap"
    misfit: ClassVar[re.Pattern[bytes]]
    """The start tag of the number that WRONG_TYPE turns into words."""

    def __init__(self) -> None:
        super().__init__()
        self._wsgi: Any = None
        self._thread: ThreadPoolExecutor | None = None

    @staticmethod
    @abstractmethod
    def application() -> Any:
        """The WSGI application that answers, built once per process."""

    @abstractmethod
    def admits(self, authorization: str, soap_headers: Any) -> bool:
        """Whether the call carries the right credential, in the HTTP header or among the SOAP header's elements."""

    async def start(self, port: int = 0) -> None:
        """Listens on this port, or on a free one. Raises OSError where the port is taken."""
        self._wsgi = self.application()
        # One thread is enough, since spyne computes and never waits; it starts with the first call.
        self._thread = self._thread or ThreadPoolExecutor(1, thread_name_prefix=f"demo-{self.name}")
        await super().start(port)

    async def stop(self) -> None:
        """Drops every connection at once; does nothing when it is not running."""
        await super().stop()
        if self._thread is not None:
            self._thread.shutdown(cancel_futures=True)
            self._thread = None

    async def answer(self, request: web.BaseRequest) -> Answer:
        """What spyne answers, or a refusal in plain text."""
        if request.path != "/soap":
            return Answer(operation="unknown", status=404, content_type=_PLAIN_TEXT, body=b"The service is at /soap")
        environ = self._environ(request, await request.read())
        answer = await asyncio.get_running_loop().run_in_executor(self._thread, self._call, environ)
        if environ.get(_REFUSED):
            return answer.replaced(
                status=401,
                headers={"WWW-Authenticate": f'Basic realm="{self.name}"'},
                content_type=_PLAIN_TEXT,
                body=b"This needs a valid credential",
            )
        return answer

    def spoilt(self, answer: Answer) -> Answer:
        """Every number after the start tag `misfit` becomes words."""
        return answer.replaced(body=self.misfit.sub(rb"\1quite a few", answer.body))

    def _environ(self, request: web.BaseRequest, body: bytes) -> dict[str, Any]:
        """The call in the words of WSGI (PEP 3333)."""
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": request.path,
            "QUERY_STRING": request.query_string,
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": str(self.port),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            _SERVER: self,
        }
        for name, value in request.headers.items():
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
        if "Content-Type" in request.headers:
            environ["CONTENT_TYPE"] = request.headers["Content-Type"]
        return environ

    def _call(self, environ: dict[str, Any]) -> Answer:
        status, headers = "", dict[str, str]()

        def start_response(given_status: str, given_headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            nonlocal status
            status = given_status
            headers.update(given_headers)

        body = b"".join(self._wsgi(environ, start_response))
        is_wsdl = environ["REQUEST_METHOD"] == "GET" and environ["QUERY_STRING"].lower().startswith("wsdl")
        if is_wsdl:
            body = body.replace(_NOWHERE.encode(), f"{self.url}/soap".encode())
        name, arguments = environ.get(_CALLED, ("wsdl" if is_wsdl else "unknown", {}))
        keys = next((value for value in arguments.values() if isinstance(value, list)), [])
        return Answer(
            operation=name,
            keys=tuple(keys),
            arguments={
                argument: value
                for argument, value in arguments.items()
                if value is not None and not isinstance(value, list)
            },
            status=int(status.split(" ", 1)[0]),
            content_type=headers["Content-Type"],
            body=body,
        )


def checked_keys(keys: list[str | None] | None) -> list[str]:
    """The keys, each once. Raises a sender fault for more than MAX_KEYS."""
    wanted = list(dict.fromkeys(key for key in keys or () if key is not None))
    if len(wanted) > MAX_KEYS:
        raise sender_fault("TooManyKeys", f"{len(wanted)} keys were given; {MAX_KEYS} are allowed")
    return wanted


def sorted_rows(rows: list[Row], sort: str, keys: Mapping[str, Callable[[Row], Any]]) -> list[Row]:
    """The rows by one of the keys, the other way round after a minus; those without a value come last either way.

    Raises a sender fault for a key that there is not.
    """
    key = keys.get(sort.removeprefix("-"))
    if key is None:
        raise sender_fault("BadParameter", f"sort must be one of {', '.join(keys)}, a minus in front or not")
    known = [row for row in rows if key(row) is not None]
    return sorted(known, key=key, reverse=sort.startswith("-")) + [row for row in rows if key(row) is None]


def page(rows: list[Any], offset: int | None, limit: int | None) -> list[Any]:
    """These rows from `offset` on, at most `limit` (default 50). Raises a sender fault for more than MAX_PAGE."""
    limit = 50 if limit is None else limit
    if not 1 <= limit <= MAX_PAGE:
        raise sender_fault("BadParameter", f"limit must be from 1 to {MAX_PAGE}")
    return rows[offset or 0 :][:limit]
