//! The answer to a query, in the format that it asks for.

use super::functions::{Aggregate, Scalar};
use super::value::{Value, shown_time};
use super::{Expr, Field, Format, Query};
use serde_json::{Map, Value as Json, json};

/// The answer to a query.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    columns: Vec<(String, &'static str)>,
    rows: Vec<Vec<Value>>,
    total: usize,
    format: Format,
}

impl Answer {
    pub(super) fn new(query: &Query, rows: Vec<Vec<Value>>, total: usize) -> Self {
        let columns = query.columns.iter();
        Self {
            columns: columns
                .map(|it| (it.name.clone(), kind(&it.expr, query, 0)))
                .collect(),
            rows,
            total,
            format: query.format,
        }
    }

    /// The answer to which datasets there are.
    pub(crate) fn of_names(query: &Query, names: Vec<String>) -> Self {
        let rows: Vec<Vec<Value>> = names
            .into_iter()
            .map(|name| vec![Value::Text(name), Value::Text("dataset".to_owned())])
            .collect();
        Self {
            columns: vec![
                ("dataset".to_owned(), "String"),
                ("type".to_owned(), "String"),
            ],
            total: rows.len(),
            rows,
            format: query.format,
        }
    }

    /// The media type of its text.
    pub fn content_type(&self) -> &'static str {
        match self.format {
            Format::Json => "application/json",
            Format::JsonEachRow => "application/x-ndjson",
            Format::TabSeparated => "text/tab-separated-values; charset=utf-8",
        }
    }

    /// Its text.
    pub fn text(&self) -> String {
        match self.format {
            Format::Json => {
                let columns = self.columns.iter();
                let meta: Vec<Json> = columns
                    .map(|(name, kind)| json!({"name": name, "type": kind}))
                    .collect();
                let rows: Vec<Json> = self.rows.iter().map(|row| self.object(row)).collect();
                json!({
                    "meta": meta,
                    "rows": rows.len(),
                    "data": rows,
                    "rows_before_limit_at_least": self.total,
                })
                .to_string()
            }
            Format::JsonEachRow => {
                let rows = self.rows.iter();
                rows.map(|row| format!("{}\n", self.object(row))).collect()
            }
            Format::TabSeparated => {
                let rows = self.rows.iter();
                rows.map(|row| {
                    let cells: Vec<String> = row.iter().map(cell).collect();
                    format!("{}\n", cells.join("\t"))
                })
                .collect()
            }
        }
    }

    fn object(&self, row: &[Value]) -> Json {
        let cells = self.columns.iter().zip(row);
        let object: Map<String, Json> = cells
            .map(|((name, _), value)| (name.clone(), shown(value)))
            .collect();
        Json::Object(object)
    }
}

fn cell(value: &Value) -> String {
    let escaped = |text: &str| {
        text.replace('\\', "\\\\")
            .replace('\t', "\\t")
            .replace('\n', "\\n")
    };
    match value {
        Value::Null => "\\N".to_owned(),
        value => escaped(&value.text()),
    }
}

fn shown(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        // What JSON cannot say is null.
        Value::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
            json!(*number as i64)
        }
        Value::Number(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::Time(seconds) => json!(shown_time(*seconds)),
        Value::Interval(seconds) => json!(seconds),
    }
}

/// The name that the field has for what an expression gives.
fn kind(expr: &Expr, query: &Query, depth: usize) -> &'static str {
    match expr {
        Expr::Column(Field::Blob(_) | Field::Index | Field::Dataset)
        | Expr::Value(Value::Text(_)) => "String",
        Expr::Column(Field::Timestamp) => "DateTime",
        Expr::Column(Field::SampleInterval) => "UInt32",
        Expr::Aggregate(call) => match call.function {
            Aggregate::Count | Aggregate::CountDistinct => "UInt64",
            Aggregate::Min
            | Aggregate::Max
            | Aggregate::Any
            | Aggregate::ArgMin
            | Aggregate::ArgMax => call
                .argument
                .as_ref()
                .map_or("Float64", |it| kind(it, query, depth)),
            _ => "Float64",
        },
        Expr::Call(function, arguments) => match function {
            Scalar::Now | Scalar::ToStartOfInterval | Scalar::ToStartOf(_) | Scalar::ToDateTime => {
                "DateTime"
            }
            Scalar::ToText | Scalar::Lower | Scalar::Upper | Scalar::Concat | Scalar::Substring => {
                "String"
            }
            Scalar::If | Scalar::Coalesce => arguments
                .last()
                .map_or("Float64", |it| kind(it, query, depth)),
            Scalar::Length | Scalar::Position | Scalar::StartsWith | Scalar::EndsWith => "UInt64",
            _ => "Float64",
        },
        Expr::Alias(name) if depth < 4 => {
            let column = query.columns.iter().find(|it| it.name == *name);
            column.map_or("Float64", |it| kind(&it.expr, query, depth + 1))
        }
        Expr::Binary(_, left, _) if kind(left, query, depth) == "DateTime" => "DateTime",
        _ => "Float64",
    }
}
