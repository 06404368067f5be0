//! A cron expression: five fields, in UTC, weekdays from 1 for Sunday (spec: SEMANTICS §18).

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Bytes of an expression.
pub const EXPRESSION_MAX: usize = 256;

/// An expression that is well formed and is due some day.
#[derive(Clone, Debug)]
pub struct Expression {
    text: String,
    cron: Box<Cron>,
}

/// Why an expression is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid cron string '{text}': {reason}; write five fields, minute hour day-of-month month weekday, in UTC, with weekdays from 1 for Sunday, as '*/30 * * * *'"
)]
pub struct BadExpression {
    text: String,
    reason: String,
}

impl Expression {
    /// Reads an expression.
    pub fn parse(text: &str) -> Result<Self, BadExpression> {
        let refused = |reason: String| BadExpression {
            text: text.chars().filter(|c| !c.is_control()).take(64).collect(),
            reason,
        };
        if text.len() > EXPRESSION_MAX {
            return Err(refused(format!(
                "it has {} bytes, the limit is {EXPRESSION_MAX}",
                text.len()
            )));
        }
        // The parser knows more than the field has: seconds, years, nicknames, `?` and `+`.
        if let Some(odd) = text
            .chars()
            .find(|c| !(c.is_ascii_alphanumeric() || " \t*,-/#".contains(*c)))
        {
            return Err(refused(format!("{odd:?} means nothing in it")));
        }
        let fields = text.split_ascii_whitespace().count();
        if fields != 5 {
            return Err(refused(format!("it has {fields} fields instead of 5")));
        }
        let cron = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed)
            .alternative_weekdays(true)
            .build()
            .parse(text)
            .map_err(|error| refused(error.to_string().trim_end_matches('.').to_owned()))?;
        let expression = Self {
            text: text.to_owned(),
            cron: Box::new(cron),
        };
        // From a day that has been: whether there is a next time must not depend on today.
        match expression.next(0) {
            Some(_) => Ok(expression),
            None => Err(refused("no day is meant by it".to_owned())),
        }
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first time after this one at which it is due.
    pub fn next(&self, after_ms: u64) -> Option<u64> {
        let after = i64::try_from(after_ms).ok()?;
        let after = Timestamp::from_millisecond(after).ok()?;
        let after = after.to_zoned(TimeZone::UTC);
        let next = self.cron.find_next_occurrence(&after, false).ok()?;
        let next = next.timestamp().as_millisecond();
        // Whole seconds, whatever the fraction that the search began with.
        u64::try_from(next - next.rem_euclid(1000)).ok()
    }
}
