//! From the text of a query to what it means. Recursive, to a depth that is bounded.

use super::functions::{Aggregate, Scalar, check_count};
use super::token::{Kind, Token, tokens};
use super::value::Value;
use super::{
    Aggregated, Binary, COLUMNS_MAX, Column, DEPTH_MAX, Expr, Field, Format, Query, Source,
    SqlError, Unary,
};

/// Reads a query.
///
/// # Errors
/// What is wrong with it.
pub fn parse(text: &str) -> Result<Query, SqlError> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        depth: 0,
        text,
    };
    let query = parser.query()?;
    parser.sign(";");
    match parser.kind() {
        Kind::End => Ok(query),
        _ => Err(parser.wrong("the end")),
    }
}

/// Words that end an expression, and so are no names behind one.
const CLAUSES: [&str; 11] = [
    "from", "where", "group", "having", "order", "limit", "offset", "format", "asc", "desc", "as",
];

struct Parser<'a> {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    text: &'a str,
}

type Parsed<T> = Result<T, SqlError>;

impl Parser<'_> {
    fn kind(&self) -> &Kind {
        &self.tokens[self.at.min(self.tokens.len() - 1)].kind
    }

    fn place(&self) -> usize {
        self.tokens[self.at.min(self.tokens.len() - 1)].at
    }

    fn wrong(&self, expected: &'static str) -> SqlError {
        SqlError::Syntax {
            expected,
            found: self.kind().shown(),
            at: self.place(),
        }
    }

    /// Takes this sign, if it comes.
    fn sign(&mut self, sign: &str) -> bool {
        let is = matches!(self.kind(), Kind::Sign(it) if *it == sign);
        self.at += usize::from(is);
        is
    }

    fn expect(&mut self, sign: &'static str) -> Parsed<()> {
        self.sign(sign)
            .then_some(())
            .ok_or_else(|| self.wrong(sign))
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.kind(), Kind::Word(it) if it.eq_ignore_ascii_case(word))
    }

    /// Takes this keyword, if it comes.
    fn word(&mut self, word: &str) -> bool {
        let is = self.is_word(word);
        self.at += usize::from(is);
        is
    }

    fn expect_word(&mut self, word: &'static str) -> Parsed<()> {
        self.word(word)
            .then_some(())
            .ok_or_else(|| self.wrong(word))
    }

    fn name(&mut self, expected: &'static str) -> Parsed<String> {
        match self.kind() {
            Kind::Word(name) | Kind::Name(name) => {
                let name = name.clone();
                self.at += 1;
                Ok(name)
            }
            _ => Err(self.wrong(expected)),
        }
    }

    fn query(&mut self) -> Parsed<Query> {
        let mut query = Query {
            source: Source::Names,
            columns: Vec::new(),
            filter: None,
            groups: Vec::new(),
            having: None,
            order: Vec::new(),
            limit: None,
            offset: 0,
            format: Format::default(),
        };
        if self.word("show") {
            self.expect_word("tables")?;
            query.format = self.format()?;
            return Ok(query);
        }
        self.expect_word("select")?;
        query.columns = self.columns()?;
        self.expect_word("from")?;
        query.source = Source::Dataset(self.name("the name of a dataset")?);
        if self.word("where") {
            query.filter = Some(self.expr()?);
        }
        if self.word("group") {
            self.expect_word("by")?;
            query.groups = self.list()?;
        }
        if self.word("having") {
            query.having = Some(self.expr()?);
        }
        if self.word("order") {
            self.expect_word("by")?;
            loop {
                let expr = self.expr()?;
                let descending = self.word("desc");
                if !descending {
                    self.word("asc");
                }
                query.order.push((expr, descending));
                bounded("expressions in ORDER BY", query.order.len())?;
                if !self.sign(",") {
                    break;
                }
            }
        }
        if self.word("limit") {
            let first = self.count()?;
            query.limit = Some(first);
            // `LIMIT 5, 10` skips five.
            if self.sign(",") {
                query.offset = first;
                query.limit = Some(self.count()?);
            }
        }
        if self.word("offset") {
            query.offset = self.count()?;
        }
        query.format = self.format()?;
        Ok(query)
    }

    fn format(&mut self) -> Parsed<Format> {
        if !self.word("format") {
            return Ok(Format::default());
        }
        let expected = "JSON, JSONEachRow or TabSeparated";
        let format = match self.kind() {
            Kind::Word(name) if name.eq_ignore_ascii_case("json") => Format::Json,
            Kind::Word(name) if name.eq_ignore_ascii_case("jsoneachrow") => Format::JsonEachRow,
            Kind::Word(name) if name.eq_ignore_ascii_case("tabseparated") => Format::TabSeparated,
            _ => return Err(self.wrong(expected)),
        };
        self.at += 1;
        Ok(format)
    }

    fn count(&mut self) -> Parsed<usize> {
        match self.kind() {
            Kind::Number(number) if *number >= 0.0 && number.fract() == 0.0 => {
                let number = *number as usize;
                self.at += 1;
                Ok(number)
            }
            _ => Err(self.wrong("a whole number")),
        }
    }

    fn columns(&mut self) -> Parsed<Vec<Column>> {
        let mut columns = Vec::new();
        loop {
            if self.sign("*") {
                let all = |name: &str| Column {
                    name: name.to_owned(),
                    expr: Field::parse(name).map_or(Expr::Value(Value::Null), Expr::Column),
                };
                columns.extend(["dataset", "timestamp", "_sample_interval", "index1"].map(all));
                for kind in ["blob", "double"] {
                    columns.extend(
                        (1..=super::super::VALUES_MAX).map(|at| all(&format!("{kind}{at}"))),
                    );
                }
            } else {
                let from = self.place();
                let expr = self.expr()?;
                let until = self.place();
                let written = self
                    .text
                    .get(from..until)
                    .unwrap_or_default()
                    .trim()
                    .to_owned();
                let name = if self.word("as") {
                    self.name("a name")?
                } else {
                    match self.kind() {
                        Kind::Word(word)
                            if !CLAUSES.iter().any(|it| word.eq_ignore_ascii_case(it)) =>
                        {
                            self.name("a name")?
                        }
                        Kind::Name(_) => self.name("a name")?,
                        _ => written,
                    }
                };
                columns.push(Column { name, expr });
            }
            bounded("columns", columns.len())?;
            if !self.sign(",") {
                return Ok(columns);
            }
        }
    }

    fn list(&mut self) -> Parsed<Vec<Expr>> {
        let mut list = vec![self.expr()?];
        while self.sign(",") {
            list.push(self.expr()?);
            bounded("expressions in a list", list.len())?;
        }
        Ok(list)
    }

    fn expr(&mut self) -> Parsed<Expr> {
        self.deeper(|parser| parser.operators(0))
    }

    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= DEPTH_MAX {
            return Err(SqlError::TooMany {
                what: "expressions within expressions",
                limit: DEPTH_MAX,
            });
        }
        self.depth += 1;
        let parsed = inner(self);
        self.depth -= 1;
        parsed
    }

    /// Operators of at least this rank, by climbing; what they hold together grows to the left.
    fn operators(&mut self, least: u8) -> Parsed<Expr> {
        let mut left = self.unary()?;
        // Long chains are as deep as they are long.
        let mut chain = 0;
        loop {
            chain += 1;
            if least <= 3 && chain <= 64 && self.suffix(&mut left)? {
                continue;
            }
            let Some((operator, rank, words)) = self.binary().filter(|(_, rank, _)| *rank >= least)
            else {
                return Ok(left);
            };
            if chain > 64 {
                return Err(SqlError::TooMany {
                    what: "operators in a row",
                    limit: 64,
                });
            }
            self.at += words;
            let right = self.deeper(|parser| parser.operators(rank + 1))?;
            left = Expr::Binary(operator, Box::new(left), Box::new(right));
        }
    }

    /// The operator that comes, its rank, and how many words it has.
    fn binary(&self) -> Option<(Binary, u8, usize)> {
        let next_is = |word: &str| {
            let next = self.tokens.get(self.at + 1).map(|it| &it.kind);
            matches!(next, Some(Kind::Word(it)) if it.eq_ignore_ascii_case(word))
        };
        Some(match self.kind() {
            Kind::Word(word) if word.eq_ignore_ascii_case("or") => (Binary::Or, 0, 1),
            Kind::Word(word) if word.eq_ignore_ascii_case("and") => (Binary::And, 1, 1),
            Kind::Word(word) if word.eq_ignore_ascii_case("like") => (Binary::Like, 3, 1),
            Kind::Word(word) if word.eq_ignore_ascii_case("not") && next_is("like") => {
                (Binary::NotLike, 3, 2)
            }
            Kind::Sign(sign) => match *sign {
                "=" | "==" => (Binary::Equal, 3, 1),
                "!=" | "<>" => (Binary::NotEqual, 3, 1),
                "<" => (Binary::Less, 3, 1),
                "<=" => (Binary::LessEqual, 3, 1),
                ">" => (Binary::Greater, 3, 1),
                ">=" => (Binary::GreaterEqual, 3, 1),
                "+" => (Binary::Plus, 4, 1),
                "-" => (Binary::Minus, 4, 1),
                "*" => (Binary::Times, 5, 1),
                "/" => (Binary::Divide, 5, 1),
                "%" => (Binary::Modulo, 5, 1),
                _ => return None,
            },
            _ => return None,
        })
    }

    /// `IN`, `BETWEEN` and `IS NULL` behind an expression.
    fn suffix(&mut self, left: &mut Expr) -> Parsed<bool> {
        let begin = self.at;
        let is = self.word("is");
        let negated = !is && self.word("not");
        let is_suffix = is || self.is_word("in") || self.is_word("between");
        if !is_suffix {
            self.at = begin;
            return Ok(false);
        }
        let value = std::mem::replace(left, Expr::Value(Value::Null));
        let negated = if is { self.word("not") } else { negated };
        let made = if is {
            self.expect_word("null")?;
            Expr::IsNull(Box::new(value))
        } else if self.word("in") {
            self.expect("(")?;
            let list = self.list()?;
            self.expect(")")?;
            Expr::In(Box::new(value), list)
        } else {
            self.expect_word("between")?;
            let low = self.deeper(|parser| parser.operators(4))?;
            self.expect_word("and")?;
            let high = self.deeper(|parser| parser.operators(4))?;
            Expr::Call(Scalar::Between, vec![value, low, high])
        };
        *left = if negated {
            Expr::Unary(Unary::Not, Box::new(made))
        } else {
            made
        };
        Ok(true)
    }

    fn unary(&mut self) -> Parsed<Expr> {
        if self.word("not") {
            let inner = self.deeper(|parser| parser.operators(2))?;
            return Ok(Expr::Unary(Unary::Not, Box::new(inner)));
        }
        if self.sign("-") {
            let inner = self.deeper(Self::unary)?;
            return Ok(Expr::Unary(Unary::Minus, Box::new(inner)));
        }
        if self.sign("(") {
            let inner = self.expr()?;
            self.expect(")")?;
            return Ok(inner);
        }
        self.primary()
    }

    fn primary(&mut self) -> Parsed<Expr> {
        let kind = self.kind().clone();
        let expected = "an expression";
        match kind {
            Kind::Number(number) => {
                self.at += 1;
                Ok(Expr::Value(Value::Number(number)))
            }
            Kind::Text(text) => {
                self.at += 1;
                Ok(Expr::Value(Value::Text(text)))
            }
            Kind::Name(name) => {
                self.at += 1;
                Ok(Field::parse(&name).map_or(Expr::Alias(name), Expr::Column))
            }
            Kind::Word(word) => {
                if CLAUSES.iter().any(|it| word.eq_ignore_ascii_case(it)) {
                    return Err(self.wrong(expected));
                }
                self.at += 1;
                if self.sign("(") {
                    return self.deeper(|parser| parser.call(&word));
                }
                Ok(match word.to_ascii_lowercase().as_str() {
                    "interval" => self.interval()?,
                    "null" => Expr::Value(Value::Null),
                    "true" => Expr::Value(Value::truth(true)),
                    "false" => Expr::Value(Value::truth(false)),
                    _ => Field::parse(&word).map_or(Expr::Alias(word), Expr::Column),
                })
            }
            _ => Err(self.wrong(expected)),
        }
    }

    /// What is behind `INTERVAL`.
    fn interval(&mut self) -> Parsed<Expr> {
        let expected = "a number";
        let count = match self.kind() {
            Kind::Number(number) => Some(*number),
            Kind::Text(text) => text.trim().parse().ok(),
            _ => None,
        };
        let count: f64 = count
            .filter(|count: &f64| count.is_finite())
            .ok_or_else(|| self.wrong(expected))?;
        self.at += 1;
        let unit = match self.kind() {
            Kind::Word(unit) => unit.to_ascii_uppercase(),
            _ => String::new(),
        };
        let seconds = match unit.trim_end_matches('S') {
            "ECOND" | "SECOND" => 1.0,
            "MINUTE" => 60.0,
            "HOUR" => 3600.0,
            "DAY" => 86_400.0,
            "WEEK" => 604_800.0,
            "MONTH" => 2_592_000.0,
            "YEAR" => 31_536_000.0,
            _ => return Err(self.wrong("SECOND, MINUTE, HOUR, DAY, WEEK, MONTH or YEAR")),
        };
        self.at += 1;
        Ok(Expr::Value(Value::Interval((count * seconds) as i64)))
    }

    /// What is behind a function's name and a parenthesis.
    fn call(&mut self, name: &str) -> Parsed<Expr> {
        let mut distinct = false;
        let mut arguments = Vec::new();
        if !self.sign(")") {
            distinct = self.word("distinct");
            if !self.sign("*") {
                arguments = self.list()?;
            }
            self.expect(")")?;
        }
        let mut level = 0.5;
        // `quantile(0.9)(double1)`: parameters stand in parentheses of their own.
        let is_quantile = name.to_ascii_lowercase().starts_with("quantile");
        if is_quantile && self.sign("(") {
            level = match arguments.as_slice() {
                [Expr::Value(Value::Number(level))] if (0.0..=1.0).contains(level) => *level,
                _ => {
                    return Err(SqlError::Arguments {
                        function: name.to_owned(),
                        what: "the level is a number from 0 to 1",
                    });
                }
            };
            arguments = self.list()?;
            self.expect(")")?;
        }
        if let Some(named) = Aggregate::named(name) {
            check_count(name, &arguments, &named.arguments)?;
            let mut arguments = arguments.into_iter();
            let mut argument = arguments.next();
            let mut second = arguments.next();
            if named.conditional && second.is_none() {
                second = argument.take();
            }
            // What a condition leaves out is as if it were absent.
            if named.conditional
                && let Some(condition) = second.take()
            {
                let value = argument.unwrap_or(Expr::Value(Value::Number(1.0)));
                argument = Some(Expr::Call(
                    Scalar::If,
                    vec![condition, value, Expr::Value(Value::Null)],
                ));
            }
            let function = match named.function {
                Aggregate::Count if distinct => Aggregate::CountDistinct,
                function => function,
            };
            return Ok(Expr::Aggregate(Box::new(Aggregated {
                function,
                argument,
                second,
                level,
            })));
        }
        let (function, takes) = Scalar::named(name)
            .ok_or_else(|| SqlError::Function(name.chars().take(40).collect()))?;
        check_count(name, &arguments, &takes)?;
        Ok(Expr::Call(function, arguments))
    }
}

fn bounded(what: &'static str, count: usize) -> Parsed<()> {
    if count > COLUMNS_MAX {
        return Err(SqlError::TooMany {
            what,
            limit: COLUMNS_MAX,
        });
    }
    Ok(())
}
