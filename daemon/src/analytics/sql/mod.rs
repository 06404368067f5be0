//! The small part of SQL that data points are asked with, in the field's dialect.
//!
//! `SELECT` with aggregates, `WHERE`, `GROUP BY`, `HAVING`, `ORDER BY`, `LIMIT` and `FORMAT`, over one dataset;
//! and `SHOW TABLES`. Queries are text from outside: their length, depth, groups and rows have bounds.

mod answer;
mod functions;
mod parse;
mod run;
mod token;
mod value;

pub use answer::Answer;
pub use parse::parse;
pub use run::Run;
pub use value::Value;

/// Bytes of a query.
pub const QUERY_MAX: usize = 16 * 1024;
/// Expressions within expressions.
pub const DEPTH_MAX: usize = 48;
/// Columns of an answer, and expressions of a clause.
pub const COLUMNS_MAX: usize = 64;
/// Groups of an answer, or rows without any.
pub const ROWS_MAX: usize = 10_000;
/// Values that aggregates of a query keep: for quantiles and distinct counts.
pub const KEPT_MAX: usize = 1_000_000;

/// What is wrong with a query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SqlError {
    /// It is too long.
    #[error("the query has {0} bytes, the limit is {QUERY_MAX}; shorten it")]
    TooLong(usize),
    /// A character that belongs nowhere, or text that does not end.
    #[error("unexpected {what} at byte {at}")]
    Lexical {
        /// What is there.
        what: String,
        /// Where.
        at: usize,
    },
    /// Something else was expected.
    #[error("expected {expected}, found {found} at byte {at}")]
    Syntax {
        /// What could stand there.
        expected: &'static str,
        /// What stands there.
        found: String,
        /// Where.
        at: usize,
    },
    /// Too many of something.
    #[error("the query has more than {limit} {what}; simplify it")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// There is no such column.
    #[error(
        "unknown column '{0}'; there are blob1 to blob20, double1 to double20, index1, timestamp, dataset, \
         _sample_interval, and names given with AS"
    )]
    Column(String),
    /// There is no such function.
    #[error("unknown function '{0}'")]
    Function(String),
    /// A function gets what it does not take.
    #[error("{function}: {what}")]
    Arguments {
        /// Which.
        function: String,
        /// What is wrong.
        what: &'static str,
    },
    /// An aggregate where there cannot be one.
    #[error("aggregate function '{0}' cannot be used here")]
    Aggregate(String),
    /// A column that is neither grouped by nor aggregated.
    #[error("column '{0}' is neither in GROUP BY nor in an aggregate function")]
    NotGrouped(String),
    /// The store failed.
    #[error("the data points cannot be read: {0}")]
    Store(String),
}

/// A query.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// What it asks.
    pub source: Source,
    pub(super) columns: Vec<Column>,
    pub(super) filter: Option<Expr>,
    pub(super) groups: Vec<Expr>,
    pub(super) having: Option<Expr>,
    pub(super) order: Vec<(Expr, bool)>,
    pub(super) limit: Option<usize>,
    pub(super) offset: usize,
    pub(super) format: Format,
}

/// What a query asks.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// A dataset.
    Dataset(String),
    /// Which datasets there are.
    Names,
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// One JSON object.
    #[default]
    Json,
    /// A JSON object a line.
    JsonEachRow,
    /// Values with tabs between them.
    TabSeparated,
}

/// One column of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column {
    pub name: String,
    pub expr: Expr,
}

/// What stands where a value can.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    Value(Value),
    Column(Field),
    /// A name that is no column of a dataset: what a column of the answer is called.
    Alias(String),
    Unary(Unary, Box<Expr>),
    Binary(Binary, Box<Expr>, Box<Expr>),
    In(Box<Expr>, Vec<Expr>),
    IsNull(Box<Expr>),
    Call(functions::Scalar, Vec<Expr>),
    Aggregate(Box<Aggregated>),
    /// What was grouped by, by number; made when a query runs.
    Key(usize),
    /// What an aggregate gave, by number; made when a query runs.
    Slot(usize),
}

/// A call of an aggregate.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Aggregated {
    pub function: functions::Aggregate,
    pub argument: Option<Expr>,
    /// What decides whether a row counts, or its weight.
    pub second: Option<Expr>,
    /// Of a quantile.
    pub level: f64,
}

/// A column of a dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Blob(usize),
    Double(usize),
    Index,
    Timestamp,
    Dataset,
    SampleInterval,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unary {
    Not,
    Minus,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binary {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Like,
    NotLike,
    Plus,
    Minus,
    Times,
    Divide,
    Modulo,
}

impl Field {
    /// The column of this name.
    pub fn parse(name: &str) -> Option<Self> {
        let numbered = |prefix: &str| {
            let digits = name.strip_prefix(prefix)?;
            let number: usize = digits
                .parse()
                .ok()
                .filter(|_| !digits.starts_with(['0', '+']))?;
            (1..=super::VALUES_MAX)
                .contains(&number)
                .then_some(number - 1)
        };
        if let Some(at) = numbered("blob") {
            return Some(Self::Blob(at));
        }
        if let Some(at) = numbered("double") {
            return Some(Self::Double(at));
        }
        Some(match name {
            "index1" => Self::Index,
            "timestamp" => Self::Timestamp,
            "dataset" => Self::Dataset,
            "_sample_interval" => Self::SampleInterval,
            _ => return None,
        })
    }
}
