//! What the Worker was given: variables, secrets and other bindings.

use crate::error::{Error, Result};
use crate::fetch::{DynamicDispatcher, Fetcher};
use crate::host;
use crate::kv::KvStore;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use postern_abi::OpErrorCode;
use postern_abi::dispatch::InvocationFact;
use postern_abi::op::{EnvValue, SyncOp};

/// The Worker's bindings, by name.
#[derive(Clone, Debug)]
pub struct Env(());

impl Env {
    #[inline]
    pub(crate) fn new() -> Self {
        Self(())
    }

    /// The variable of this name: text as it is, a JSON variable as JSON.
    ///
    /// # Errors
    /// `UnknownBinding` if there is none, or it is something else.
    pub fn var(&self, name: &str) -> Result<Var> {
        get(name, "a variable", |value| match value {
            EnvValue::Text(text) | EnvValue::Json(text) => Some(Var(text.into())),
            _ => None,
        })
    }

    /// The secret of this name.
    ///
    /// # Errors
    /// `UnknownBinding` if there is none, or it is something else.
    pub fn secret(&self, name: &str) -> Result<Secret> {
        get(name, "a secret", |value| match value {
            EnvValue::Secret(text) => Some(Secret(text.into())),
            _ => None,
        })
    }

    /// The KV namespace that is bound to this name.
    ///
    /// # Errors
    /// `UnknownBinding` if there is none, or it is something else.
    pub fn kv(&self, name: &str) -> Result<KvStore> {
        get(name, "a KV namespace", |value| match value {
            EnvValue::Kv => Some(KvStore::new(name)),
            _ => None,
        })
    }

    /// The Worker, or the Worker's own assets, that this name is bound to.
    ///
    /// # Errors
    /// `UnknownBinding` if there is none, or it is something else.
    pub fn service(&self, name: &str) -> Result<Fetcher> {
        get(name, "a service", |value| match value {
            EnvValue::Other("service" | "assets") => Some(Fetcher::binding(name)),
            _ => None,
        })
    }

    /// The dispatch namespace that is bound to this name.
    ///
    /// # Errors
    /// `UnknownBinding` if there is none, or it is something else.
    pub fn dynamic_dispatcher(&self, name: &str) -> Result<DynamicDispatcher> {
        get(name, "a dispatch namespace", |value| match value {
            EnvValue::Other("dispatch_namespace") => Some(DynamicDispatcher::new(name)),
            _ => None,
        })
    }

    /// The value of this JSON variable.
    ///
    /// # Errors
    /// `UnknownBinding` as [`var`](Self::var), and when it is not the JSON of a `T`.
    #[cfg(feature = "json")]
    pub fn object<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T> {
        Ok(serde_json::from_str(&self.var(name)?.0)?)
    }

    /// The names of all bindings.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn names(&self) -> Result<Vec<String>> {
        sync(SyncOp::EnvNames, &[], |bytes| {
            postcard::from_bytes(bytes).map_err(Error::from)
        })?
    }
}

fn get<T>(name: &str, wanted: &str, pick: impl FnOnce(EnvValue<'_>) -> Option<T>) -> Result<T> {
    let found = sync(SyncOp::EnvGet, name.as_bytes(), |bytes| {
        let value: EnvValue<'_> = postcard::from_bytes(bytes)?;
        Ok((kind(&value), pick(value)))
    });
    let is = match found {
        Ok(Ok((_, Some(value)))) => return Ok(value),
        Ok(Ok((kind, None))) => kind,
        Ok(Err(error)) => return Err(error),
        Err(error) if error.code() == Some(OpErrorCode::UnknownBinding) => "nothing",
        Err(error) => return Err(error),
    };
    Err(Error::refused(
        OpErrorCode::UnknownBinding,
        format!("env has {is} named {name:?}, not {wanted}; bind one when you deploy"),
    ))
}

fn kind(value: &EnvValue<'_>) -> &'static str {
    match value {
        EnvValue::Text(_) => "a text variable",
        EnvValue::Json(_) => "a JSON variable",
        EnvValue::Secret(_) => "a secret",
        EnvValue::Kv => "a KV namespace",
        EnvValue::Other(_) | EnvValue::Copied(_) | EnvValue::Part(..) => "another kind of binding",
    }
}

/// Asks the host something that needs no waiting and reads the answer with `read`.
fn sync<T>(op: SyncOp, argument: &[u8], read: impl FnOnce(&[u8]) -> T) -> Result<T> {
    let mut small = [0; 256];
    let len = host::op_sync(op as u32, argument, &mut small);
    if let Some(answer) = usize::try_from(len).ok().and_then(|len| small.get(..len)) {
        return Ok(read(answer));
    }
    let mut large = Vec::new();
    let mut len = len;
    while let Ok(wanted) = usize::try_from(len) {
        if wanted <= large.len() {
            return Ok(read(&large[..wanted]));
        }
        large.resize(wanted, 0);
        len = host::op_sync(op as u32, argument, &mut large);
    }
    let code = u16::try_from(len.unsigned_abs()).unwrap_or(0);
    Err(Error::refused(
        OpErrorCode::from_u16(code),
        format!("the host refused {op:?} with code {code}"),
    ))
}

/// What belongs to one invocation alone, JSON.
pub(crate) fn invocation(fact: InvocationFact, request: u32) -> Option<String> {
    let [a, b, c, d] = request.to_le_bytes();
    let argument = [fact as u8, a, b, c, d];
    let told = sync(SyncOp::Invocation, &argument, |told| {
        String::from_utf8(told.to_vec()).ok()
    });
    told.ok().flatten().filter(|told| !told.is_empty())
}

/// The value of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Var(String);

/// The value of a secret. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Var {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Secret {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Var {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
