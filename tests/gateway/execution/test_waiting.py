"""Waiting: what starts when, what waits for whom, and what happens to those nobody waits for any more."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLSchema, build_schema, execute_sync, parse

from gateway.execution.execute import Executor

SDL = """
type Query { a: Node b: Node c: Node need: Node! many: [Node!] few: [Node] }
type Mutation { one: Node two: Node! three: Node }
type Node { name: String id: ID! child: Node need: String! }
"""


class Stage:
    """A schema whose fields are released by name, and a diary of what started, ended and was cancelled."""

    def __init__(self) -> None:
        self.schema: GraphQLSchema = build_schema(SDL)
        self.diary: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}

    def gate(self, name: str) -> asyncio.Event:
        return self.gates.setdefault(name, asyncio.Event())

    async def act(self, name: str, value: Any) -> Any:
        self.diary.append(f"{name} starts")
        try:
            await self.gate(name).wait()
        except asyncio.CancelledError:
            self.diary.append(f"{name} cancelled")
            raise
        self.diary.append(f"{name} ends")
        if isinstance(value, Exception):
            raise value
        return value

    def batch(self, type_name: str, name: str, value: Any) -> None:
        def batch(parents: Any, info: Any) -> Any:
            return self.act(".".join(info.path), [value] * len(parents))

        self._field(type_name, name).extensions["bizgraph.batch"] = batch

    def each(self, type_name: str, name: str, value: Any) -> None:
        def resolve(_source: Any, info: Any) -> Any:
            return self.act(".".join(map(str, info.path.as_list())), value)

        self._field(type_name, name).resolve = resolve

    def plain(self, type_name: str, name: str, resolve: Any) -> None:
        self._field(type_name, name).resolve = resolve

    def _field(self, type_name: str, name: str) -> Any:
        return self.schema.type_map[type_name].fields[name]  # type: ignore[attr-defined] # an object type

    def start(self, text: str) -> asyncio.Task[ExecutionResult]:
        result: Any = Executor(self.schema).execute(parse(text))
        return asyncio.ensure_future(result)

    async def open(self, *names: str) -> None:
        for name in names:
            self.gate(name).set()
        await settled()


async def settled() -> None:
    """Let everything run that can."""
    for _ in range(12):
        await asyncio.sleep(0)


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    for name in ("a", "b", "c"):
        stage.batch("Query", name, {"name": name})
    stage.batch("Node", "child", {"name": "child"})
    return stage


async def test_siblings_start_together_and_children_as_soon_as_they_can(stage: Stage) -> None:
    """All siblings are asked at once; a child is asked when its parent is there, whatever its parent's siblings do."""
    run = stage.start("{ a { child { name } } b { child { child { name } } } c { name } }")
    await settled()
    assert stage.diary == ["a starts", "b starts", "c starts"]
    await stage.open("b")
    assert stage.diary[3:] == ["b ends", "b.child starts"]
    await stage.open("b.child", "c")
    assert stage.diary[5:] == ["b.child ends", "c ends", "b.child.child starts"]
    await stage.open("a", "a.child", "b.child.child")
    assert (await run).data == {
        "a": {"child": {"name": "child"}},
        "b": {"child": {"child": {"name": "child"}}},
        "c": {"name": "c"},
    }


async def test_resolvers_of_all_parents_start_together(stage: Stage) -> None:
    """Ordinary asynchronous resolvers run side by side, one per parent."""
    stage.plain("Query", "few", lambda *_: [{}, {}, {}])
    stage.each("Node", "name", "x")
    run = stage.start("{ few { name } }")
    await settled()
    assert stage.diary == [f"few.{n}.name starts" for n in range(3)]
    await stage.open("few.2.name", "few.0.name", "few.1.name")
    assert (await run).data == {"few": [{"name": "x"}] * 3}


async def test_an_awaitable_that_nobody_expected_delays_only_itself(stage: Stage) -> None:
    """An attribute that turns out to be awaitable does not hold up the relations beside it."""
    stage.plain("Query", "need", lambda *_: {"name": stage.act("name", "late")})
    run = stage.start("{ need { name child { name } } }")
    await settled()
    assert sorted(stage.diary) == ["name starts", "need.child starts"]
    await stage.open("need.child")
    await stage.open("name")
    assert (await run).data == {"need": {"name": "late", "child": {"name": "child"}}}


async def test_mutations_run_one_after_the_other(stage: Stage) -> None:
    """A root field of a mutation starts when the one before is complete, with everything below it."""
    for name in ("one", "two", "three"):
        stage.batch("Mutation", name, {"name": name})
    run = stage.start("mutation { two { child { name } } one { name } three { name } }")
    await settled()
    assert stage.diary == ["two starts"]
    await stage.open("two")
    assert stage.diary == ["two starts", "two ends", "two.child starts"]
    await stage.open("two.child", "one")
    assert stage.diary[3:] == ["two.child ends", "one starts", "one ends", "three starts"]
    await stage.open("three")
    assert list((await run).data or ()) == ["two", "one", "three"]


async def test_a_mutation_stops_when_no_data_is_left(stage: Stage) -> None:
    """After an error that leaves no data, later root fields are not executed, as in graphql-core."""
    stage.batch("Mutation", "one", {"name": "one"})
    stage.batch("Mutation", "two", ValueError("no"))
    stage.batch("Mutation", "three", {"name": "three"})
    run = stage.start("mutation { one { name } two { name } three { name } }")
    await stage.open("one", "two", "three")
    result = await run
    assert result.data is None
    assert [error.message for error in result.errors or ()] == ["no"]
    assert "three starts" not in stage.diary


async def test_cancelling_the_run_cancels_what_it_waits_for(stage: Stage) -> None:
    """When the caller goes away, everything that is running is cancelled and over before the run is."""
    run = stage.start("{ a { name } b { name } c { name } }")
    await settled()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert stage.diary[3:] == ["a cancelled", "b cancelled", "c cancelled"]


async def test_cancelling_a_run_that_waits_for_one_thing_cancels_it(stage: Stage) -> None:
    """The same when a single relation is waited for."""
    run = stage.start("{ a { name } }")
    await settled()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert stage.diary == ["a starts", "a cancelled"]


async def test_a_cancelled_resolver_cancels_the_run(stage: Stage) -> None:
    """A cancellation inside is no field error: it cancels the whole, as in graphql-core."""

    async def cancelled(*_: Any) -> Any:
        raise asyncio.CancelledError

    stage.plain("Query", "need", cancelled)
    run = stage.start("{ need { name } a { name } }")
    with pytest.raises(asyncio.CancelledError):
        await run
    assert stage.diary == ["a starts", "a cancelled"]


async def test_nobody_waits_when_no_data_is_left(stage: Stage) -> None:
    """After an error that leaves no data the answer does not wait for the rest, which is cancelled."""
    stage.batch("Query", "need", ValueError("no"))
    run = stage.start("{ a { name } need { name } b { name } }")
    await stage.open("need")
    result = await run
    assert result.data is None
    assert [error.path for error in result.errors or ()] == [["need"]]
    assert stage.diary[-2:] == ["a cancelled", "b cancelled"]


async def test_nobody_waits_for_what_has_been_turned_to_null(stage: Stage) -> None:
    """An object that an error turned to null does not hold up the answer; its neighbours are waited for."""
    stage.batch("Node", "need", ValueError("no"))
    run = stage.start("{ a { need child { name } } b { name } }")
    await stage.open("a")
    await stage.open("a.need")
    assert stage.diary[-1] == "a.child cancelled"
    await stage.open("b")
    assert (await run).data == {"a": None, "b": {"name": "b"}}


async def test_an_item_that_fails_releases_its_list(stage: Stage) -> None:
    """When one required item fails, the other items of its list are not waited for."""
    stage.plain("Query", "many", lambda *_: [stage.act("bad", ValueError("no")), stage.act("slow", {})])
    run = stage.start("{ many { name } }")
    await stage.open("bad")
    result = await run
    assert result.data == {"many": None}
    assert [error.path for error in result.errors or ()] == [["many", 0]]
    assert stage.diary[-1] == "slow cancelled"


async def test_futures_of_resolvers_are_left_alone() -> None:
    """A future that a resolver owns may be awaited by others, so only cancelling the run cancels it."""
    stage = Stage()
    bad, shared = asyncio.get_running_loop().create_future(), asyncio.get_running_loop().create_future()
    stage.plain("Query", "need", lambda *_: bad)
    stage.plain("Query", "a", lambda *_: shared)
    run = stage.start("{ need { name } a { name } }")
    await settled()
    bad.set_exception(ValueError("no"))
    assert (await run).data is None
    assert not shared.cancelled()
    shared.set_exception(ValueError("nobody looks"))
    await settled()


async def test_one_awaitable_may_answer_several_fields() -> None:
    """Resolvers may hand out the same future, as loaders do for equal keys."""
    stage = Stage()
    shared = asyncio.get_running_loop().create_future()
    for name in ("a", "b"):
        stage.plain("Query", name, lambda *_: shared)
    run = stage.start("{ a { name } b { name } again: a { name } }")
    await settled()
    shared.set_result({"name": "shared"})
    assert (await run).data == {name: {"name": "shared"} for name in ("a", "b", "again")}


async def test_what_started_before_a_fatal_error_finishes_in_the_background(stage: Stage) -> None:
    """An error at once leaves no data and no waiting; awaitables that exist by then still run, as in graphql-core."""

    def refuse(*_: Any) -> Any:
        raise ValueError("no")

    stage.plain("Query", "need", refuse)
    result = Executor(stage.schema).execute(parse("{ a { name } need { name } }"))
    assert isinstance(result, ExecutionResult)
    assert result.data is None
    await stage.open("a")
    assert stage.diary == ["a starts", "a ends"]


def test_without_an_event_loop_nothing_is_left_unawaited(stage: Stage) -> None:
    """Where nothing can ever run, coroutines that are not needed are closed, without a warning."""

    def refuse(*_: Any) -> Any:
        raise ValueError("no")

    stage.plain("Query", "need", refuse)
    result = Executor(stage.schema).execute(parse("{ a { name } need { name } }"))
    assert isinstance(result, ExecutionResult)
    assert execute_sync(build_schema("type Query { x: Int }"), parse("{ x }")).data == {"x": None}


async def test_an_interruption_leaves_nothing_unawaited(stage: Stage) -> None:
    """What is no error of a field, such as an interruption from the keyboard, ends the run at once."""

    def interrupt(*_: Any) -> Any:
        raise KeyboardInterrupt

    stage.plain("Query", "need", interrupt)
    with pytest.raises(KeyboardInterrupt):
        Executor(stage.schema).execute(parse("{ a { name } need { name } }"))
    assert stage.diary == []


async def test_one_relation_needs_no_task_and_several_one_each(stage: Stage) -> None:
    """Tasks are made per pending relation, never per object, and none where a single one is waited for."""
    stage.batch("Query", "many", [{"name": str(n)} for n in range(50)])
    before = len(asyncio.all_tasks())
    run = stage.start("{ many { child { name } } }")
    await settled()
    assert len(asyncio.all_tasks()) == before + 1, "the run itself"
    await stage.open("many")
    assert len(asyncio.all_tasks()) == before + 1, "fifty objects, one relation"
    await stage.open("many.child")
    await run
    run = stage.start("{ a { name } b { name } c { name } }")
    await settled()
    assert len(asyncio.all_tasks()) == before + 1 + 3
    await stage.open("a", "b", "c")
    await run
