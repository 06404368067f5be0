//! The functions that a query can call.

use super::value::{Value, parse_time};
use super::{Expr, SqlError};

/// A function of one row's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::analytics) enum Scalar {
    Now,
    ToStartOfInterval,
    /// The start of so many seconds.
    ToStartOf(i64),
    ToDateTime,
    ToUnixTimestamp,
    ToNumber,
    ToText,
    IntDiv,
    Round,
    Floor,
    Ceil,
    Abs,
    Sqrt,
    Log,
    Pow,
    If,
    Lower,
    Upper,
    Length,
    Concat,
    Substring,
    StartsWith,
    EndsWith,
    Position,
    Least,
    Greatest,
    Coalesce,
    /// Has a syntax of its own.
    Between,
}

/// A function of many rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::analytics) enum Aggregate {
    Count,
    CountDistinct,
    Sum,
    Avg,
    Min,
    Max,
    Quantile,
    ArgMin,
    ArgMax,
    Any,
}

impl Scalar {
    /// The function of this name, and how many arguments it takes.
    pub fn named(name: &str) -> Option<(Self, std::ops::RangeInclusive<usize>)> {
        Some(match name.to_ascii_lowercase().as_str() {
            "now" => (Self::Now, 0..=0),
            "tostartofinterval" => (Self::ToStartOfInterval, 2..=3),
            "tostartofminute" => (Self::ToStartOf(60), 1..=1),
            "tostartoffiveminutes" | "tostartoffiveminute" => (Self::ToStartOf(300), 1..=1),
            "tostartoftenminutes" => (Self::ToStartOf(600), 1..=1),
            "tostartoffifteenminutes" => (Self::ToStartOf(900), 1..=1),
            "tostartofhour" => (Self::ToStartOf(3600), 1..=1),
            "tostartofday" | "todate" => (Self::ToStartOf(86_400), 1..=1),
            "todatetime" => (Self::ToDateTime, 1..=2),
            "tounixtimestamp" => (Self::ToUnixTimestamp, 1..=1),
            "touint8" | "touint16" | "touint32" | "touint64" | "toint32" | "toint64"
            | "tofloat64" | "tofloat32" => (Self::ToNumber, 1..=1),
            "tostring" => (Self::ToText, 1..=1),
            "intdiv" => (Self::IntDiv, 2..=2),
            "round" => (Self::Round, 1..=2),
            "floor" => (Self::Floor, 1..=1),
            "ceil" | "ceiling" => (Self::Ceil, 1..=1),
            "abs" => (Self::Abs, 1..=1),
            "sqrt" => (Self::Sqrt, 1..=1),
            "log" | "ln" => (Self::Log, 1..=1),
            "pow" | "power" => (Self::Pow, 2..=2),
            "if" => (Self::If, 3..=3),
            "lower" => (Self::Lower, 1..=1),
            "upper" => (Self::Upper, 1..=1),
            "length" => (Self::Length, 1..=1),
            "concat" => (Self::Concat, 1..=16),
            "substring" => (Self::Substring, 2..=3),
            "startswith" => (Self::StartsWith, 2..=2),
            "endswith" => (Self::EndsWith, 2..=2),
            "position" => (Self::Position, 2..=2),
            "least" => (Self::Least, 1..=16),
            "greatest" => (Self::Greatest, 1..=16),
            "coalesce" => (Self::Coalesce, 1..=16),
            _ => return None,
        })
    }

    /// What it gives; arguments are as many as it takes.
    pub fn call(self, arguments: &[Value], now_s: i64) -> Value {
        let at = |at: usize| arguments.get(at).unwrap_or(&Value::Null);
        let number = |place: usize| at(place).number();
        let math =
            |make: fn(f64) -> f64| number(0).map_or(Value::Null, |it| Value::Number(make(it)));
        match self {
            Self::Now => Value::Time(now_s),
            Self::ToStartOfInterval => match at(1) {
                Value::Interval(seconds) => start_of(at(0), *seconds),
                _ => Value::Null,
            },
            Self::ToStartOf(seconds) => start_of(at(0), seconds),
            Self::ToDateTime => time_of(at(0)).map_or(Value::Null, Value::Time),
            Self::ToUnixTimestamp => {
                time_of(at(0)).map_or(Value::Null, |it| Value::Number(it as f64))
            }
            Self::ToNumber => number(0).map_or(Value::Number(0.0), Value::Number),
            Self::ToText => Value::Text(at(0).text()),
            Self::IntDiv => match (number(0), number(1)) {
                (Some(a), Some(b)) if b != 0.0 => Value::Number((a / b).trunc()),
                _ => Value::Null,
            },
            Self::Round => {
                let digits = number(1).unwrap_or(0.0).clamp(-15.0, 15.0) as i32;
                let scale = 10f64.powi(digits);
                number(0).map_or(Value::Null, |it| {
                    Value::Number((it * scale).round() / scale)
                })
            }
            Self::Floor => math(f64::floor),
            Self::Ceil => math(f64::ceil),
            Self::Abs => math(f64::abs),
            Self::Sqrt => math(f64::sqrt),
            Self::Log => math(f64::ln),
            Self::Pow => match (number(0), number(1)) {
                (Some(a), Some(b)) => Value::Number(a.powf(b)),
                _ => Value::Null,
            },
            Self::If => at(if at(0).is_true() { 1 } else { 2 }).clone(),
            Self::Lower => Value::Text(at(0).text().to_lowercase()),
            Self::Upper => Value::Text(at(0).text().to_uppercase()),
            Self::Length => Value::Number(at(0).text().len() as f64),
            Self::Concat => Value::Text(arguments.iter().map(Value::text).collect()),
            Self::Substring => {
                // From 1, in characters.
                let from = number(1).unwrap_or(1.0).max(1.0) as usize - 1;
                let len = number(2).map_or(usize::MAX, |len| len.max(0.0) as usize);
                Value::Text(at(0).text().chars().skip(from).take(len).collect())
            }
            Self::StartsWith => Value::truth(at(0).text().starts_with(&at(1).text())),
            Self::EndsWith => Value::truth(at(0).text().ends_with(&at(1).text())),
            Self::Position => {
                let found = at(0).text().find(&at(1).text());
                Value::Number(found.map_or(0.0, |it| it as f64 + 1.0))
            }
            Self::Least => arguments
                .iter()
                .min_by(|a, b| a.order(b))
                .unwrap_or(&Value::Null)
                .clone(),
            Self::Greatest => arguments
                .iter()
                .max_by(|a, b| a.order(b))
                .unwrap_or(&Value::Null)
                .clone(),
            Self::Between => {
                let (low, high) = (at(0).compare(at(1)), at(0).compare(at(2)));
                Value::truth(low.is_some_and(|it| it.is_ge()) && high.is_some_and(|it| it.is_le()))
            }
            Self::Coalesce => {
                let mut some = arguments.iter().filter(|it| **it != Value::Null);
                some.next().unwrap_or(&Value::Null).clone()
            }
        }
    }
}

fn time_of(value: &Value) -> Option<i64> {
    match value {
        Value::Text(text) => parse_time(text),
        value => value.number().map(|it| it as i64),
    }
}

fn start_of(value: &Value, seconds: i64) -> Value {
    match time_of(value) {
        Some(at) if seconds > 0 => Value::Time(at - at.rem_euclid(seconds)),
        _ => Value::Null,
    }
}

/// How an aggregate is called: its function, whether it takes a condition behind its argument, and
/// whether it takes a weight there.
pub(in crate::analytics) struct Named {
    pub function: Aggregate,
    pub arguments: std::ops::RangeInclusive<usize>,
    /// The last argument is a condition.
    pub conditional: bool,
}

impl Aggregate {
    /// The aggregate of this name.
    pub fn named(name: &str) -> Option<Named> {
        let lower = name.to_ascii_lowercase();
        let named = |function, arguments| Named {
            function,
            arguments,
            conditional: false,
        };
        Some(match lower.as_str() {
            "count" => named(Self::Count, 0..=1),
            "sum" => named(Self::Sum, 1..=1),
            "avg" => named(Self::Avg, 1..=1),
            "min" => named(Self::Min, 1..=1),
            "max" => named(Self::Max, 1..=1),
            "uniq" | "uniqexact" => named(Self::CountDistinct, 1..=1),
            "any" | "first_value" => named(Self::Any, 1..=1),
            "argmin" => named(Self::ArgMin, 2..=2),
            "argmax" => named(Self::ArgMax, 2..=2),
            "median" => named(Self::Quantile, 1..=1),
            "quantile" | "quantileexact" => named(Self::Quantile, 1..=1),
            "quantileweighted" | "quantileexactweighted" => named(Self::Quantile, 2..=2),
            "countif" => Named {
                conditional: true,
                ..named(Self::Count, 1..=1)
            },
            "sumif" | "avgif" => Named {
                conditional: true,
                ..named(
                    if lower == "sumif" {
                        Self::Sum
                    } else {
                        Self::Avg
                    },
                    2..=2,
                )
            },
            _ => return None,
        })
    }
}

/// Refuses a number of arguments that a function does not take.
pub(super) fn check_count(
    function: &str,
    arguments: &[Expr],
    takes: &std::ops::RangeInclusive<usize>,
) -> Result<(), SqlError> {
    if takes.contains(&arguments.len()) {
        return Ok(());
    }
    Err(SqlError::Arguments {
        function: function.to_owned(),
        what: if arguments.len() < *takes.start() {
            "too few arguments"
        } else {
            "too many arguments"
        },
    })
}
