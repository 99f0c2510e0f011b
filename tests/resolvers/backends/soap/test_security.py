"""WS-Security in requests, checked as the receiving side checks it."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from lxml import etree

from resolvers.backends.soap.problems import ConfigurationProblem
from resolvers.backends.soap.security import DS, WSSE, WSU, Signer, UsernameToken, canonical, load_signer
from tests.resolvers.backends.soap.certificates import certificate_of, certificate_pem, new_key, pem_of
from tests.resolvers.backends.soap.fakes import Clock, entropy
from tests.resolvers.backends.soap.wsdls import SOAP11, SOAP12, envelope

NS = {"wsse": WSSE, "wsu": WSU, "ds": DS}
CLOCK = Clock(1_767_323_045.0)
PASSWORD = "pass<&>wörd"


def token(*, digest: bool = False, timestamp: bool = False) -> Any:
    made = UsernameToken("ann & co", PASSWORD, digest=digest, timestamp=timestamp, clock=CLOCK, entropy=entropy)
    assert PASSWORD not in repr(made)
    return etree.fromstring(made.header())


def test_a_password_is_sent_as_text() -> None:
    """UsernameToken profile 1.1 §3.1, PasswordText."""
    security = token()
    assert security.findtext("wsse:UsernameToken/wsse:Username", namespaces=NS) == "ann & co"
    password = security.find("wsse:UsernameToken/wsse:Password", namespaces=NS)
    assert (password.text, password.get("Type").rpartition("#")[2]) == (PASSWORD, "PasswordText")


def test_a_digest_proves_the_password_without_telling_it() -> None:
    """Base64(SHA-1(nonce + created + password)), with a nonce and a time of its own."""
    security = token(digest=True)
    assert PASSWORD.encode() not in etree.tostring(security)
    nonce = b64decode(security.findtext("wsse:UsernameToken/wsse:Nonce", namespaces=NS))
    created = security.findtext("wsse:UsernameToken/wsu:Created", namespaces=NS)
    assert created == "2026-01-02T03:04:05Z"
    expected = b64encode(hashlib.sha1(nonce + created.encode() + PASSWORD.encode()).digest()).decode()
    assert security.findtext("wsse:UsernameToken/wsse:Password", namespaces=NS) == expected


def test_a_timestamp_tells_for_how_long_the_message_is_good() -> None:
    """wsu:Timestamp holds when the message was made and when it ends."""
    stamp = token(timestamp=True).find("wsu:Timestamp", namespaces=NS)
    assert [child.text for child in stamp] == ["2026-01-02T03:04:05Z", "2026-01-02T03:09:05Z"]


def signer(key: rsa.RSAPrivateKey) -> Signer:
    counter = iter(range(1_000_000))
    return load_signer(
        pem_of(key), certificate_pem(key), None, clock=CLOCK, entropy=lambda count: next(counter).to_bytes(count, "big")
    )


def verify(message: bytes) -> set[str]:
    """The local names of what the signature covers. Raises InvalidSignature or AssertionError."""
    root = etree.fromstring(message)
    signature = root.find(".//ds:Signature", namespaces=NS)
    info = signature.find("ds:SignedInfo", namespaces=NS)
    place = signature.find("ds:KeyInfo/wsse:SecurityTokenReference/wsse:Reference", namespaces=NS).get("URI")[1:]
    by_id = {element.get(f"{{{WSU}}}Id"): element for element in root.iter() if element.get(f"{{{WSU}}}Id")}
    certificate = x509.load_der_x509_certificate(b64decode(by_id[place].text))
    public = certificate.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    value = b64decode(signature.findtext("ds:SignatureValue", namespaces=NS))
    public.verify(value, canonical(info), padding.PKCS1v15(), hashes.SHA256())
    covered = set()
    for reference in info.findall("ds:Reference", namespaces=NS):
        element = by_id[reference.get("URI")[1:]]
        digest = b64decode(reference.findtext("ds:DigestValue", namespaces=NS))
        if hashlib.sha256(canonical(element)).digest() != digest:
            raise InvalidSignature
        covered.add(etree.QName(element).localname)
    return covered


@pytest.mark.parametrize("namespace", [SOAP11, SOAP12])
def test_a_signature_covers_body_and_timestamp(namespace: str) -> None:
    """Whoever has the certificate can check both, after the message has been through another parser too."""
    message = envelope('<t:Get a="1"><id>é &amp; \n</id></t:Get>', namespace=namespace, header="<s:Header/>")
    signed = signer(new_key()).sign(message)
    assert verify(signed) == {"Body", "Timestamp"}
    assert verify(etree.tostring(etree.fromstring(signed), encoding="utf-16")) == {"Body", "Timestamp"}


def test_a_changed_message_does_not_verify() -> None:
    """One changed character of the body breaks the signature."""
    signed = signer(new_key()).sign(envelope("<t:Get><id>17</id></t:Get>"))
    with pytest.raises(InvalidSignature):
        verify(signed.replace(b"<id>17<", b"<id>18<"))


def test_each_message_has_ids_of_its_own() -> None:
    """Two signed messages can be told apart."""
    sign = signer(new_key()).sign
    message = envelope("<t:Get/>")
    assert sign(message) != sign(message)


def test_keys_that_cannot_sign_are_refused_at_start() -> None:
    """A wrong password, a wrong kind of key, a key of another certificate: each is told, without the key."""
    key, other, curve = new_key(), new_key(), ec.generate_private_key(ec.SECP256R1())

    def load(private: bytes, certificate: bytes, password: str | None = None) -> None:
        load_signer(private, certificate, password, clock=CLOCK, entropy=entropy)

    load(pem_of(key, "open"), certificate_pem(key), "open")
    for private, certificate, password in (
        (pem_of(key, "open"), certificate_pem(key), "shut"),
        (pem_of(key, "open"), certificate_pem(key), None),
        (b"no key", certificate_pem(key), None),
        (pem_of(key), b"no certificate", None),
        (pem_of(key), certificate_pem(other), None),
        (pem_of(curve), certificate_pem(curve), None),
    ):
        with pytest.raises(ConfigurationProblem) as caught:
            load(private, certificate, password)
        assert "PRIVATE" not in str(caught.value)
    assert certificate_of(key).serial_number == 1
