"""`[telemetry]`: what is told about what happens, and to whom."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
OperationName = Annotated[str, Field(pattern=r"^[_A-Za-z][_0-9A-Za-z]{0,99}$")]


class TelemetrySettings(BaseModel):
    """Logs, metrics and traces."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Lines of lesser weight are not written."
    )
    log_format: Literal["json", "console"] = Field("json", description="One JSON object per line, or for people.")
    log_sample: Share = Field(
        1.0, description="The share of operations without errors that are logged; those with errors always are."
    )
    log_failures: Annotated[int, Field(ge=1)] = Field(
        10, description="How many failed calls of one backend, operation and code are logged per second."
    )
    metrics: Literal["scope", "public", "off"] = Field(
        "scope", description="Who may read /metrics: a token with the scope ops:read, everybody, or nobody."
    )
    operations: tuple[OperationName, ...] = Field(
        (), description="Operations that metrics tell apart by name, whoever sends them."
    )
    most_operations: Annotated[int, Field(ge=0, le=1_000)] = Field(
        100, description="How many further names, of callers with a token, metrics tell apart. The rest are `other`."
    )
    traces: Literal["off", "otlp"] = Field(
        "off", description="Send spans to an OpenTelemetry collector (OTLP over HTTP); needs bizgraph[otel]."
    )
    traces_endpoint: AnyHttpUrl | None = Field(
        None, description="The collector, up to and including /v1/traces; OTEL_EXPORTER_OTLP_* where not given."
    )
    traces_sample: Share = Field(
        0.1, description="The share of operations that are traced when the caller has not decided it."
    )
