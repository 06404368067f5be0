//! The messages of OTLP that are sent, for tests: which fields each has, and of which kind. From
//! `opentelemetry/proto`: `collector/*/v1`, `metrics/v1`, `logs/v1`, `resource/v1`, `common/v1`.

use serde_json::Value;

/// What a field holds.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    /// A 64-bit number, which JSON has as text.
    Number64,
    Number32,
    Double,
    Bool,
    /// An enumeration, as its number.
    Enum,
    One(&'static str),
    Many(&'static str),
}

use Kind::{Bool, Double, Enum, Many, Number32, Number64, One, Text};

type Message = (&'static str, &'static [(&'static str, Kind)]);

const MESSAGES: &[Message] = &[
    (
        "ExportMetricsServiceRequest",
        &[("resourceMetrics", Many("ResourceMetrics"))],
    ),
    (
        "ResourceMetrics",
        &[
            ("resource", One("Resource")),
            ("scopeMetrics", Many("ScopeMetrics")),
            ("schemaUrl", Text),
        ],
    ),
    (
        "ScopeMetrics",
        &[
            ("scope", One("InstrumentationScope")),
            ("metrics", Many("Metric")),
            ("schemaUrl", Text),
        ],
    ),
    (
        "Metric",
        &[
            ("name", Text),
            ("description", Text),
            ("unit", Text),
            ("gauge", One("Gauge")),
            ("sum", One("Sum")),
        ],
    ),
    ("Gauge", &[("dataPoints", Many("NumberDataPoint"))]),
    (
        "Sum",
        &[
            ("dataPoints", Many("NumberDataPoint")),
            ("aggregationTemporality", Enum),
            ("isMonotonic", Bool),
        ],
    ),
    (
        "NumberDataPoint",
        &[
            ("attributes", Many("KeyValue")),
            ("startTimeUnixNano", Number64),
            ("timeUnixNano", Number64),
            ("asDouble", Double),
            ("asInt", Number64),
            ("flags", Number32),
        ],
    ),
    (
        "ExportLogsServiceRequest",
        &[("resourceLogs", Many("ResourceLogs"))],
    ),
    (
        "ResourceLogs",
        &[
            ("resource", One("Resource")),
            ("scopeLogs", Many("ScopeLogs")),
            ("schemaUrl", Text),
        ],
    ),
    (
        "ScopeLogs",
        &[
            ("scope", One("InstrumentationScope")),
            ("logRecords", Many("LogRecord")),
            ("schemaUrl", Text),
        ],
    ),
    (
        "LogRecord",
        &[
            ("timeUnixNano", Number64),
            ("observedTimeUnixNano", Number64),
            ("severityNumber", Enum),
            ("severityText", Text),
            ("body", One("AnyValue")),
            ("attributes", Many("KeyValue")),
            ("droppedAttributesCount", Number32),
            ("flags", Number32),
            ("traceId", Text),
            ("spanId", Text),
            ("eventName", Text),
        ],
    ),
    (
        "Resource",
        &[
            ("attributes", Many("KeyValue")),
            ("droppedAttributesCount", Number32),
        ],
    ),
    (
        "InstrumentationScope",
        &[
            ("name", Text),
            ("version", Text),
            ("attributes", Many("KeyValue")),
        ],
    ),
    ("KeyValue", &[("key", Text), ("value", One("AnyValue"))]),
    (
        "AnyValue",
        &[
            ("stringValue", Text),
            ("boolValue", Bool),
            ("intValue", Number64),
            ("doubleValue", Double),
        ],
    ),
];

/// Whether a value is the message of this name, all the way down.
pub fn check(value: &Value, message: &str) -> Result<(), String> {
    let (_, fields) = MESSAGES
        .iter()
        .find(|(name, _)| *name == message)
        .ok_or_else(|| format!("no message {message}"))?;
    let object = value
        .as_object()
        .ok_or_else(|| format!("{message} is no object: {value}"))?;
    for (key, value) in object {
        let (_, kind) = fields
            .iter()
            .find(|(name, _)| name == key)
            .ok_or_else(|| format!("{message} has no field {key}"))?;
        let fits = match kind {
            Text => value.is_string(),
            Number64 => value.as_str().is_some_and(|it| it.parse::<u64>().is_ok()),
            Number32 | Enum => value.as_u64().is_some_and(|it| it <= u64::from(u32::MAX)),
            Double => value.is_f64(),
            Bool => value.is_boolean(),
            One(inner) => {
                check(value, inner)?;
                true
            }
            Many(inner) => {
                let items = value
                    .as_array()
                    .ok_or_else(|| format!("{key} is no list"))?;
                for item in items {
                    check(item, inner)?;
                }
                true
            }
        };
        if !fits {
            return Err(format!("{message}.{key} is {value}"));
        }
    }
    let is_choice =
        |names: &[&str]| names.iter().filter(|it| object.contains_key(**it)).count() == 1;
    let chosen = match message {
        "AnyValue" => object.len() == 1,
        "Metric" => is_choice(&["gauge", "sum"]),
        "NumberDataPoint" => is_choice(&["asDouble", "asInt"]),
        _ => true,
    };
    match chosen {
        true => Ok(()),
        false => Err(format!("{message} has not one of what it can be: {value}")),
    }
}
