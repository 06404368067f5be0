//! The error of this crate.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use core::fmt;
use postern_abi::{OpError, OpErrorCode};

/// The result of almost everything here.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// Why something failed: a message for people and, where the host refused, its code.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    name: &'static str,
    code: Option<OpErrorCode>,
    message: Cow<'static, str>,
}

impl Error {
    /// An error with this message.
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self::named("Error", message)
    }

    /// An error of this class, as the log and tail events name it, for instance `TypeError`.
    pub fn named(name: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name,
            code: None,
            message: message.into(),
        }
    }

    /// The error's class.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What was wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Why the host refused, if it was the host.
    pub fn code(&self) -> Option<OpErrorCode> {
        self.code
    }

    /// Whether it says that there is no Worker of the name that was asked for.
    pub fn is_worker_not_found(&self) -> bool {
        let message = self.message.strip_prefix("Error: ");
        message
            .unwrap_or(&self.message)
            .starts_with("Worker not found")
    }

    pub(crate) fn refused(code: OpErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: "Error",
            code: Some(code),
            message: message.into(),
        }
    }

    /// From the payload of an event that tells of a failure.
    pub(crate) fn from_payload(payload: &[u8]) -> Self {
        match postcard::from_bytes::<OpError>(payload) {
            Ok(error) => Self::refused(
                OpErrorCode::from_u16(error.code),
                String::from(error.message),
            ),
            Err(_) => Self::refused(OpErrorCode::Internal, "a failure that cannot be decoded"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl core::error::Error for Error {}

impl From<&str> for Error {
    fn from(message: &str) -> Self {
        Self::new(String::from(message))
    }
}

impl From<String> for Error {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

macro_rules! from {
    ($($error:ty),*) => {$(
        impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Self::new(error.to_string())
            }
        }
    )*};
}
from!(
    fmt::Error,
    core::str::Utf8Error,
    alloc::string::FromUtf8Error,
    core::num::ParseIntError,
    core::num::ParseFloatError,
    postcard::Error
);
#[cfg(feature = "json")]
from!(serde_json::Error);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_is_missing_is_told_from_other_failures() {
        let check = |message: &'static str, expect: bool| {
            let error = Error::refused(OpErrorCode::Thrown, message);
            assert_eq!(error.is_worker_not_found(), expect, "{message}");
        };
        check("Error: Worker not found.", true);
        check("Worker not found.", true);
        check("TypeError: Worker not found.", false);
        check("Error: The outbound Worker is not found.", false);
    }
}
