"""The demo servers' control over HTTP, beside their business: what was called, and what shall go wrong.

    GET /__calls      {"calls": [...]}, oldest first                     DELETE /__calls    204, forgets them
    GET /__switch     {"offered": [...], "active": [...]}                DELETE /__switch   204, everything off
    PUT /__switch     {"name": "slow", "seconds": 2, "operation": "orders.by_ids", "times": 3} or a list of such; 204
    GET /__external   204, and a line in the log: where entities and redirects of the switches can be made to lead

The fields are those of `Trouble`. A server that refuses connections cannot be reached here either, so over HTTP
`refused` needs `seconds`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from gateway.demo.exchange import Answer, logged
from gateway.demo.switches import Switch, SwitchError, Trouble

if TYPE_CHECKING:
    from gateway.demo.server import DemoServer

_NO_CONTENT = 204


async def control(server: DemoServer, request: web.BaseRequest) -> web.StreamResponse:
    """Answers one call of the paths above; 404, 405 and 400 with `{"error": ...}` for anything else."""
    match request.path, request.method:
        case "/__calls", "GET":
            return _json({"calls": server.calls})
        case "/__calls", "DELETE":
            server.calls.clear()
            return web.Response(status=_NO_CONTENT)
        case "/__switch", "GET":
            return _json({"offered": server.switches, "active": server.troubles})
        case "/__switch", "DELETE":
            await server.switch_off()
            return web.Response(status=_NO_CONTENT)
        case "/__switch", "PUT":
            return await _switch(server, request)
        case "/__external", "GET":
            server.log(logged(request, Answer(operation="external", content_type="", body=b""), None))
            return web.Response(status=_NO_CONTENT)
        case "/__calls" | "/__switch" | "/__external", _:
            return _json({"error": "method not allowed"}, 405)
    return _json({"error": "there are /__calls and /__switch"}, 404)


async def _switch(server: DemoServer, request: web.BaseRequest) -> web.StreamResponse:
    try:
        wanted = msgspec.json.decode(await request.read(), type=Trouble | list[Trouble])
        troubles = wanted if isinstance(wanted, list) else [wanted]
        if any(trouble.name is Switch.REFUSED and trouble.seconds is None for trouble in troubles):
            raise SwitchError("refused needs seconds: afterwards nobody could switch it off here")
        for trouble in troubles:
            trouble.check(server.protocol, server.operations)
    except (msgspec.MsgspecError, SwitchError) as exc:
        return _json({"error": str(exc)}, 400)
    # Answered first: a switch may close this very connection.
    response = web.Response(status=_NO_CONTENT)
    await response.prepare(request)
    await response.write_eof()
    await server.script(troubles)
    return response


def _json(value: Any, status: int = 200) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(value), content_type="application/json")
