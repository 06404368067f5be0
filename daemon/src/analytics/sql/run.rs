//! A query at work: it takes points, one after the other, and gives its answer at the end.

use super::functions::Aggregate;
use super::value::{Key, Value};
use super::{
    Aggregated, Answer, Binary, Column, Expr, Field, KEPT_MAX, Query, ROWS_MAX, Source, SqlError,
    Unary,
};
use crate::analytics::Point;
use std::collections::{BTreeMap, BTreeSet};

/// Names that stand for names.
const ALIASES_MAX: usize = 4;
/// Parts of all expressions, once names are replaced by what they stand for.
const NODES_MAX: usize = 10_000;
/// Bytes of what is kept until the answer: groups, rows, values of aggregates.
const BYTES_MAX: usize = 8 << 20;

/// A query at work.
pub struct Run<'a> {
    query: &'a Query,
    dataset: &'a str,
    now_s: i64,
    plan: Result<Plan, SqlError>,
    groups: BTreeMap<Key, Vec<State>>,
    rows: Vec<(Vec<Value>, Vec<Value>)>,
    bytes: usize,
    kept: usize,
}

/// The query's expressions, ready to be worked out.
struct Plan {
    columns: Vec<Expr>,
    filter: Option<Expr>,
    keys: Vec<Expr>,
    having: Option<Expr>,
    order: Vec<Expr>,
    aggregates: Vec<Aggregated>,
    is_grouped: bool,
}

/// What an aggregate knows so far.
enum State {
    Count(f64),
    Sum(Option<f64>),
    Avg(f64, f64),
    /// Least, greatest, or any.
    One(Option<Value>),
    /// What it was least or greatest by, and the value.
    By(Option<(Value, Value)>),
    Distinct(BTreeSet<Key>),
    Weighted(Vec<(f64, f64)>),
}

impl Plan {
    fn of(query: &Query) -> Result<Self, SqlError> {
        let mut nodes = 0;
        let mut resolve = |expr: &Expr| resolved(expr, &query.columns, 0, &mut nodes);
        let list = |exprs: Vec<&Expr>, resolve: &mut dyn FnMut(&Expr) -> Result<Expr, SqlError>| {
            exprs
                .into_iter()
                .map(resolve)
                .collect::<Result<Vec<_>, _>>()
        };
        let filter = query.filter.as_ref().map(&mut resolve).transpose()?;
        let keys = query.groups.iter().map(|key| match key {
            // `GROUP BY 1` is the first column.
            Expr::Value(Value::Number(number)) => column(&query.columns, *number).unwrap_or(key),
            key => key,
        });
        let keys = list(keys.collect(), &mut resolve)?;
        let columns = list(
            query.columns.iter().map(|it| &it.expr).collect(),
            &mut resolve,
        )?;
        let having = query.having.as_ref().map(&mut resolve).transpose()?;
        let order = query.order.iter().map(|(expr, _)| match expr {
            Expr::Value(Value::Number(number)) => column(&query.columns, *number).unwrap_or(expr),
            expr => expr,
        });
        let order = list(order.collect(), &mut resolve)?;
        for expr in filter.iter().chain(&keys) {
            if let Some(name) = aggregate_in(expr) {
                return Err(SqlError::Aggregate(name));
            }
        }
        let parts = columns.iter().chain(&having).chain(&order);
        let is_grouped = !keys.is_empty() || parts.clone().any(|it| aggregate_in(it).is_some());
        let mut plan = Self {
            columns,
            filter,
            keys,
            having,
            order,
            aggregates: Vec::new(),
            is_grouped,
        };
        if is_grouped {
            let (mut columns, mut order) = (
                std::mem::take(&mut plan.columns),
                std::mem::take(&mut plan.order),
            );
            let mut having = plan.having.take();
            for expr in columns.iter_mut().chain(&mut having).chain(&mut order) {
                slots(expr, &plan.keys, &mut plan.aggregates)?;
            }
            (plan.columns, plan.having, plan.order) = (columns, having, order);
        }
        Ok(plan)
    }
}

fn column(columns: &[Column], number: f64) -> Option<&Expr> {
    let at = (number as usize).checked_sub(1)?;
    columns.get(at).map(|column| &column.expr)
}

/// The parts of an expression.
fn children(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::Value(_) | Expr::Column(_) | Expr::Alias(_) | Expr::Key(_) | Expr::Slot(_) => {
            Vec::new()
        }
        Expr::Unary(_, inner) | Expr::IsNull(inner) => vec![inner],
        Expr::Binary(_, left, right) => vec![left, right],
        Expr::In(value, list) => std::iter::once(&**value).chain(list).collect(),
        Expr::Call(_, arguments) => arguments.iter().collect(),
        Expr::Aggregate(call) => call.argument.iter().chain(&call.second).collect(),
    }
}

fn children_mut(expr: &mut Expr) -> Vec<&mut Expr> {
    match expr {
        Expr::Value(_) | Expr::Column(_) | Expr::Alias(_) | Expr::Key(_) | Expr::Slot(_) => {
            Vec::new()
        }
        Expr::Unary(_, inner) | Expr::IsNull(inner) => vec![inner],
        Expr::Binary(_, left, right) => vec![left, right],
        Expr::In(value, list) => std::iter::once(&mut **value).chain(list).collect(),
        Expr::Call(_, arguments) => arguments.iter_mut().collect(),
        Expr::Aggregate(call) => call.argument.iter_mut().chain(&mut call.second).collect(),
    }
}

/// A copy with names of columns of the answer replaced by these.
fn resolved(
    expr: &Expr,
    columns: &[Column],
    depth: usize,
    nodes: &mut usize,
) -> Result<Expr, SqlError> {
    *nodes += 1;
    if *nodes > NODES_MAX {
        return Err(SqlError::TooMany {
            what: "parts, names replaced by what they stand for,",
            limit: NODES_MAX,
        });
    }
    if let Expr::Alias(name) = expr {
        let found = columns.iter().find(|column| column.name == *name);
        return match found.filter(|_| depth < ALIASES_MAX) {
            Some(column) => resolved(&column.expr, columns, depth + 1, nodes),
            None => Err(SqlError::Column(name.chars().take(40).collect())),
        };
    }
    // Without its parts, so that none is copied for nothing.
    let mut copy = match expr {
        Expr::Value(_) | Expr::Column(_) => return Ok(expr.clone()),
        other => other.clone(),
    };
    for part in children_mut(&mut copy) {
        *part = resolved(part, columns, depth, nodes)?;
    }
    Ok(copy)
}

fn aggregate_in(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Aggregate(call) => Some(format!("{:?}", call.function).to_lowercase()),
        other => children(other).into_iter().find_map(aggregate_in),
    }
}

/// Replaces what was grouped by and aggregates by their places.
fn slots(expr: &mut Expr, keys: &[Expr], aggregates: &mut Vec<Aggregated>) -> Result<(), SqlError> {
    if let Some(at) = keys.iter().position(|key| key == expr) {
        *expr = Expr::Key(at);
        return Ok(());
    }
    match expr {
        Expr::Aggregate(call) => {
            let inner = call.argument.iter().chain(&call.second);
            if let Some(name) = inner.into_iter().find_map(aggregate_in) {
                return Err(SqlError::Aggregate(name));
            }
            let known = aggregates.iter().position(|it| it == &**call);
            let at = known.unwrap_or(aggregates.len());
            if known.is_none() {
                aggregates.push((**call).clone());
            }
            *expr = Expr::Slot(at);
            Ok(())
        }
        Expr::Column(field) => Err(SqlError::NotGrouped(field_name(*field))),
        other => children_mut(other)
            .into_iter()
            .try_for_each(|part| slots(part, keys, aggregates)),
    }
}

fn field_name(field: Field) -> String {
    match field {
        Field::Blob(at) => format!("blob{}", at + 1),
        Field::Double(at) => format!("double{}", at + 1),
        Field::Index => "index1".to_owned(),
        Field::Timestamp => "timestamp".to_owned(),
        Field::Dataset => "dataset".to_owned(),
        Field::SampleInterval => "_sample_interval".to_owned(),
    }
}

/// What an expression is worked out over.
struct Row<'a> {
    point: Option<&'a Point>,
    dataset: &'a str,
    keys: &'a [Value],
    slots: &'a [Value],
    now_s: i64,
}

impl Row<'_> {
    fn field(&self, field: Field) -> Value {
        let Some(point) = self.point else {
            return Value::Null;
        };
        match field {
            Field::Blob(at) => Value::Text(point.blobs.get(at).cloned().unwrap_or_default()),
            Field::Double(at) => Value::Number(point.doubles.get(at).copied().unwrap_or_default()),
            Field::Index => Value::Text(point.index.clone()),
            Field::Timestamp => Value::Time(i64::try_from(point.at_ms / 1000).unwrap_or(i64::MAX)),
            Field::Dataset => Value::Text(self.dataset.to_owned()),
            // Nothing is sampled.
            Field::SampleInterval => Value::Number(1.0),
        }
    }

    fn work_out(&self, expr: &Expr) -> Value {
        match expr {
            Expr::Value(value) => value.clone(),
            Expr::Column(field) => self.field(*field),
            Expr::Key(at) => self.keys.get(*at).cloned().unwrap_or(Value::Null),
            Expr::Slot(at) => self.slots.get(*at).cloned().unwrap_or(Value::Null),
            // Names are replaced, and aggregates have places.
            Expr::Alias(_) | Expr::Aggregate(_) => Value::Null,
            Expr::Unary(Unary::Not, inner) => Value::truth(!self.work_out(inner).is_true()),
            Expr::Unary(Unary::Minus, inner) => match self.work_out(inner) {
                Value::Interval(seconds) => Value::Interval(seconds.saturating_neg()),
                value => value.number().map_or(Value::Null, |it| Value::Number(-it)),
            },
            Expr::Binary(Binary::And, left, right) => {
                Value::truth(self.work_out(left).is_true() && self.work_out(right).is_true())
            }
            Expr::Binary(Binary::Or, left, right) => {
                Value::truth(self.work_out(left).is_true() || self.work_out(right).is_true())
            }
            Expr::Binary(operator, left, right) => {
                binary(*operator, &self.work_out(left), &self.work_out(right))
            }
            Expr::In(value, list) => {
                let value = self.work_out(value);
                let is = |other: &Expr| {
                    value
                        .compare(&self.work_out(other))
                        .is_some_and(|it| it.is_eq())
                };
                Value::truth(list.iter().any(is))
            }
            Expr::IsNull(inner) => Value::truth(self.work_out(inner) == Value::Null),
            Expr::Call(function, arguments) => {
                let arguments: Vec<Value> = arguments.iter().map(|it| self.work_out(it)).collect();
                function.call(&arguments, self.now_s)
            }
        }
    }
}

fn binary(operator: Binary, left: &Value, right: &Value) -> Value {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let is = |orders: &[std::cmp::Ordering]| {
        let order = left.compare(right);
        Value::truth(order.is_some_and(|it| orders.contains(&it)))
    };
    match operator {
        Binary::Equal => is(&[Equal]),
        Binary::NotEqual => is(&[Less, Greater]),
        Binary::Less => is(&[Less]),
        Binary::LessEqual => is(&[Less, Equal]),
        Binary::Greater => is(&[Greater]),
        Binary::GreaterEqual => is(&[Greater, Equal]),
        Binary::Like => Value::truth(like(&left.text(), &right.text())),
        Binary::NotLike => Value::truth(!like(&left.text(), &right.text())),
        Binary::And | Binary::Or => Value::Null,
        Binary::Plus | Binary::Minus => {
            let sign = if operator == Binary::Plus { 1 } else { -1 };
            match (left, right) {
                (Value::Time(at), Value::Interval(seconds)) => {
                    Value::Time(at.saturating_add(seconds.saturating_mul(sign)))
                }
                (Value::Interval(a), Value::Interval(b)) => {
                    Value::Interval(a.saturating_add(b.saturating_mul(sign)))
                }
                (Value::Time(a), Value::Number(b)) => {
                    Value::Time(a.saturating_add((*b as i64).saturating_mul(sign)))
                }
                _ => numbers(left, right, |a, b| a + b * sign as f64),
            }
        }
        Binary::Times => numbers(left, right, |a, b| a * b),
        Binary::Divide => numbers(left, right, |a, b| a / b),
        Binary::Modulo => numbers(left, right, |a, b| a % b),
    }
}

fn numbers(left: &Value, right: &Value, make: impl Fn(f64, f64) -> f64) -> Value {
    match (left.number(), right.number()) {
        (Some(a), Some(b)) => Value::Number(make(a, b)),
        _ => Value::Null,
    }
}

/// `%` is any text, `_` any character. Goes back to the last `%` alone, so that no pattern is dear.
fn like(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) =
        (text.chars().collect(), pattern.chars().collect());
    let (mut at, mut in_pattern) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(in_pattern) {
            Some('%') => {
                back = Some((in_pattern, at));
                in_pattern += 1;
            }
            Some(it) if *it == '_' || *it == text[at] => {
                at += 1;
                in_pattern += 1;
            }
            _ => match back {
                Some((place, from)) => {
                    back = Some((place, from + 1));
                    at = from + 1;
                    in_pattern = place + 1;
                }
                None => return false,
            },
        }
    }
    pattern[in_pattern..].iter().all(|it| *it == '%')
}

fn bytes_of(values: &[Value]) -> usize {
    let text = |value: &Value| match value {
        Value::Text(text) => text.len(),
        _ => 0,
    };
    values.iter().map(|value| 32 + text(value)).sum()
}

impl State {
    fn new(function: Aggregate) -> Self {
        match function {
            Aggregate::Count => Self::Count(0.0),
            Aggregate::Sum => Self::Sum(None),
            Aggregate::Avg => Self::Avg(0.0, 0.0),
            Aggregate::Min | Aggregate::Max | Aggregate::Any => Self::One(None),
            Aggregate::ArgMin | Aggregate::ArgMax => Self::By(None),
            Aggregate::CountDistinct => Self::Distinct(BTreeSet::new()),
            Aggregate::Quantile => Self::Weighted(Vec::new()),
        }
    }

    /// Takes one row's value; gives how many bytes more are kept.
    fn take(&mut self, function: Aggregate, value: Value, second: Option<Value>) -> usize {
        if value == Value::Null {
            return 0;
        }
        match self {
            Self::Count(count) => *count += 1.0,
            Self::Sum(sum) => {
                if let Some(number) = value.number() {
                    *sum = Some(sum.unwrap_or(0.0) + number);
                }
            }
            Self::Avg(sum, count) => {
                if let Some(number) = value.number() {
                    *sum += number;
                    *count += 1.0;
                }
            }
            Self::One(best) => {
                let is_better = best.as_ref().is_none_or(|best| match function {
                    Aggregate::Min => value.order(best).is_lt(),
                    Aggregate::Max => value.order(best).is_gt(),
                    _ => false,
                });
                if is_better {
                    let bytes = bytes_of(std::slice::from_ref(&value));
                    *best = Some(value);
                    return bytes;
                }
            }
            Self::By(best) => {
                let by = second.unwrap_or(Value::Null);
                let is_better = best.as_ref().is_none_or(|(best, _)| match function {
                    Aggregate::ArgMin => by.order(best).is_lt(),
                    _ => by.order(best).is_gt(),
                });
                if is_better {
                    let bytes = bytes_of(&[value.clone(), by.clone()]);
                    *best = Some((by, value));
                    return bytes;
                }
            }
            Self::Distinct(seen) => {
                let bytes = bytes_of(std::slice::from_ref(&value)) + 32;
                if seen.insert(Key(vec![value])) {
                    return bytes;
                }
            }
            Self::Weighted(values) => {
                let weight = second.map_or(Some(1.0), |weight| weight.number());
                if let (Some(number), Some(weight)) = (value.number(), weight)
                    && weight > 0.0
                {
                    values.push((number, weight));
                    return 16;
                }
            }
        }
        0
    }

    fn value(&mut self, level: f64) -> Value {
        match self {
            Self::Count(count) => Value::Number(*count),
            Self::Sum(sum) => Value::Number(sum.unwrap_or(0.0)),
            Self::Avg(_, 0.0) => Value::Null,
            Self::Avg(sum, count) => Value::Number(*sum / *count),
            Self::One(value) => value.take().unwrap_or(Value::Null),
            Self::By(value) => value.take().map_or(Value::Null, |(_, value)| value),
            Self::Distinct(seen) => Value::Number(seen.len() as f64),
            Self::Weighted(values) => {
                values.sort_by(|a, b| a.0.total_cmp(&b.0));
                let total: f64 = values.iter().map(|(_, weight)| weight).sum();
                let mut sum = 0.0;
                let found = values.iter().find(|(_, weight)| {
                    sum += weight;
                    sum >= total * level
                });
                let found = found.or(values.last());
                found.map_or(Value::Null, |(value, _)| Value::Number(*value))
            }
        }
    }
}

impl<'a> Run<'a> {
    /// Begins; `now_ms` is what `NOW()` says.
    pub fn new(query: &'a Query, now_ms: u64) -> Self {
        let dataset = match &query.source {
            Source::Dataset(name) => name.as_str(),
            Source::Names => "",
        };
        Self {
            query,
            dataset,
            now_s: i64::try_from(now_ms / 1000).unwrap_or(i64::MAX),
            plan: Plan::of(query),
            groups: BTreeMap::new(),
            rows: Vec::new(),
            bytes: 0,
            kept: 0,
        }
    }

    /// Takes a point.
    ///
    /// # Errors
    /// What is wrong with the query, or that it needs too much.
    pub fn take(&mut self, point: &Point) -> Result<(), SqlError> {
        let plan = self.plan.as_ref().map_err(Clone::clone)?;
        let row = Row {
            point: Some(point),
            dataset: self.dataset,
            keys: &[],
            slots: &[],
            now_s: self.now_s,
        };
        if plan
            .filter
            .as_ref()
            .is_some_and(|it| !row.work_out(it).is_true())
        {
            return Ok(());
        }
        if !plan.is_grouped {
            let wanted = self.query.limit.unwrap_or(ROWS_MAX).min(ROWS_MAX);
            let enough = wanted.saturating_add(self.query.offset);
            if plan.order.is_empty() && self.rows.len() >= enough {
                return Ok(());
            }
            let values: Vec<Value> = plan.columns.iter().map(|it| row.work_out(it)).collect();
            let order: Vec<Value> = plan.order.iter().map(|it| row.work_out(it)).collect();
            self.bytes += bytes_of(&values) + bytes_of(&order);
            self.rows.push((values, order));
            return self.check();
        }
        let key = Key(plan.keys.iter().map(|it| row.work_out(it)).collect());
        if !self.groups.contains_key(&key) {
            if self.groups.len() >= ROWS_MAX {
                return Err(SqlError::TooMany {
                    what: "groups",
                    limit: ROWS_MAX,
                });
            }
            self.bytes += bytes_of(&key.0) + plan.aggregates.len() * size_of::<State>();
        }
        let states = self.groups.entry(key).or_insert_with(|| {
            let calls = plan.aggregates.iter();
            calls.map(|call| State::new(call.function)).collect()
        });
        for (state, call) in states.iter_mut().zip(&plan.aggregates) {
            let value = call
                .argument
                .as_ref()
                .map_or(Value::Number(1.0), |it| row.work_out(it));
            let second = call.second.as_ref().map(|it| row.work_out(it));
            let more = state.take(call.function, value, second);
            self.bytes += more;
            self.kept += usize::from(more > 0);
        }
        self.check()
    }

    fn check(&self) -> Result<(), SqlError> {
        if self.bytes > BYTES_MAX {
            return Err(SqlError::TooMany {
                what: "bytes of groups, rows and values to hold; say more in WHERE",
                limit: BYTES_MAX,
            });
        }
        if self.kept > KEPT_MAX {
            return Err(SqlError::TooMany {
                what: "values to aggregate; say more in WHERE",
                limit: KEPT_MAX,
            });
        }
        Ok(())
    }

    /// The answer.
    ///
    /// # Errors
    /// What is wrong with the query.
    pub fn finish(mut self) -> Result<Answer, SqlError> {
        let plan = self.plan?;
        if plan.is_grouped {
            // Without GROUP BY there is a row even of nothing.
            if plan.keys.is_empty() && self.groups.is_empty() {
                let calls = plan.aggregates.iter();
                let states = calls.map(|call| State::new(call.function)).collect();
                self.groups.insert(Key(Vec::new()), states);
            }
            for (key, mut states) in std::mem::take(&mut self.groups) {
                let calls = plan.aggregates.iter();
                let slots: Vec<Value> = states
                    .iter_mut()
                    .zip(calls)
                    .map(|(state, call)| state.value(call.level))
                    .collect();
                let row = Row {
                    point: None,
                    dataset: self.dataset,
                    keys: &key.0,
                    slots: &slots,
                    now_s: self.now_s,
                };
                if plan
                    .having
                    .as_ref()
                    .is_some_and(|it| !row.work_out(it).is_true())
                {
                    continue;
                }
                let values = plan.columns.iter().map(|it| row.work_out(it)).collect();
                let order = plan.order.iter().map(|it| row.work_out(it)).collect();
                self.rows.push((values, order));
            }
        }
        let directions = &self.query.order;
        self.rows.sort_by(|a, b| {
            let pairs = a.1.iter().zip(&b.1).zip(directions);
            pairs
                .map(|((a, b), (_, descending))| if *descending { b.order(a) } else { a.order(b) })
                .find(|order| order.is_ne())
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        let limit = self.query.limit.unwrap_or(ROWS_MAX).min(ROWS_MAX);
        let total = self.rows.len();
        let rows = self.rows.into_iter().skip(self.query.offset).take(limit);
        Ok(Answer::new(
            self.query,
            rows.map(|(values, _)| values).collect(),
            total,
        ))
    }
}
