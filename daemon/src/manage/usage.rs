//! `…/postern/v1/usage`: what tenants used by dates or months, as JSON or CSV, for those who bill it.

use super::Manage;
use super::call::Call;
use super::envelope::{Answer, AnswerBody, Handled, Refusal, code, list};
use crate::catalog::name::{ACCOUNT, Id, shown};
use crate::usage::quota::{MEASURES, Period};
use crate::usage::{Filter, LINES_MAX, Line, csv};
use http::StatusCode;
use serde_json::{Map, Value, json};

impl<W: Send + Sync + 'static> Manage<W> {
    /// `?period=day|month&since=2026-11-01&until=2026-11-30&namespace=prod&tenant=acme&format=csv`
    pub(super) async fn get_usage(&self, call: Call) -> Handled {
        let usage = self
            .catalog
            .usage()
            .ok_or_else(|| Refusal::not_yet("Usage of tenants"))?;
        let (filter, is_csv) = self.usage_asked(&call)?;
        drop(call);
        let period = filter.period;
        self.told(usage.report(filter).await?, period, is_csv)
    }

    fn usage_asked(&self, call: &Call) -> Result<(Filter, bool), Refusal> {
        let bad = |what: &str, text: &str, wanted: &str| {
            let text = shown(text);
            Refusal::bad(code::BODY, format!("{what} is '{text}'; it is {wanted}"))
        };
        let period = match call.query("period") {
            None | Some("day") => Period::Day,
            Some("month") => Period::Month,
            Some(other) => return Err(bad("period", other, "day or month")),
        };
        let is_csv = match call.query("format") {
            None | Some("json") => false,
            Some("csv") => true,
            Some(other) => return Err(bad("format", other, "json or csv")),
        };
        let date = |name: &'static str| match call.query(name) {
            None | Some("") => Ok(None),
            Some(text) if is_date(text) => Ok(Some(text.to_owned())),
            Some(text) => Err(bad(
                name,
                text,
                "a date as 2026-11-26, or a month as 2026-11",
            )),
        };
        let namespace = call.query("namespace");
        let namespace = namespace
            .map(|name| self.catalog.namespace(name))
            .transpose()?;
        let filter = Filter {
            period,
            since: date("since")?,
            until: date("until")?,
            namespace: namespace.map(|it| it.id.0),
            tenant: call.query("tenant").map(str::to_owned),
        };
        Ok((filter, is_csv))
    }

    fn told(&self, lines: Option<Vec<Line>>, period: Period, is_csv: bool) -> Handled {
        let Some(lines) = lines else {
            return Err(Refusal::bad(
                code::LIMITS,
                format!(
                    "that is more than {LINES_MAX} lines, the limit; ask for less with since, until, namespace or tenant"
                ),
            ));
        };
        if is_csv {
            let text = csv(&lines, |id| self.named_for_people(id).unwrap_or_default());
            return Ok(Answer {
                status: StatusCode::OK,
                content_type: "text/csv; charset=utf-8".to_owned(),
                headers: Vec::new(),
                body: AnswerBody::Whole(text.into()),
            });
        }
        let count = lines.len();
        let shown = lines.iter().map(|line| self.shown_line(line)).collect();
        list(shown, json!({"count": count, "period": period.name()}))
    }

    fn named_for_people(&self, namespace: [u8; 16]) -> Option<String> {
        let name = self.catalog.namespace_named(namespace);
        match name {
            Some(name) if name == ACCOUNT => None,
            Some(name) => Some(name),
            None => Some(Id(namespace).hex()),
        }
    }

    fn shown_line(&self, line: &Line) -> Value {
        let mut told = Map::new();
        told.insert("period".to_owned(), line.period.as_str().into());
        let namespace = self.named_for_people(line.namespace);
        told.insert("namespace".to_owned(), namespace.into());
        told.insert("tenant".to_owned(), line.tenant.as_str().into());
        for (measure, figure) in MEASURES.iter().zip(line.figures) {
            told.insert(measure.name().to_owned(), figure.into());
        }
        Value::Object(told)
    }
}

/// Whether a text is `2026-11-26` or `2026-11`, and in the calendar.
fn is_date(text: &str) -> bool {
    let is_right = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    if !text.bytes().enumerate().all(is_right) {
        return false;
    }
    let is_day = |text: &str| text.parse::<jiff::civil::Date>().is_ok();
    match text.len() {
        7 => is_day(&format!("{text}-01")),
        10 => is_day(text),
        _ => false,
    }
}
