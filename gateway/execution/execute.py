"""Executing GraphQL operations: graphql-core's `execute`, compiled.

    result = execute(schema, document, root_value, context_value, variable_values=...)

works on any `GraphQLSchema` and answers what graphql-core answers: the same data and the same errors, an awaitable
only when something has to be waited for. A server keeps an `Executor`, so that plans are shared between requests.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    assert_valid_schema,
    default_field_resolver,
    default_type_resolver,
)
from graphql import execute as core_execute
from graphql.execution.executor import Executor as CoreExecutor
from graphql.execution.values import VariableValues

from gateway.execution.fallback import Refusing, uncovered_arguments
from gateway.execution.lru import Lru
from gateway.execution.operation import Operation
from gateway.execution.plan import Plan, Policy
from gateway.execution.run import Run

Result = ExecutionResult | Awaitable[ExecutionResult]

_EXECUTOR = "bizgraph.executor"
_EVERYTHING = object()
"""Stands for the rights of a run without a policy; no policy's key equals it."""


class Executor:
    """Executes operations of one schema with at most `plans` plans in memory, the least recently used go first.

    A plan belongs to a document (the object, not its text), an operation name, what its variables decide about @skip
    and @include, a field resolver and a policy's key. Resolvers and types are read from the schema while planning:
    make a new Executor when the schema changes.

    Operations that are not covered run on graphql-core unchanged; `on_fallback` is told why, in a word or two that a
    metric can count.
    """

    __slots__ = ("_on_fallback", "_operations", "_plans", "schema")

    def __init__(
        self, schema: GraphQLSchema, *, plans: int = 1024, on_fallback: Callable[[str], None] | None = None
    ) -> None:
        assert_valid_schema(schema)
        self.schema = schema
        self._on_fallback = on_fallback
        self._operations: Lru[tuple[int, str | None], Operation] = Lru(entries=plans, bytes=8 * plans)
        self._plans: Lru[Hashable, Plan] = Lru(entries=plans, bytes=8 * plans)

    @property
    def plans(self) -> int:
        """How many plans are in memory."""
        return len(self._plans)

    def execute(
        self,
        document: DocumentNode,
        root_value: Any = None,
        context_value: Any = None,
        variable_values: dict[str, Any] | None = None,
        operation_name: str | None = None,
        field_resolver: Callable[..., Any] | None = None,
        type_resolver: Callable[..., Any] | None = None,
        *,
        policy: Policy | None = None,
        max_coercion_errors: int = 50,
        hide_suggestions: bool = False,
        **others: Any,
    ) -> Result:
        """Execute an operation of a validated document.

        Arguments and result are those of graphql-core's `execute`. What `policy` refuses is null with the refusal as
        its error, and neither it nor anything below it is fetched.
        """
        operation = self._operations.get((id(document), operation_name))
        if operation is None:
            known = self._operation(document, operation_name, variable_values, max_coercion_errors, hide_suggestions)
            if isinstance(known, ExecutionResult):
                return known
            operation = known
        reason = operation.uncovered
        if others:
            reason = uncovered_arguments(others) or reason
        if reason is not None:
            return self._fall_back(
                reason,
                document,
                root_value,
                context_value,
                variable_values,
                operation_name,
                field_resolver,
                type_resolver,
                policy,
                max_coercion_errors=max_coercion_errors,
                hide_suggestions=hide_suggestions,
                **others,
            )
        variables = operation.variables.coerce(variable_values, max_coercion_errors, hide_suggestions)
        if not isinstance(variables, VariableValues):
            return ExecutionResult(None, variables)
        if field_resolver is default_field_resolver:
            field_resolver = None
        rights = _EVERYTHING if policy is None else policy.key
        key = (operation, operation.steered(variables), field_resolver, hide_suggestions, rights)
        plan = self._plans.get(key)
        if plan is None:
            try:
                plan = Plan(
                    self.schema,
                    operation.node,
                    operation.fragments,
                    variables,
                    policy=policy,
                    field_resolver=field_resolver,
                    hide_suggestions=hide_suggestions,
                )
            except GraphQLError as error:
                return ExecutionResult(None, [error])
            self._plans.put(key, plan, 1)
        return Run(plan, root_value, context_value, variables, type_resolver or default_type_resolver).execute()

    def _operation(
        self,
        document: DocumentNode,
        operation_name: str | None,
        variable_values: dict[str, Any] | None,
        max_coercion_errors: int,
        hide_suggestions: bool,
    ) -> Operation | ExecutionResult:
        """The operation to execute, looked up in the document by graphql-core, or its errors."""
        built = CoreExecutor.build(
            self.schema,
            document,
            raw_variable_values=variable_values,
            operation_name=operation_name,
            max_coercion_errors=max_coercion_errors,
            hide_suggestions=hide_suggestions,
        )
        if isinstance(built, list):
            return ExecutionResult(None, built)
        operation = Operation(self.schema, document, built.operation, built.fragments)
        self._operations.put((id(document), operation_name), operation, 1)
        return operation

    def _fall_back(
        self,
        reason: str,
        document: DocumentNode,
        root_value: Any,
        context_value: Any,
        variable_values: dict[str, Any] | None,
        operation_name: str | None,
        field_resolver: Callable[..., Any] | None,
        type_resolver: Callable[..., Any] | None,
        policy: Policy | None,
        **others: Any,
    ) -> Result:
        if self._on_fallback is not None:
            self._on_fallback(reason)
        if policy is not None:
            others["middleware"] = Refusing(policy).around(others.get("middleware"))
        return core_execute(
            self.schema,
            document,
            root_value,
            context_value,
            variable_values,
            operation_name,
            field_resolver,
            type_resolver,
            **others,
        )


def execute(
    schema: GraphQLSchema,
    document: DocumentNode,
    root_value: Any = None,
    context_value: Any = None,
    variable_values: dict[str, Any] | None = None,
    operation_name: str | None = None,
    field_resolver: Callable[..., Any] | None = None,
    type_resolver: Callable[..., Any] | None = None,
    subscribe_field_resolver: Callable[..., Any] | None = None,
    max_coercion_errors: int = 50,
    enable_early_execution: bool = False,
    middleware: Any = None,
    executor_class: Any = None,
    is_awaitable: Any = None,
    is_async_iterable: Any = None,
    hide_suggestions: bool = False,
    abort_signal: Any = None,
    hooks: Any = None,
    *,
    policy: Policy | None = None,
    **custom_context_args: Any,
) -> Result:
    """graphql-core's `execute`, with its signature and its result; `policy` tells what the caller is refused.

    Arguments that change how fields are executed (`middleware`, `executor_class`, `is_awaitable`, `is_async_iterable`,
    `abort_signal`, `hooks` and custom ones) hand the operation to graphql-core. The schema keeps an Executor among its
    extensions.

    graphql-core's own tests of execution pass with this function in its place, but for what the specification leaves
    open and what is meant to be better here:

    - Errors of synchronous fields come in graphql-core's order. Those that were waited for come in the order in which
      their levels arrived, depth first within a level, and not in that of the event loop's turns.
    - When an error leaves an object null, errors that siblings below it would have met a few turns later are not
      waited for; graphql-core tells those that happen to arrive before the null does.
    - Fragments nested too deeply for Python's stack are no error below the root: nothing recurses over them at once.
    """
    executor = schema.extensions.get(_EXECUTOR)
    if executor is None or executor.schema is not schema:  # a copy of the schema has its extensions as well
        executor = schema.extensions[_EXECUTOR] = Executor(schema)
    others = {
        "middleware": middleware,
        "executor_class": executor_class,
        "is_awaitable": is_awaitable,
        "is_async_iterable": is_async_iterable,
        "abort_signal": abort_signal,
        "hooks": hooks,
        **custom_context_args,
    }
    return executor.execute(
        document,
        root_value,
        context_value,
        variable_values,
        operation_name,
        field_resolver,
        type_resolver,
        policy=policy,
        max_coercion_errors=max_coercion_errors,
        hide_suggestions=hide_suggestions,
        **{name: value for name, value in others.items() if value is not None},
    )
