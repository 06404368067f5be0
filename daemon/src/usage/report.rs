//! What tenants used, for those who bill it.

use super::calendar::{Day, Month};
use super::quota::{Figures, MEASURES, Period};
use super::{StoredFigures, Usage, parse_key};
use crate::store::{StoreError, Table};
use std::fmt::Write;

/// Lines of one report.
pub const LINES_MAX: usize = 50_000;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Filter {
    /// By dates or by months.
    pub period: Period,
    /// Only from this date or month on, as it is shown.
    pub since: Option<String>,
    /// Only up to this one.
    pub until: Option<String>,
    /// Only of this dispatch namespace.
    pub namespace: Option<[u8; 16]>,
    /// Only of this tenant.
    pub tenant: Option<String>,
}

/// What one tenant used in one period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The dispatch namespace.
    pub namespace: [u8; 16],
    /// The tenant.
    pub tenant: String,
    /// The date or the month.
    pub period: String,
    /// What it used.
    pub figures: Figures,
}

impl Usage {
    /// What tenants used; durable before it is told. `None`: it has more than [`LINES_MAX`] lines.
    ///
    /// # Errors
    /// When the store takes no writes or cannot be read.
    pub async fn report(&self, filter: Filter) -> Result<Option<Vec<Line>>, StoreError> {
        self.sync().await?;
        let store = self.0.store.clone();
        postern_task::unblock(move || {
            let table = match filter.period {
                Period::Day => Table::UsageDays,
                Period::Month => Table::UsageMonths,
            };
            let prefix = filter.namespace.map(|id| id.to_vec()).unwrap_or_default();
            let (mut lines, mut over) = (Vec::new(), false);
            store
                .records()
                .visit(table, &prefix, |key, StoredFigures::V1(figures)| {
                    let line = line(key, figures, &filter);
                    over = lines.len() == LINES_MAX && line.is_some();
                    if !over {
                        lines.extend(line);
                    }
                    !over
                })?;
            Ok((!over).then_some(lines))
        })
        .await
    }
}

fn line(key: &[u8], figures: Figures, filter: &Filter) -> Option<Line> {
    let (tenant, number) = parse_key(key)?;
    let (namespace, name) = tenant.split_first_chunk::<16>()?;
    let period = match filter.period {
        Period::Day => Day(number).to_string(),
        Period::Month => Month(number).to_string(),
    };
    let tenant = String::from_utf8_lossy(name).into_owned();
    // A date is compared with as much of it as is given.
    let compared = |bound: &String| period[..bound.len().min(period.len())].cmp(bound);
    let wanted = filter.tenant.as_ref().is_none_or(|it| *it == tenant)
        && filter.since.as_ref().is_none_or(|it| compared(it).is_ge())
        && filter.until.as_ref().is_none_or(|it| compared(it).is_le());
    wanted.then_some(Line {
        namespace: *namespace,
        tenant,
        period,
        figures,
    })
}

/// A report as CSV (RFC 4180), a line a tenant and period. `named` tells a namespace's name.
pub fn csv(lines: &[Line], named: impl Fn([u8; 16]) -> String) -> String {
    let mut text = String::from("period,namespace,tenant");
    for measure in MEASURES {
        let _ = write!(text, ",{}", measure.name());
    }
    text.push_str("\r\n");
    for line in lines {
        let (namespace, tenant) = (named(line.namespace), &line.tenant);
        let _ = write!(
            text,
            "{},{},{}",
            line.period,
            field(&namespace),
            field(tenant)
        );
        for figure in line.figures {
            let _ = write!(text, ",{figure}");
        }
        text.push_str("\r\n");
    }
    text
}

/// A text as a field: quoted where it has to be, and never a formula of a spreadsheet.
fn field(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = match is_formula {
        true => format!("'{text}"),
        false => text.to_owned(),
    };
    match text.contains([',', '"', '\r', '\n']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_their_fields() {
        let line = |tenant: &str| Line {
            namespace: [0; 16],
            tenant: tenant.to_owned(),
            period: "2026-11-26".to_owned(),
            figures: [1, 2, 3, 4],
        };
        let text = csv(&[line("acme"), line("a,\"b\"\nc"), line("=1+1")], |_| {
            "prod".to_owned()
        });
        assert_eq!(
            text,
            "period,namespace,tenant,requests,fuel,egress-bytes,storage-bytes\r\n\
             2026-11-26,prod,acme,1,2,3,4\r\n\
             2026-11-26,prod,\"a,\"\"b\"\"\nc\",1,2,3,4\r\n\
             2026-11-26,prod,'=1+1,1,2,3,4\r\n"
        );
    }
}
