"""What all operations of one backend have in common when they are fitted to its service."""

from __future__ import annotations

from datetime import tzinfo

from resolvers.backends.soap.decoding.grammar import Grammar
from resolvers.backends.soap.problems import ConfigurationProblem
from resolvers.backends.soap.requests.request import Request, Unique
from resolvers.backends.soap.requests.templates import Secrets
from resolvers.backends.soap.security import Signer, UsernameToken
from resolvers.backends.soap.settings import SoapOperationSettings
from resolvers.backends.soap.types import Operation, Service


class Setup:
    """The service, once it is loaded, with the secrets and the WS-Security of the backend."""

    def __init__(
        self,
        *,
        address: str | None,
        zone: tzinfo | None,
        secrets: Secrets,
        unique: Unique,
        token: UsernameToken | None,
    ) -> None:
        self.service: Service | None = None
        self.signer: Signer | None = None
        self._address = address
        self._zone = zone
        self._secrets = secrets
        self._unique = unique
        self._token = token
        self._grammars: dict[bool, Grammar] = {}

    def __repr__(self) -> str:
        return "Setup()"

    def use(self, service: Service) -> None:
        """Fit operations to this service from now on."""
        self.service = service
        self._grammars.clear()

    def operation(self, service: Service, name: str) -> Operation:
        """Raises ConfigurationProblem for an operation that the service does not have."""
        found = service.operations.get(name)
        if found is None:
            known = ", ".join(sorted(service.operations)) or "none that can be used"
            raise ConfigurationProblem(f"the WSDL has no operation {name}; it has {known}")
        return found

    def grammar(self, service: Service, settings: SoapOperationSettings) -> Grammar:
        """One grammar serves all operations that read types alike."""
        texts = settings.types == "text"
        if texts not in self._grammars:
            self._grammars[texts] = Grammar(service, zone=self._zone, texts=texts)
        return self._grammars[texts]

    def request(self, service: Service, operation: Operation, settings: SoapOperationSettings) -> Request:
        """Raises ConfigurationProblem for arguments that the operation does not take."""
        return Request(
            operation,
            service,
            address=self._address or service.address or "",
            arguments=settings.arguments,
            headers=settings.headers,
            secrets=self._secrets,
            unique=self._unique,
            absent=settings.absent_arguments,
            token=self._token,
            signer=self.signer,
        )
