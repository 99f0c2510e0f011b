"""`bizgraph demo` as a stranger meets it: what it prints can be used as printed, and it ends when it is told to."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import orjson
import pytest

import gateway
from gateway.demo.welcome import QUERY
from tests.patience import PATIENT

README = Path(gateway.__file__).parents[1] / "README.md"
SYSTEMS = ("crm", "shop", "warehouse", "accounting")


class Demo:
    """The running command, and what it has printed."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gateway", "demo", "--port", "0"],
            env=os.environ | PATIENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        self.printed = ""
        while "Ctrl+C ends it." not in self.printed:
            line = self.process.stdout.readline()
            assert line, self.printed
            self.printed += line

    def address(self, name: str) -> str:
        """The address that is printed after a name."""
        found = re.search(rf"^ *{name} +(http://\S+)", self.printed, re.MULTILINE)
        assert found is not None, self.printed
        return found[1]

    def calls(self) -> dict[str, list[str]]:
        """The operations that each system was called for, descriptions of services left out."""
        logs = {name: fetched(f"{self.address(name)}/__calls")["calls"] for name in SYSTEMS}
        return {name: [call["operation"] for call in log if call["operation"] != "wsdl"] for name, log in logs.items()}

    def ended(self, number: signal.Signals) -> tuple[int, str]:
        """Ends it; the status, and what it printed meanwhile."""
        self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=50)
        return self.process.returncode, rest


def fetched(address: str, body: str | None = None, headers: dict[str, str] | None = None) -> Any:
    request = Request(address, None if body is None else body.encode(), headers or {})
    with urlopen(request, timeout=50) as answer:
        return orjson.loads(answer.read())


def run_curl(command: str) -> Any:
    """The JSON that a curl command of the simplest kind would print."""
    _, _, address, *options = shlex.split(command.replace("\\\n", ""))
    given = list(zip(options[::2], options[1::2], strict=True))
    headers = dict(value.split(": ", 1) for option, value in given if option == "-H")
    return fetched(address, next(value for option, value in given if option == "-d"), headers)


def shown_in_the_readme() -> tuple[str, Any]:
    """The README's query without comments and line breaks, and its answer."""
    text = README.read_text("utf-8")
    query, answer = (
        re.search(rf"^```{kind}\n(.*?)^```", text, re.MULTILINE | re.DOTALL) for kind in ("graphql", "json")
    )
    assert query is not None
    assert answer is not None
    return " ".join(re.sub(r"#.*", "", query[1]).split()), orjson.loads(answer[1])


@pytest.fixture
def demo() -> Iterator[Demo]:
    running = Demo()
    try:
        yield running
    finally:
        running.process.kill()
        running.process.communicate()


def test_the_printed_question_is_answered_by_four_systems_in_four_calls(demo: Demo) -> None:
    """The command to paste answers from all four as the README shows, with one call each; pasted again, with none."""
    command = demo.printed[demo.printed.index("curl ") : demo.printed.index("\n\nCtrl+C")]
    first = run_curl(command)
    assert (QUERY, first) == shown_in_the_readme()
    calls = demo.calls()
    assert calls == {
        "crm": ["customers.by_ids"],
        "shop": ["orders.by_customers"],
        "warehouse": ["GetProducts"],
        "accounting": ["GetInvoicesOfOrders"],
    }
    assert run_curl(command) == first
    assert demo.calls() == calls
    assert demo.ended(signal.SIGINT) == (0, "")


def test_the_printed_tokens_see_what_they_say(demo: Demo) -> None:
    """Three tokens are printed: a back office, a customer who sees itself only, and somebody for the inventory."""
    tokens = re.findall(r"^eyJ\S+$", demo.printed, re.MULTILINE)
    query = orjson.dumps({"query": "{ me { id } customers { totalCount } products { totalCount } }"}).decode()
    seen = []
    for token in tokens:
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        seen.append(fetched(demo.address("GraphiQL"), query, headers)["data"])
    assert seen == [
        {"me": None, "customers": {"totalCount": 1000}, "products": {"totalCount": 500}},
        {"me": {"id": "Customer:c7"}, "customers": {"totalCount": 1}, "products": {"totalCount": 500}},
        {"me": None, "customers": None, "products": {"totalCount": 500}},
    ]
    status, rest = demo.ended(signal.SIGTERM)
    assert status in (0, -signal.SIGTERM)
    assert rest == ""
