"""WS-Security 1.1 in requests: the UsernameToken profile (text and digest) and the X.509 profile (a signature).

A signature covers Body and the timestamp, with exclusive canonicalisation and SHA-256; the certificate goes along as a
BinarySecurityToken. Answers are not verified: TLS is what vouches for them.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree

from resolvers.backends.ports import Clock
from resolvers.backends.soap.problems import ConfigurationProblem
from resolvers.backends.soap.requests.writing import escape

_WSS: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE: Final = f"{_WSS}wssecurity-secext-1.0.xsd"
WSU: Final = f"{_WSS}wssecurity-utility-1.0.xsd"
_TOKEN: Final = f"{_WSS}username-token-profile-1.0"
_BASE64: Final = f"{_WSS}soap-message-security-1.0#Base64Binary"
_X509: Final = f"{_WSS}x509-token-profile-1.0#X509v3"
DS: Final = "http://www.w3.org/2000/09/xmldsig#"
_EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
_SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
_RSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
LIFETIME: Final = 300
"""Seconds for which a timestamp says that a message is valid."""

Entropy = Callable[[int], bytes]
"""So many random bytes; an argument, so that tests know them."""


class UsernameToken:
    """The header of the UsernameToken profile 1.1, §3. A digest has a nonce and a time of its own for every message."""

    def __init__(
        self, username: str, password: str, *, digest: bool, timestamp: bool, clock: Clock, entropy: Entropy
    ) -> None:
        self._username = username
        self._password = password
        self._digest = digest
        self._timestamp = timestamp
        self._clock = clock
        self._entropy = entropy

    def __repr__(self) -> str:
        return f"UsernameToken(digest={self._digest})"

    def header(self) -> str:
        """The Security element of one message."""
        now = self._clock.time()
        stamp = timestamp_element(now) if self._timestamp else ""
        if self._digest:
            nonce, created = self._entropy(16), zulu(now)
            digest = hashlib.sha1(nonce + created.encode() + self._password.encode()).digest()  # noqa: S324 - the profile's own (§3.1)
            password = (
                f'<wsse:Password Type="{_TOKEN}#PasswordDigest">{b64encode(digest).decode()}</wsse:Password>'
                f'<wsse:Nonce EncodingType="{_BASE64}">{b64encode(nonce).decode()}</wsse:Nonce>'
                f"<wsu:Created>{created}</wsu:Created>"
            )
        else:
            password = f'<wsse:Password Type="{_TOKEN}#PasswordText">{escape(self._password)}</wsse:Password>'
        return (
            f'<wsse:Security xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}">{stamp}<wsse:UsernameToken>'
            f"<wsse:Username>{escape(self._username)}</wsse:Username>{password}</wsse:UsernameToken></wsse:Security>"
        )


class Signer:
    """Signs whole messages with an RSA key (X.509 token profile 1.1; XML Signature, §6 and RFC 9231 §2.3.2)."""

    def __init__(
        self, key: rsa.RSAPrivateKey, certificate: x509.Certificate, *, clock: Clock, entropy: Entropy
    ) -> None:
        self._key = key
        self._token = b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()
        self._clock = clock
        self._entropy = entropy

    def __repr__(self) -> str:
        return "Signer()"

    def sign(self, message: bytes) -> bytes:
        """The message with a Security header that holds timestamp, certificate and signature."""
        envelope = etree.fromstring(message, etree.XMLParser(resolve_entities=False, no_network=True))
        space = etree.QName(envelope).namespace
        body = envelope.find(f"{{{space}}}Body")
        header = envelope.find(f"{{{space}}}Header")
        if header is None:
            header = etree.Element(f"{{{space}}}Header")
            envelope.insert(0, header)
        security = etree.SubElement(header, f"{{{WSSE}}}Security", nsmap={"wsse": WSSE, "wsu": WSU})
        security.set(f"{{{space}}}mustUnderstand", "1")
        stamp = etree.fromstring(timestamp_element(self._clock.time(), declared=True))
        security.append(stamp)
        token = etree.SubElement(security, f"{{{WSSE}}}BinarySecurityToken", ValueType=_X509, EncodingType=_BASE64)
        token.text = self._token
        for element in (body, stamp, token):
            element.set(f"{{{WSU}}}Id", f"id-{self._entropy(16).hex()}")
        self._append_signature(security, token, (body, stamp))
        signed: bytes = etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
        return signed

    def _append_signature(self, security: Any, token: Any, signed: tuple[Any, ...]) -> None:
        signature = etree.SubElement(security, f"{{{DS}}}Signature", nsmap={"ds": DS})
        info = etree.SubElement(signature, f"{{{DS}}}SignedInfo")
        etree.SubElement(info, f"{{{DS}}}CanonicalizationMethod", Algorithm=_EXCLUSIVE)
        etree.SubElement(info, f"{{{DS}}}SignatureMethod", Algorithm=_RSA_SHA256)
        for element in signed:
            reference = etree.SubElement(info, f"{{{DS}}}Reference", URI=f"#{element.get(f'{{{WSU}}}Id')}")
            transforms = etree.SubElement(reference, f"{{{DS}}}Transforms")
            etree.SubElement(transforms, f"{{{DS}}}Transform", Algorithm=_EXCLUSIVE)
            etree.SubElement(reference, f"{{{DS}}}DigestMethod", Algorithm=_SHA256)
            digest = etree.SubElement(reference, f"{{{DS}}}DigestValue")
            digest.text = b64encode(hashlib.sha256(canonical(element)).digest()).decode()
        value = etree.SubElement(signature, f"{{{DS}}}SignatureValue")
        value.text = b64encode(self._key.sign(canonical(info), padding.PKCS1v15(), hashes.SHA256())).decode()
        key_info = etree.SubElement(signature, f"{{{DS}}}KeyInfo")
        reference = etree.SubElement(key_info, f"{{{WSSE}}}SecurityTokenReference")
        etree.SubElement(reference, f"{{{WSSE}}}Reference", URI=f"#{token.get(f'{{{WSU}}}Id')}", ValueType=_X509)


def canonical(element: Any) -> bytes:
    """An element in Exclusive XML Canonicalization 1.0, without comments."""
    octets: bytes = etree.tostring(element, method="c14n", exclusive=True, with_comments=False, with_tail=False)
    return octets


def load_signer(key: bytes, certificate: bytes, password: str | None, *, clock: Clock, entropy: Entropy) -> Signer:
    """A signer from PEM. Raises ConfigurationProblem, which tells nothing of the key."""
    try:
        private = serialization.load_pem_private_key(key, None if password is None else password.encode())
        public = x509.load_pem_x509_certificate(certificate)
    except (ValueError, TypeError) as exc:
        raise ConfigurationProblem("the key or certificate for signing cannot be read") from exc
    if not isinstance(private, rsa.RSAPrivateKey):
        raise ConfigurationProblem("the key for signing is no RSA key")
    if private.public_key() != public.public_key():
        raise ConfigurationProblem("the key for signing does not belong to its certificate")
    return Signer(private, public, clock=clock, entropy=entropy)


def zulu(now: float) -> str:
    """Seconds since the epoch as xsd:dateTime in UTC."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def timestamp_element(now: float, *, declared: bool = False) -> str:
    """wsu:Timestamp (WS-Security 1.1, §10): when the message was made and how long it is good for."""
    later = now + timedelta(seconds=LIFETIME).total_seconds()
    declaration = f' xmlns:wsu="{WSU}"' if declared else ""
    return (
        f"<wsu:Timestamp{declaration}><wsu:Created>{zulu(now)}</wsu:Created>"
        f"<wsu:Expires>{zulu(later)}</wsu:Expires></wsu:Timestamp>"
    )
