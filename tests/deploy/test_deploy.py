"""What is shipped for running the gateway fits the gateway: files parse, and names, ports and paths exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.app import Gateway
from gateway.demo import credentials
from gateway.demo.__main__ import FIRST_PORT
from gateway.demo.run import configuration_path
from gateway.demo.tokens import DEMO_KEY
from gateway.settings import CONFIG_VARIABLE, load
from tests.client import Client

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
IMAGE_VARIABLES = dict(re.findall(r"(BIZGRAPH_\w+)=(\S+)", DOCKERFILE))


def manifests() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for path in sorted(KUBERNETES.glob("*.yaml")):
        found += [document for document in yaml.safe_load_all(path.read_text("utf-8")) if document]
    return found


def manifest(kind: str, name: str) -> dict[str, Any]:
    (found,) = [one for one in manifests() if one["kind"] == kind and one["metadata"]["name"] == name]
    return found


def gateway_pod() -> dict[str, Any]:
    pod: dict[str, Any] = manifest("Deployment", "bizgraph")["spec"]["template"]["spec"]
    return pod


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "docker-compose.yaml").read_text("utf-8"))
    return found


def test_the_image_sets_what_the_gateway_reads(tmp_path: Path) -> None:
    """Every variable of the image is a setting, the port is the one exposed and asked for health."""
    settings = load(None, {name: value for name, value in IMAGE_VARIABLES.items() if name != CONFIG_VARIABLE})
    assert settings.server.host == "0.0.0.0"
    assert f"EXPOSE {settings.server.port}" in DOCKERFILE
    assert "/health/live" in DOCKERFILE
    assert CONFIG_VARIABLE in IMAGE_VARIABLES


def test_the_image_is_built_from_locks_and_runs_without_rights() -> None:
    """npm ci, packages by hash, and a user by number, which a cluster can check."""
    for line in ("npm ci", "--require-hashes", "--no-deps --no-build-isolation", "USER 10001"):
        assert line in DOCKERFILE
    stages = re.findall(r"^FROM \S+ AS (\w+)", DOCKERFILE, re.MULTILINE)
    assert set(re.findall(r"--from=(\w+)", DOCKERFILE)) <= set(stages)


def test_the_image_is_built_from_what_is_there() -> None:
    """Everything that is copied exists and is let through by .dockerignore, which lets no secret through."""
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    let_through = {line[1:] for line in ignored if line.startswith("!")}
    copied = [
        source.rstrip("/")
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    ]
    assert copied
    for source in copied:
        assert (ROOT / source).exists(), source
        assert source.partition("/")[0] in let_through
    assert ignored[0] == "*"
    assert "**/.env" in ignored


def test_compose_services_are_consistent(compose: dict[str, Any]) -> None:
    """Two gateways of one image on two ports, which are the balancer's; what they wait for exists."""
    services = compose["services"]
    gateways = {name: service for name, service in services.items() if name.startswith("gateway-")}
    assert len(gateways) == 2
    assert {service["image"] for service in gateways.values()} == {services["company"]["image"]} == {"bizgraph"}
    for service in services.values():
        assert set(service.get("depends_on", ())) <= services.keys()
        assert set(service.get("networks", ())) <= compose["networks"].keys()
    ports = {service["environment"]["BIZGRAPH_SERVER__PORT"] for service in gateways.values()}
    nginx = (DEPLOY / "nginx.conf").read_text("utf-8")
    assert set(re.findall(r"server company:(\d+)", nginx)) == ports
    assert services["nginx"]["ports"] == ["8000:" + re.findall(r"listen (\d+);", nginx)[0]]


def test_compose_gateways_start_with_what_they_are_given(compose: dict[str, Any]) -> None:
    """The variables of the compose file are settings, lead to the demo's systems, and hold every secret it names."""
    for name in ("gateway-1", "gateway-2"):
        service = compose["services"][name]
        variables = service["environment"]
        assert Path(service["command"][-1]).parts[-3:] == configuration_path().parts[-3:]
        settings = load(configuration_path(), variables)
        Gateway(settings, variables)
        assert settings.data.cache.store == "redis"
        assert settings.server.port == int(variables["BIZGRAPH_SERVER__PORT"])
        address = re.fullmatch(r"redis://(\w+):6379/0", variables["REDIS_URL"])
        assert address is not None
        assert address[1] in compose["services"]
        assert variables["DEMO_TOKEN_KEY"] == DEMO_KEY
        assert variables["DEMO_CRM_TOKEN"] == credentials.CRM_TOKEN
    urls = re.findall(r"http://127\.0\.0\.1:(\d+)", configuration_path().read_text("utf-8"))
    assert {int(port) for port in urls} == set(range(FIRST_PORT, FIRST_PORT + 4))


def test_a_balancer_passes_on_only_what_clients_need() -> None:
    """Metrics, invalidations and the state of backends are not reachable from outside."""
    nginx = (DEPLOY / "nginx.conf").read_text("utf-8")
    assert set(re.findall(r"location (?:= )?(\S+) {", nginx)) == {"/graphql", "/graphiql/", "/health", "/"}
    assert nginx.count("{") == nginx.count("}")
    settings = load(None, {})
    closing = re.search(r"keepalive_timeout (\d+)s", nginx)
    assert closing is not None
    assert int(closing[1]) < settings.server.idle_timeout


def test_manifests_name_what_exists() -> None:
    """Resources of the kustomization are files, and every reference between manifests leads somewhere."""
    (kustomization,) = [one for one in manifests() if one["kind"] == "Kustomization"]
    assert all((KUBERNETES / name).is_file() for name in kustomization["resources"])
    (generated,) = kustomization["configMapGenerator"]
    assert all((KUBERNETES / name).is_file() for name in generated["files"])
    pod = gateway_pod()
    volume = pod["volumes"][0]["configMap"]["name"]
    assert volume == generated["name"]
    secrets = {one["metadata"]["name"] for one in manifests() if one["kind"] == "Secret"}
    (container,) = pod["containers"]
    assert container["envFrom"][0]["secretRef"]["name"] in secrets
    assert container["image"] == kustomization["images"][0]["name"] == "bizgraph"
    target = manifest("HorizontalPodAutoscaler", "bizgraph")["spec"]["scaleTargetRef"]
    assert manifest(target["kind"], target["name"])
    labels = manifest("Deployment", "bizgraph")["spec"]["template"]["metadata"]["labels"]
    for selector in (
        manifest("PodDisruptionBudget", "bizgraph")["spec"]["selector"]["matchLabels"],
        manifest("Service", "bizgraph")["spec"]["selector"],
        manifest("NetworkPolicy", "redis")["spec"]["ingress"][0]["from"][0]["podSelector"]["matchLabels"],
    ):
        assert selector.items() <= labels.items()
    scraped = manifest("Deployment", "bizgraph")["spec"]["template"]["metadata"]["annotations"]
    assert scraped["prometheus.io/port"] == str(container["ports"][0]["containerPort"])


def test_the_clusters_configuration_starts_with_its_secrets() -> None:
    """The gateway can be put together from the ConfigMap and the Secret as they are shipped."""
    secret = manifest("Secret", "bizgraph")["stringData"]
    settings = load(KUBERNETES / "bizgraph.toml", {})
    Gateway(settings, secret)
    (container,) = gateway_pod()["containers"]
    assert settings.server.port == container["ports"][0]["containerPort"]
    mount = container["volumeMounts"][0]["mountPath"]
    assert container["env"] == [{"name": CONFIG_VARIABLE, "value": f"{mount}/bizgraph.toml"}]
    service = manifest("Service", "redis")
    assert f"@{service['metadata']['name']}:{service['spec']['ports'][0]['port']}/" in secret["REDIS_URL"]
    rules = manifest("Secret", "redis")["stringData"]["users.acl"]
    assert f"~{settings.data.cache.namespace}:*" in rules
    assert f"&{settings.data.cache.namespace}:*" in rules


async def test_pods_are_probed_bounded_and_without_rights() -> None:
    """Probes on paths that the gateway answers, a memory limit above the cache, a read-only system without rights,
    and time enough to end."""
    settings = load(KUBERNETES / "bizgraph.toml", {})
    gateway = Gateway(settings, manifest("Secret", "bizgraph")["stringData"])
    client = Client(gateway.entrance)
    pod = gateway_pod()
    (container,) = pod["containers"]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert (await client.request("GET", container[probe]["httpGet"]["path"])).status in (200, 503)
    assert pod["securityContext"]["runAsNonRoot"]
    assert f"USER {pod['securityContext']['runAsUser']}" in DOCKERFILE
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert not container["securityContext"]["allowPrivilegeEscalation"]
    limit = int(container["resources"]["limits"]["memory"].removesuffix("Mi")) * 2**20
    assert settings.data.cache.max_bytes < limit / 2
    pause = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] > settings.server.shutdown + pause


def test_no_secret_is_shipped() -> None:
    """What stands in the files is the demo's, or asks to be replaced."""
    for secret in [one for one in manifests() if one["kind"] == "Secret"]:
        assert all("replace-me" in value for value in secret["stringData"].values())


def test_the_demos_systems_run_alone() -> None:
    """`python -m gateway.demo` is what the compose file starts."""
    compose = yaml.safe_load((DEPLOY / "docker-compose.yaml").read_text("utf-8"))
    _, *arguments = compose["services"]["company"]["command"]
    done = subprocess.run([sys.executable, *arguments, "--help"], capture_output=True, text=True, check=True)
    assert "--first-port" in done.stdout


@pytest.mark.parametrize("mode", ["rest", "soap"])
def test_the_benchmarks_configuration_is_taken(mode: str) -> None:
    """What is compared with other gateways starts with the settings of today."""
    Gateway(load(ROOT / "benchmarks" / "peers" / f"{mode}.toml", {}), {"BENCH_KEY": "k" * 32})
