"""The portal against the schema: its types are generated, and what breaks its queries or its code does not pass."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PORTAL = ROOT / "examples" / "portal"
SCHEMA = ROOT / "schema" / "schema.graphql"

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("portal")]


async def output_of(*command: str, folder: Path) -> str:
    """What a command prints, on both channels. Raises AssertionError with it when the command fails."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, f"{' '.join(command)}\n{output.decode()}"
    return output.decode()


async def generated_and_checked(folder: Path) -> None:
    """What a developer does after a change of the schema. Raises AssertionError when the portal does not fit it."""
    node = shutil.which("node")
    assert node is not None, "the portal needs node and npm"
    await output_of(node, "generate.mjs", folder=folder)
    await output_of(node, "node_modules/.bin/tsc", folder=folder)


@pytest.fixture
async def npm() -> str:
    """npm, and the portal's packages in their place."""
    npm = shutil.which("npm")
    assert npm is not None, "the portal needs node and npm"
    if not (PORTAL / "node_modules").is_dir():
        await output_of(npm, "ci", folder=PORTAL)
    return npm


@pytest.fixture
async def copy(npm: str, tmp_path: Path) -> Path:
    """A copy of the portal and the schema, laid out alike."""
    folder = tmp_path / "examples" / "portal"
    shutil.copytree(PORTAL, folder, ignore=shutil.ignore_patterns("node_modules", "dist"))
    (folder / "node_modules").symlink_to(PORTAL / "node_modules")
    (tmp_path / "schema").mkdir()
    shutil.copy(SCHEMA, tmp_path / "schema")
    return folder


async def test_the_types_are_those_of_the_schema(npm: str) -> None:
    """The committed types are what the schema and the operations say, and the whole portal fits them."""
    await output_of(npm, "run", "check", folder=PORTAL)


async def test_its_units(npm: str) -> None:
    """The portal's own unit tests pass."""
    await output_of(npm, "test", folder=PORTAL)


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        (
            '  """What can be sold in all; null where the warehouse does not tell."""\n  available: Decimal\n}',
            "}",
            'Cannot query field "available"',
        ),
        ("  quantity: Decimal!", "  quantity: Decimal", "is not assignable to parameter of type 'string'"),
        ('  CANCELLED\n\n  """Came back', '  CANCELLED\n\n  LOST\n\n  """Came back', "'LOST' is missing"),
        (
            "    filter: InvoiceFilter = null",
            "    filter: InvoiceFilter!",
            'argument "filter" of type "InvoiceFilter!" is required',
        ),
    ],
    ids=["a field is gone", "a field may be null", "a state is new", "an argument is needed"],
)
async def test_a_breaking_change_does_not_pass(copy: Path, before: str, after: str, complaint: str) -> None:
    """A change of the schema that breaks the portal fails with the place: in a query, or in the code that uses it."""
    schema = copy.parents[1] / "schema" / "schema.graphql"
    text = schema.read_text(encoding="utf-8")
    assert before in text
    schema.write_text(text.replace(before, after), encoding="utf-8")
    with pytest.raises(AssertionError) as failed:
        await generated_and_checked(copy)
    assert complaint in str(failed.value)


async def test_old_types_are_noticed(npm: str, copy: Path) -> None:
    """A change that breaks nothing still has to be generated."""
    schema = copy.parents[1] / "schema" / "schema.graphql"
    text = schema.read_text(encoding="utf-8")
    schema.write_text(text.replace('"""Under way, wholly or in part."""', '"""On the road."""'), encoding="utf-8")
    with pytest.raises(AssertionError, match=r"generated\.ts is not what the schema and the operations say"):
        await output_of(npm, "run", "check", folder=copy)
