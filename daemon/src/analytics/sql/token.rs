//! The words of a query.

use super::{QUERY_MAX, SqlError};

/// One word, and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub kind: Kind,
    pub at: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A name or a keyword.
    Word(String),
    /// A name in quotes.
    Name(String),
    Text(String),
    Number(f64),
    /// One or two characters.
    Sign(&'static str),
    End,
}

impl Kind {
    /// As a message shows it.
    pub fn shown(&self) -> String {
        let cut = |text: &str| text.chars().take(40).collect::<String>();
        match self {
            Self::Word(word) | Self::Name(word) => format!("'{}'", cut(word)),
            Self::Text(text) => format!("the text '{}'", cut(text)),
            Self::Number(number) => number.to_string(),
            Self::Sign(sign) => format!("'{sign}'"),
            Self::End => "the end".to_owned(),
        }
    }
}

const SIGNS: [&str; 17] = [
    "<=", ">=", "!=", "<>", "==", "(", ")", ",", "*", "+", "-", "/", "%", "=", "<", ">", ";",
];

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, SqlError> {
    if text.len() > QUERY_MAX {
        return Err(SqlError::TooLong(text.len()));
    }
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let first = rest.chars().next().unwrap_or(' ');
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        if rest.starts_with("--") {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        }
        let (kind, len) = if first.is_ascii_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let word = &rest[..end.unwrap_or(rest.len())];
            (Kind::Word(word.to_owned()), word.len())
        } else if first.is_ascii_digit()
            || (first == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit()))
        {
            number(rest, at)?
        } else if let '\'' | '"' | '`' = first {
            let (inner, len) = quoted(rest, first, at)?;
            match first {
                '\'' => (Kind::Text(inner), len),
                _ => (Kind::Name(inner), len),
            }
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Kind::Sign(sign), sign.len())
        } else {
            return Err(SqlError::Lexical {
                what: format!("character {first:?}"),
                at,
            });
        };
        tokens.push(Token { kind, at });
        at += len;
    }
    tokens.push(Token {
        kind: Kind::End,
        at,
    });
    Ok(tokens)
}

fn number(rest: &str, at: usize) -> Result<(Kind, usize), SqlError> {
    let bytes = rest.as_bytes();
    let digits = |from: usize| {
        let more = bytes[from..].iter().take_while(|it| it.is_ascii_digit());
        from + more.count()
    };
    let mut end = digits(0);
    if bytes.get(end) == Some(&b'.') {
        end = digits(end + 1);
    }
    if let Some(b'e' | b'E') = bytes.get(end) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let after = digits(end + 1 + sign);
        if after > end + 1 + sign {
            end = after;
        }
    }
    rest[..end]
        .parse()
        .map(|number| (Kind::Number(number), end))
        .map_err(|_| SqlError::Lexical {
            what: "number".to_owned(),
            at,
        })
}

/// What stands in quotes: a doubled quote or one behind a backslash is one.
fn quoted(rest: &str, quote: char, at: usize) -> Result<(String, usize), SqlError> {
    let mut inner = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((offset, it)) = chars.next() {
        match it {
            '\\' => match chars.next() {
                Some((_, 'n')) => inner.push('\n'),
                Some((_, 't')) => inner.push('\t'),
                Some((_, other)) => inner.push(other),
                None => break,
            },
            it if it == quote => {
                if chars.next_if(|(_, next)| *next == quote).is_none() {
                    return Ok((inner, offset + 1));
                }
                inner.push(quote);
            }
            it => inner.push(it),
        }
    }
    Err(SqlError::Lexical {
        what: "end of the query within quotes".to_owned(),
        at,
    })
}
