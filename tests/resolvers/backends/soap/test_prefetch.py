"""Service descriptions with their imports: from allowed places, within limits, all at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from resolvers.backends.soap.description.prefetch import BUNDLED, file_url, prefetch, without_query
from resolvers.backends.soap.problems import WsdlProblem

START = "http://erp.test/service?wsdl"


def description(*imports: str) -> bytes:
    inner = "".join(
        f'<xs:schema><xs:import namespace="urn:x" schemaLocation="{place}"/></xs:schema>' for place in imports
    )
    return (
        '<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/" xmlns:xs="http://www.w3.org/2001/XMLSchema">'
        f"<w:types>{inner}</w:types></w:definitions>"
    ).encode()


class Web:
    """Documents by URL, and what was asked for."""

    def __init__(self, documents: dict[str, bytes]) -> None:
        self.documents = documents
        self.asked: list[str] = []
        self.together = 0
        self._now = 0

    async def __call__(self, url: str, most: int) -> bytes:
        self.asked.append(url)
        self._now += 1
        self.together = max(self.together, self._now)
        await asyncio.sleep(0)
        self._now -= 1
        if url not in self.documents:
            raise WsdlProblem(f"{url} answers HTTP 404")
        return self.documents[url]


async def test_imports_are_followed_once_and_at_once() -> None:
    """Every document is fetched one time, those of one level together, relative to where it was named."""
    web = Web(
        {
            START: description("a.xsd", "sub/b.xsd", "a.xsd#part"),
            "http://erp.test/a.xsd": description("sub/b.xsd", "service?wsdl"),
            "http://erp.test/sub/b.xsd": description("../a.xsd", "c.xsd"),
            "http://erp.test/sub/c.xsd": description(),
        }
    )
    found = await prefetch(START, web)
    assert set(found) - set(BUNDLED) == set(web.documents)
    assert len(web.asked) == 4
    assert web.together == 2


async def test_public_schemas_are_never_fetched() -> None:
    """SOAP encoding and the xml namespace are part of the package."""
    web = Web({START: description("http://schemas.xmlsoap.org/soap/encoding/", "http://www.w3.org/2001/xml.xsd")})
    await prefetch(START, web)
    assert web.asked == [START]


@pytest.mark.parametrize(
    "place",
    [
        "http://evil.test/x.xsd",
        "http://erp.test:8080/x.xsd",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "ftp://erp.test/x",
    ],
)
async def test_imports_from_other_places_are_refused(place: str) -> None:
    """A description cannot make the gateway ask another host, another port, or read a file."""
    web = Web({START: description(place)})
    with pytest.raises(WsdlProblem) as caught:
        await prefetch(START, web)
    assert caught.value.permanent
    assert web.asked == [START]


@pytest.mark.parametrize("place", ["http://[::1", "http://erp.test:99999999/x", "http://erp.test:0/x"])
async def test_an_import_that_is_no_url_is_told(place: str) -> None:
    """It ends this try with a reason, and not the search for the description."""
    with pytest.raises(WsdlProblem, match="imports from what is no URL") as caught:
        await prefetch(START, Web({START: description(place)}))
    assert caught.value.permanent


@pytest.mark.parametrize("place", ["http://ERP.test/x.xsd", "http://erp.test:80/x.xsd", " x.xsd\n", "//erp.test/x.xsd"])
async def test_one_host_may_be_spelled_in_several_ways(place: str) -> None:
    """Case, the scheme's own port and blanks around a location do not make another place of it."""
    web = Web({START: description(place), "http://erp.test/x.xsd": description()})
    web.documents[place] = description()
    assert len(set(await prefetch(START, web)) - set(BUNDLED)) == 2


async def test_a_refused_import_is_named_without_its_password() -> None:
    """Locations may hold credentials, and problems are shown by health."""
    with pytest.raises(WsdlProblem, match="imports from evil") as caught:
        await prefetch(START, Web({START: description("http://ann:secret@evil.test/x.xsd")}))
    assert "secret" not in str(caught.value)


async def test_imports_from_allowed_hosts_are_followed() -> None:
    """`wsdl_hosts` names further hosts, with any port or a certain one."""
    web = Web({START: description("http://schemas.test:81/x.xsd"), "http://schemas.test:81/x.xsd": description()})
    for hosts in ({"schemas.test"}, {"schemas.test:81"}):
        assert "http://schemas.test:81/x.xsd" in await prefetch(START, web, hosts=frozenset(hosts))
    with pytest.raises(WsdlProblem, match="wsdl_hosts"):
        await prefetch(START, web, hosts=frozenset({"schemas.test:80"}))


async def test_there_is_a_limit_to_documents_and_bytes() -> None:
    """A description that imports without end is given up."""
    endless = {f"http://erp.test/{n}.xsd": description(f"{n + 1}.xsd") for n in range(50)}
    with pytest.raises(WsdlProblem, match="more than 10 documents"):
        await prefetch("http://erp.test/0.xsd", Web(endless), max_documents=10)
    with pytest.raises(WsdlProblem, match="bytes"):
        await prefetch(START, Web({START: description() + b" " * 1000}), max_bytes=500)


@pytest.mark.parametrize("body", [b"<html><body>login</body></html", b"", b"{}", b"<!DOCTYPE x><definitions/>"])
async def test_what_is_no_description_is_told_as_such(body: bytes) -> None:
    """A login page, an empty file, a document with a DTD."""
    with pytest.raises(WsdlProblem, match="no service description"):
        await prefetch(START, Web({START: body}))


async def test_a_description_may_be_a_file_with_files_beside_it(tmp_path: Path) -> None:
    """`wsdl = "path"` reads the file and what it imports."""
    (tmp_path / "types").mkdir()
    (tmp_path / "a b.wsdl").write_bytes(description("types/t.xsd"))
    (tmp_path / "types" / "t.xsd").write_bytes(description())
    start = file_url(tmp_path / "a b.wsdl")
    found = await prefetch(start, Web({}))
    assert set(found) - set(BUNDLED) == {start, file_url(tmp_path / "types" / "t.xsd")}
    with pytest.raises(WsdlProblem, match="cannot be read"):
        await prefetch(file_url(tmp_path / "missing.wsdl"), Web({}))


def test_places_are_told_without_their_secrets() -> None:
    """Messages name a document without user, password and query."""
    assert without_query("https://ann:pw@erp.test/x?key=secret") == "https://erp.test/x"
