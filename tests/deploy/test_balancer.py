"""The shipped nginx.conf in a real nginx, in front of two real gateways. Needs nginx on the machine."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.deploy.test_deploy import DEPLOY
from tests.scale.processes import PATIENCE, Company, GatewayProcess, ask, free_port, until

pytestmark = pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")

CUSTOMER = {"query": '{ customer(id: "c7") { name } }'}


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[GatewayProcess, GatewayProcess]]:
    with (
        Company(tmp_path / "company") as company,
        GatewayProcess(company, tmp_path / "one") as one,
        GatewayProcess(company, tmp_path / "two") as two,
    ):
        one.ready()
        two.ready()
        yield one, two


def moved(pair: tuple[GatewayProcess, GatewayProcess], port: int, folder: Path) -> Path:
    """The configuration as it is shipped, but for its places, which are those of the test."""
    text = (DEPLOY / "nginx.conf").read_text("utf-8")
    places = {
        "company:8001": f"127.0.0.1:{pair[0].port}",
        "company:8002": f"127.0.0.1:{pair[1].port}",
        "listen 8080": f"listen 127.0.0.1:{port}",
        "/tmp/nginx.pid": f"{folder}/pid",
        "/dev/stdout": f"{folder}/access",
        "/dev/stderr": f"{folder}/errors",
    }
    for place, here in places.items():
        assert text.count(place) == 1
        text = text.replace(place, here)
    found = folder / "nginx.conf"
    found.write_text(text, encoding="utf-8")
    return found


def status_of(port: int, path: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request("GET", path)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.timeout(180)
def test_nginx_shares_out_requests_and_goes_on_when_a_gateway_ends(
    pair: tuple[GatewayProcess, GatewayProcess], tmp_path: Path
) -> None:
    """Both gateways get requests, operators' paths are closed, and no request fails when one of them ends."""
    one, two = pair
    port = free_port()
    configuration = moved(pair, port, tmp_path)
    subprocess.run(["nginx", "-t", "-q", "-c", configuration], check=True)
    nginx = subprocess.Popen(["nginx", "-c", configuration, "-g", "daemon off;"])
    try:
        until(lambda: ask(port, "GET", "/health")[0] == 200)
        answers = [ask(port, "POST", "/graphql", CUSTOMER, one.headers) for _ in range(6)]
        served = (tmp_path / "access").read_text("utf-8")
        assert all(f"127.0.0.1:{gateway.port}" in served for gateway in pair)
        for path in ("/metrics", "/cache/invalidate", "/tokens/revoke", "/health/backends", "/health/ready"):
            assert status_of(port, path) == 404
        two.end()
        answers += [ask(port, "POST", "/graphql", CUSTOMER, one.headers) for _ in range(6)]
        assert {status for status, _ in answers} == {200}
        assert len({answer["data"]["customer"]["name"] for _, answer in answers}) == 1
    finally:
        nginx.terminate()
        nginx.wait(PATIENCE)
