"""A SOAP backend: its service description, and one endpoint per configured operation."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import uuid4
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from resolvers.backends.credentials import Credentials, Secrets, WssUsernameAuth
from resolvers.backends.ports import Clock, Jitter, Reader
from resolvers.backends.rest.forward import Forwarding
from resolvers.backends.soap.channel import Channel
from resolvers.backends.soap.description.loader import Sleep, WsdlLoader, WsdlState
from resolvers.backends.soap.endpoint import SoapEndpoint
from resolvers.backends.soap.outcome import Outcomes
from resolvers.backends.soap.problems import ConfigurationProblem, SoapProblem
from resolvers.backends.soap.requests.request import Unique
from resolvers.backends.soap.requests.templates import secrets_in
from resolvers.backends.soap.security import Entropy, Signer, UsernameToken, load_signer
from resolvers.backends.soap.settings import SoapOperationSettings, SoapSettings, WssUsername, WssX509
from resolvers.backends.soap.setup import Setup
from resolvers.backends.soap.types import Service
from resolvers.backends.soap.vault import Vault

Record = TypeVar("Record")
ON_THE_LOOP: Final = 64 * 1024
"""The size of an answer up to which it is decoded on the event loop: about 1 ms. Larger ones go to a thread."""
DECODING_THREADS: Final = 2
START_PATIENCE: Final = 5.0
"""Seconds that a start waits for a description that is slow to come; it goes on loading behind the start."""


def random_id() -> str:
    """A UUID for wsa:MessageID."""
    return str(uuid4())


class SoapConnector:
    """`Connector` (ports.py) for SOAP.

    Opening needs no live backend: while the service description is missing, every attempt raises BackendUnavailable
    with the cause `wsdl`, and loading goes on in the background. Secrets are read when connector and endpoints are
    made; those that are missing are noted in `secrets`, whose `check` tells all of them. Raises ConfigurationProblem
    for settings that contradict each other.
    """

    def __init__(
        self,
        name: str,
        settings: SoapSettings,
        *,
        credentials: Credentials,
        secrets: Secrets,
        clock: Clock,
        jitter: Jitter,
        entropy: Entropy,
        sleep: Sleep = asyncio.sleep,
        unique: Unique = random_id,
    ) -> None:
        self.name = name
        self._settings = settings
        self._credentials = credentials
        self._vault = Vault(name, secrets)
        self._vault.also((*(credentials.fixed or ()), *credentials.query))
        self._clock = clock
        self._entropy = entropy
        self._setup = Setup(
            address=settings.url,
            zone=ZoneInfo(settings.zone) if settings.zone else None,
            secrets=self._vault.of,
            unique=unique,
            token=self._username_token(),
        )
        self._signing_password = self._secret_of_key()
        self._forwarding = Forwarding(settings.forward)
        self._endpoints: list[SoapEndpoint[Any]] = []
        self._channel = Channel(name, settings, credentials, clock)
        self._loader = WsdlLoader(settings, self._channel.fetch, self._loaded, sleep=sleep, jitter=jitter)
        self._loading: asyncio.Task[None] | None = None
        self._threads = ThreadPoolExecutor(DECODING_THREADS, thread_name_prefix=f"soap-{name}")

    def __repr__(self) -> str:
        return f"SoapConnector({self.name!r}, {self._loader.state.status})"

    @property
    def ready(self) -> bool:
        """Whether the service description is known, so that calls can be made."""
        return self._setup.service is not None

    @property
    def wsdl_state(self) -> WsdlState:
        """Where loading the service description stands; its texts hold no secret."""
        return self._loader.state

    @property
    def service(self) -> Service | None:
        """The loaded service, for tools that show what it offers; None while it is missing."""
        return self._setup.service

    def endpoint(
        self, operation_name: str, settings: SoapOperationSettings, reader: Reader[Record]
    ) -> SoapEndpoint[Record]:
        """The endpoint of one configured operation, such as `invoices.by_orders`."""
        for table in ("arguments", "headers"):
            for reference in secrets_in(getattr(settings, table)):
                self._vault.read(SecretStr(reference), f"{operation_name}.{table}")
        outcomes = Outcomes(
            self.name,
            operation_name,
            redact=self._vault.redacted,
            retry_fault=settings.retry_fault,
            show_message=settings.show_message,
        )
        made = SoapEndpoint(
            self, self._channel, self._setup, operation_name, settings, reader, outcomes, self._forwarding
        )
        self._endpoints.append(made)
        return made

    async def open(self) -> None:
        """Returns when the service description is there, after the first try to load it, or after START_PATIENCE.

        Raises ConfigurationProblem for certificates and keys that cannot be used.
        """
        try:
            context = await asyncio.to_thread(self._credentials.ssl_context, self._settings.ca)
        except (OSError, ssl.SSLError) as exc:
            raise ConfigurationProblem(f"{self.name}: the certificate files cannot be used") from exc
        if isinstance(self._settings.wss, WssX509):
            self._setup.signer = await asyncio.to_thread(self._signer, self._settings.wss)
        self._channel.open(context)
        tried = asyncio.Event()
        self._loading = asyncio.create_task(self._loader.run(tried), name=f"WSDL of {self.name}")
        with suppress(TimeoutError):
            await asyncio.wait_for(tried.wait(), START_PATIENCE)

    async def loaded(self) -> None:
        """Wait until the service description is there, however long that takes."""
        if self._loading is not None:
            await asyncio.shield(self._loading)

    async def close(self) -> None:
        """End loading and close the connections."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.wait([self._loading])
        await self._channel.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def work(self, size: int, function: Callable[[], Any]) -> Any:
        """Run it here, or off the loop when the answer that it works on is large."""
        if size <= ON_THE_LOOP:
            return function()
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._clock.time()

    def _loaded(self, service: Service) -> tuple[str, ...]:
        """Use the service from now on. Returns what the configuration says that does not fit it."""
        self._channel.aim(self._settings.url or service.address or "")
        self._setup.use(service)
        misfits = []
        for endpoint in self._endpoints:
            try:
                endpoint.prepare()
            except SoapProblem as problem:
                misfits.append(f"{endpoint.operation}: {problem}")
        return tuple(misfits)

    def _username_token(self) -> UsernameToken | None:
        for place, told in (("auth", self._settings.auth), ("wss", self._settings.wss)):
            if isinstance(told, (WssUsernameAuth, WssUsername)):
                return UsernameToken(
                    told.username,
                    self._vault.read(told.password, f"{place}.password"),
                    digest=told.digest,
                    timestamp=self._settings.wss_timestamp,
                    clock=self._clock,
                    entropy=self._entropy,
                )
        return None

    def _secret_of_key(self) -> str | None:
        wss = self._settings.wss
        if not isinstance(wss, WssX509) or wss.password is None:
            return None
        return self._vault.read(wss.password, "wss.password")

    def _signer(self, wss: WssX509) -> Signer:
        try:
            key, certificate = Path(wss.key).read_bytes(), Path(wss.certificate).read_bytes()
        except OSError as exc:
            raise ConfigurationProblem(f"{self.name}: the key or certificate for signing cannot be read") from exc
        return load_signer(key, certificate, self._signing_password, clock=self._clock, entropy=self._entropy)
