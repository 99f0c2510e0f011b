"""Documents: text → limits → parse → limits → validation, done once per text and remembered, refusals included."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Literal

import orjson
from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
    validate,
)
from graphql.validation import ASTValidationRule, OverlappingFieldsCanBeMergedRule, ValidationContext, specified_rules
from graphql.validation.validate import ValidationAbortedError

from gateway.execution.document_limits import DocumentLimits, check_document, check_text
from gateway.execution.lru import Lru
from resolvers.errors import BadUserInput, GatewayError, OperationTooLarge

Kind = Literal["query", "mutation", "subscription"]

_MEMORY_PER_CHARACTER = 110
"""Bytes that a parsed document holds per character of its text, as measured on compact queries."""

_LONGEST_MESSAGE = 300
"""Messages quote the document; a name of 30,000 characters is not sent back whole."""

_MOST_LOCATIONS = 10
"""An error about a name that stands at 600 places tells where the first ones are."""


class UnknownOperation(BadUserInput):
    """The document does not tell which operation to run: no such name, or several operations and no name."""

    code = "OPERATION_RESOLUTION_FAILURE"


class Operation:
    """One operation of a valid document: the same object as long as the document is remembered; plans can key on it."""

    __slots__ = ("kind", "name", "node")

    def __init__(self, node: OperationDefinitionNode) -> None:
        self.node = node
        self.name: str | None = node.name.value if node.name else None
        self.kind: Kind = node.operation.value


class Document:
    """A text that was looked at: either its operations, or why it is refused.

    `errors` is empty for a valid document; otherwise it holds the formatted errors and `refusal` the whole answer as
    JSON, while `ast` and `operations` are empty. `hash` is the text's (see `text_hash`). `introspects` tells that an
    operation asks for the schema.
    """

    __slots__ = ("ast", "errors", "hash", "introspects", "operations", "refusal", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.hash = text_hash(text)
        self.ast: DocumentNode | None = None
        self.operations: dict[str | None, Operation] = {}
        self.errors: tuple[dict[str, Any], ...] = ()
        self.refusal: bytes | None = None
        self.introspects = False

    def operation(self, name: str | None) -> Operation:
        """The operation to run (GraphQL specification, GetOperation). Raises UnknownOperation."""
        if name is None:
            if len(self.operations) == 1:
                return next(iter(self.operations.values()))
            raise UnknownOperation("The document has several operations: operationName has to say which one to run.")
        operation = self.operations.get(name)
        if operation is None:
            raise UnknownOperation(f"The document has no operation named '{name[:_LONGEST_MESSAGE]}'.")
        return operation


class Documents:
    """The documents of one schema, at most `entries` of them and about `bytes` of memory.

    `get` neither raises nor waits. A text is parsed and validated only when it is met for the first time, or again
    after it was forgotten; a document that alone would take an eighth of `bytes` is not remembered.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        limits: DocumentLimits | None = None,
        *,
        entries: int = 1_000,
        bytes: int = 64 * 1024 * 1024,  # noqa: A002 - the bound is called what it bounds
        suggestions: bool = False,
        max_errors: int = 5,
    ) -> None:
        self.schema = schema
        self.limits = limits or DocumentLimits()
        self.cache: Lru[str, Document] = Lru(entries=entries, bytes=bytes)
        self._suggestions = suggestions
        self._max_errors = max_errors
        merging = _merging_rule(self.limits.merges)
        self._rules = [merging if rule is OverlappingFieldsCanBeMergedRule else rule for rule in specified_rules]

    def get(self, text: str) -> Document:
        """The document of a text; look at its `errors` before its operations."""
        document = self.cache.get(text)
        if document is None:
            document = self._read(text)
            held = _MEMORY_PER_CHARACTER * len(text) if document.ast else len(text) + len(document.refusal or b"")
            self.cache.put(text, document, held + 1_000)
        return document

    def _read(self, text: str) -> Document:
        document = Document(text)
        try:
            check_text(text, self.limits)
            ast = parse(text)
            document.introspects = check_document(ast, self.limits)
            errors = validate(
                self.schema, ast, self._rules, max_errors=self._max_errors, hide_suggestions=not self._suggestions
            )
        except GraphQLSyntaxError as error:
            return _refuse(document, [_formatted(error, "GRAPHQL_PARSE_FAILED")])
        except GraphQLError as error:
            return _refuse(document, [_formatted(error, "GRAPHQL_VALIDATION_FAILED")])
        except GatewayError as error:
            return _refuse(document, [{"message": error.message, "extensions": error.extensions}])
        if errors:
            return _refuse(document, [_formatted(error, "GRAPHQL_VALIDATION_FAILED") for error in errors])
        document.ast = ast
        for definition in ast.definitions:
            if isinstance(definition, OperationDefinitionNode):
                operation = Operation(definition)
                document.operations[operation.name] = operation
        return document


def text_hash(text: str) -> str:
    """The lower-case hex SHA-256 of a text in UTF-8, by which clients name documents."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _refuse(document: Document, errors: list[dict[str, Any]]) -> Document:
    document.errors = tuple(errors)
    document.refusal = orjson.dumps({"errors": errors})
    return document


def _formatted(error: GraphQLError, code: str) -> dict[str, Any]:
    message = error.message if len(error.message) <= _LONGEST_MESSAGE else error.message[:_LONGEST_MESSAGE] + "…"
    formatted: dict[str, Any] = {"message": message}
    if error.locations:
        formatted["locations"] = [location.formatted for location in error.locations[:_MOST_LOCATIONS]]
    formatted["extensions"] = {"code": code}
    return formatted


def _merging_rule(allowed: int) -> type[ASTValidationRule]:
    """The specification's rule on overlapping fields, which compares pairs, with a bound on how many it may compare."""

    class BoundedMerging(OverlappingFieldsCanBeMergedRule):
        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)
            self.rule_context.remaining_complexity_budget = allowed

        def enter_selection_set(self, selection_set: SelectionSetNode, _key: Any, parent: Any, *rest: Any) -> None:
            try:
                super().enter_selection_set(selection_set, _key, parent, *rest)
            except ValidationAbortedError as error:
                if self.rule_context.remaining_complexity_budget >= 0:
                    raise  # The number of errors was reached, not this bound.
                raise OperationTooLarge(
                    f"The operation is too large: its overlapping fields take more than {allowed} comparisons.",
                    limit="merges",
                    allowed=allowed,
                ) from error

    return BoundedMerging
