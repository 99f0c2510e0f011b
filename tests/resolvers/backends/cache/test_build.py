"""`[cache]`: what is accepted, which store an operation gets, and what its names tell."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from resolvers.backends.cache import CachedSource, CacheSettings, Codec, LayeredStore, MemoryStore, Naming
from resolvers.backends.cache.build import Cache
from resolvers.backends.cache.entries import LONGEST_KEY, Entry
from resolvers.backends.cache.settings import Freshness
from resolvers.backends.cache.shared import RedisStore
from resolvers.backends.credentials.secrets import MissingSecrets, Secrets
from resolvers.backends.source import BatchedSource
from resolvers.records import Customer, Order
from tests.doubles import DirectCaller, FakeClock
from tests.resolvers.backends.cache.conftest import Shop

LASTING = Freshness.model_validate({"ttl": "60s", "stale_if_error": "1h"})


def cache_of(clock: FakeClock, environment: dict[str, str] | None = None, **settings: Any) -> Cache:
    secrets = Secrets(environment or {})
    cache = Cache(CacheSettings.model_validate(settings), secrets, clock=clock, jitter=lambda: 0.0)
    secrets.check()
    return cache


def store_of(cache: Cache, operation: str, clock: FakeClock, freshness: Freshness = LASTING) -> object:
    inner = BatchedSource(
        Shop(operation).endpoint, DirectCaller(), key_of=lambda order: order.id, grouped=False, clock=clock
    )
    source = cache.over(inner, operation, Order, grouped=False, freshness=freshness, configuration="")
    return source._store if isinstance(source, CachedSource) else None


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"store": "redis"}, "redis_url is needed"),
        ({"redis_url": "redis://:s3cr3t@host"}, "holds a password"),
        ({"redis_url": "rediss://u:s3cr3t@host/0"}, "holds a password"),
        ({"redis_url": "redis://host?password=s3cr3t"}, "holds a password"),
        ({"redis_url": "s3cr3t"}, "write env:NAME"),
        ({"redis_url": "http://host"}, "write env:NAME"),
        ({"redis_timeout": "0s"}, "greater than 0"),
        ({"namespace": "a:b"}, "pattern"),
        ({"jitter": 0.9}, "less than or equal"),
        ({"size": 1}, "Extra inputs"),
    ],
)
def test_settings_that_cannot_be_meant(settings: dict[str, Any], reason: str) -> None:
    """Mistakes are refused by name, and a password written into the file is not repeated."""
    with pytest.raises(ValidationError, match=reason) as caught:
        CacheSettings.model_validate(settings)
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(
    ("environment", "reason"),
    [({}, "REDIS_URL is not set"), ({"REDIS_URL": "http://u:s3cr3t@host"}, "not an address of Redis")],
)
def test_an_address_that_is_missing_or_wrong(environment: dict[str, str], reason: str, clock: FakeClock) -> None:
    """The gateway does not start without the Redis that it is told to use, and says what is missing."""
    with pytest.raises(MissingSecrets, match=reason) as caught:
        cache_of(clock, environment, store="redis", redis_url="env:REDIS_URL")
    assert "cache.redis_url" in str(caught.value)
    assert "s3cr3t" not in str(caught.value)


async def test_each_operation_gets_its_store(clock: FakeClock) -> None:
    """Orders go to Redis, customers stay in the process unless `personal = "shared"`; nothing is kept without a TTL."""
    address = {"store": "redis", "redis_url": "redis://127.0.0.1:1"}
    for settings, orders, customers in (
        ({}, MemoryStore, MemoryStore),
        ({"store": "off"}, None, None),
        (address, RedisStore, MemoryStore),
        ({**address, "front": "2s"}, LayeredStore, MemoryStore),
        ({**address, "personal": "shared"}, RedisStore, RedisStore),
        ({**address, "personal": "shared", "front": "2s"}, LayeredStore, LayeredStore),
    ):
        cache = cache_of(clock, **settings)
        assert type(store_of(cache, "orders.by_ids", clock)) is (orders or type(None))
        assert type(store_of(cache, "customers.by_ids", clock)) is (customers or type(None))
        assert type(store_of(cache, "customers.list", clock)) is (customers or type(None))
        assert store_of(cache, "orders.by_ids", clock, Freshness()) is None
        await cache.close()


def test_invalidations_outlive_every_entry(clock: FakeClock) -> None:
    """They are kept for longer than the longest life that any operation gives its entries."""
    cache = cache_of(clock)
    store_of(cache, "orders.by_ids", clock)
    assert cache.invalidations.keep > 60 + 3600


async def test_without_redis_an_invalidation_stays_in_the_process(clock: FakeClock) -> None:
    """In memory there is nobody else to tell."""
    cache = cache_of(clock)
    await cache.open()
    await cache.invalidate(["order:o1"])
    assert cache.invalidations.covers("orders.by_ids", "o1", None, clock.time())
    await cache.close()


def test_names_tell_shape_configuration_and_caller() -> None:
    """Another record shape, mapping, namespace, operation, argument, forwarded header or tenant is another name."""
    prefixes = [
        Naming("a", "orders.by_ids", Order, "m").prefix((), ()),
        Naming("b", "orders.by_ids", Order, "m").prefix((), ()),
        Naming("a", "orders.by_skus", Order, "m").prefix((), ()),
        Naming("a", "orders.by_ids", Customer, "m").prefix((), ()),
        Naming("a", "orders.by_ids", Order, "n").prefix((), ()),
        Naming("a", "orders.by_ids", Order, "m").prefix((("x", "1"),), ()),
        Naming("a", "orders.by_ids", Order, "m").prefix((("x", 1),), ()),
        Naming("a", "orders.by_ids", Order, "m").prefix((), (("x", "1"),)),
        Naming("a", "orders.by_ids", Order, "m").prefix((), (), "t"),
    ]
    assert len(set(prefixes)) == len(prefixes)
    assert prefixes[0].startswith("a:")


def test_names_hold_no_credentials_and_stay_short() -> None:
    """What is forwarded appears as a digest only, and a key of any length makes a short name of its own."""
    naming = Naming("a", "orders.by_ids", Order, "m")
    prefix = naming.prefix((), (("Authorization", "Bearer s3cr3t"),))
    assert "s3cr3t" not in prefix
    long = ["k" * LONGEST_KEY, "k" * 5000, "k" * 4999 + "j", "o1"]
    names = naming.names(prefix, long)
    assert len(set(names)) == 4
    assert max(map(len, names)) <= len(prefix) + LONGEST_KEY
    assert names[3] == prefix + "o1"
    # Nor can somebody who can reckon digests ask for a key whose name is that of another.
    forged = [names[1].removeprefix(prefix), names[1].removeprefix(prefix[:-1])]
    assert not set(naming.names(prefix, forged)) & set(names)


@pytest.mark.parametrize("store", [{"store": "redis", "redis_url": "redis://127.0.0.1:1"}, {"store": "memory"}])
def test_accounts_that_share_a_store_have_names_of_their_own(store: dict[str, Any], clock: FakeClock) -> None:
    """Two tenants that differ in nothing but their credential do not share entries, and it cannot be read off."""
    cache = cache_of(clock, **store)
    one, other = cache.fingerprint(["s3cr3t-a"]), cache.fingerprint(["s3cr3t-b"])
    assert one != other
    assert one == cache.fingerprint(["s3cr3t-a"])
    assert "s3cr3t" not in one + other
    assert cache.fingerprint([]) == ""
    if cache.shared is not None:
        assert one == cache_of(clock, **store).fingerprint(["s3cr3t-a"])


@pytest.fixture
async def tls_address(address: str, tmp_path: Path) -> AsyncIterator[str]:
    """The same server behind TLS, with a certificate of an authority that only `ca.pem` knows."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(subject_name=name, issuer_name=name, public_key=key.public_key(), serial_number=1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (tmp_path / "ca.pem").write_bytes(certificate.public_bytes(pem))
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "ca.pem", tmp_path / "key.pem")
    port = int(address.rpartition(":")[2].partition("/")[0])
    pipes: set[asyncio.Task[None]] = set()

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", port)
        for task in (pipe(reader, server_writer), pipe(server_reader, writer)):
            pipes.add(asyncio.ensure_future(task))

    server = await asyncio.start_server(proxy, "127.0.0.1", 0, ssl=context)
    yield f"rediss://localhost:{server.sockets[0].getsockname()[1]}/0"
    server.close()
    await asyncio.gather(*pipes, return_exceptions=True)
    await server.wait_closed()


async def test_tls_is_verified(tls_address: str, tmp_path: Path, clock: FakeClock) -> None:
    """rediss:// is TLS with the server's certificate checked; one that is not trusted is a Redis that is away."""
    codec = Codec(Order)
    for address, failures in ((f"{tls_address}?ssl_ca_certs={tmp_path}/ca.pem", {}), (tls_address, {"set": 1})):
        cache = cache_of(clock, {"R": address}, store="redis", redis_url="env:R", redis_timeout="2s")
        assert cache.shared is not None
        cache.shared.put({"test:o1": Entry(1.0, 2.0, None)}, 60.0, codec)
        await cache.shared.written()
        assert cache.shared.failures == failures
        await cache.close()


async def test_what_else_is_shared_has_its_client(address: str, clock: FakeClock) -> None:
    """Revocations and rates may live in Redis while answers stay in the process, or nowhere."""
    for store in ("off", "memory"):
        cache = cache_of(clock, {"R": address}, store=store, redis_url="env:R", redis_timeout="2s")
        assert cache.redis is not None
        assert await cache.redis.ping()
        assert (cache.shared, cache.channel) == (None, None)
        await cache.close()
