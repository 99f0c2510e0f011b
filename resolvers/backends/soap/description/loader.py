"""The service description: loaded at start, and tried again in the background for as long as it is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from importlib import import_module
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct

from resolvers.backends.ports import Jitter
from resolvers.backends.soap.description.prefetch import Fetch, file_url, prefetch
from resolvers.backends.soap.problems import WsdlProblem
from resolvers.backends.soap.settings import SoapSettings
from resolvers.backends.soap.types import Service

FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0
"""Seconds between tries: doubled each time, with full jitter on the upper half."""

Sleep = Callable[[float], Awaitable[None]]


class WsdlState(Struct, frozen=True):
    """Where loading stands, for health. `problem` is the last try's; `skipped` is what of the WSDL cannot be used."""

    status: Literal["loading", "ready", "missing"] = "loading"
    tries: int = 0
    problem: str | None = None
    skipped: tuple[str, ...] = ()
    misfits: tuple[str, ...] = ()
    """What the configuration says about operations that does not fit the service description."""


class WsdlLoader:
    """Loads one service. `ready` is told the service once it is there and gives back what does not fit it."""

    def __init__(
        self,
        settings: SoapSettings,
        fetch: Fetch,
        ready: Callable[[Service], tuple[str, ...]],
        *,
        sleep: Sleep,
        jitter: Jitter,
    ) -> None:
        self._settings = settings
        self._fetch = fetch
        self._ready = ready
        self._sleep = sleep
        self._jitter = jitter
        self.state = WsdlState()

    async def run(self, tried: asyncio.Event) -> None:
        """Try until it succeeds; `tried` is set after the first try, whatever it brought."""
        pause = FIRST_PAUSE
        tries = 0
        while True:
            tries += 1
            try:
                service = await self.load()
                misfits = self._ready(service)
            except (WsdlProblem, TimeoutError) as problem:
                told = str(problem) or f"the WSDL did not come within {self._settings.wsdl_timeout:g} s"
                self.state = WsdlState("missing", tries, told)
                if isinstance(problem, WsdlProblem) and problem.permanent:
                    pause = LONGEST_PAUSE
                tried.set()
            else:
                self.state = WsdlState("ready", tries, None, service.skipped, misfits)
                tried.set()
                return
            await self._sleep(pause * (1 + self._jitter()) / 2)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def load(self) -> Service:
        """One try. Raises WsdlProblem, or TimeoutError when its documents do not come in time."""
        settings = self._settings
        start = settings.wsdl if settings.wsdl.startswith(("http://", "https://")) else file_url(Path(settings.wsdl))
        # Only what comes from elsewhere is timed: a large description that takes long to read would never be read else.
        async with asyncio.timeout(settings.wsdl_timeout):
            documents = await prefetch(start, self._fetch, hosts=frozenset(settings.wsdl_hosts))

        def load() -> Service:
            # zeep takes 0.3 s to import and 26 MB: in a thread, and only where a SOAP backend is configured.
            wsdl = import_module("resolvers.backends.soap.description.wsdl")
            service: Service = wsdl.load(start, documents, service=settings.service, port=settings.port)
            return service

        return await asyncio.to_thread(load)
