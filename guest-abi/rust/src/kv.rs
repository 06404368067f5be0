//! KV namespaces.
//!
//! Text, bytes, JSON and streams in, the same out. The host checks keys, values, metadata and
//! times; its refusals come as errors with a code.

use crate::body::{ByteStream, Source, text};
use crate::error::{Error, Result};
use crate::runtime::ops::Op;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use futures_core::Stream;
use postern_abi::kv::{
    KvBody, KvDelete, KvGet, KvGetMulti, KvGot, KvList, KvListed, KvMulti, KvPut,
};
use postern_abi::limits::{KV_KEY_MAX, KV_LIST_MAX};
use postern_abi::{OpErrorCode, OpKind};

/// A KV namespace, from [`Env::kv`](crate::Env::kv).
#[derive(Clone, Debug)]
pub struct KvStore {
    binding: Rc<str>,
}

impl KvStore {
    pub(crate) fn new(binding: &str) -> Self {
        Self {
            binding: binding.into(),
        }
    }

    /// Reads the value of a key: `kv.get("k").text().await?`.
    pub fn get<'a>(&'a self, key: &'a str) -> Get<'a> {
        Get { kv: self, key }
    }

    /// Reads up to 100 keys in one operation.
    pub fn get_many<'a>(&'a self, keys: &'a [&'a str]) -> GetMany<'a> {
        GetMany { kv: self, keys }
    }

    /// Writes the value of a key: `kv.put("k", "v")?.execute().await?`.
    ///
    /// # Errors
    /// `BadArgument` if the key is empty or longer than 512 bytes.
    pub fn put<'a, V: AsRef<[u8]> + ?Sized>(
        &'a self,
        key: &'a str,
        value: &'a V,
    ) -> Result<Put<'a, &'a [u8]>> {
        self.put_any(key, value.as_ref())
    }

    /// Writes the value of a key as JSON.
    ///
    /// # Errors
    /// As [`put`](Self::put), and if the value cannot be JSON.
    #[cfg(feature = "json")]
    pub fn put_json<'a>(
        &'a self,
        key: &'a str,
        value: &impl serde::Serialize,
    ) -> Result<Put<'a, Vec<u8>>> {
        self.put_any(key, serde_json::to_vec(value)?)
    }

    /// Writes the value of a key from a stream. Nothing is written if the stream fails.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn put_stream<'a, S>(&'a self, key: &'a str, value: S) -> Result<Put<'a, Streamed<S>>>
    where
        S: Stream<Item = Result<Vec<u8>>> + Unpin,
    {
        self.put_any(key, Streamed(value))
    }

    fn put_any<'a, V>(&'a self, key: &'a str, value: V) -> Result<Put<'a, V>> {
        if key.is_empty() || key.len() > KV_KEY_MAX {
            return Err(Error::refused(
                OpErrorCode::BadArgument,
                format!(
                    "a KV key must have 1 to {KV_KEY_MAX} bytes, this one has {}",
                    key.len()
                ),
            ));
        }
        Ok(Put {
            kv: self,
            key,
            value,
            metadata: None,
            expiration: None,
            expiration_ttl: None,
        })
    }

    /// Removes a key. It is no error if there is none.
    ///
    /// # Errors
    /// When the host refuses.
    pub async fn delete(&self, key: &str) -> Result<()> {
        let argument = postcard::to_allocvec(&KvDelete {
            binding: &self.binding,
            key,
        })?;
        Op::start(OpKind::KvDelete, &argument)?.finish().await?;
        Ok(())
    }

    /// Lists keys: `kv.list().prefix("p").execute().await?`.
    pub fn list(&self) -> List<'_> {
        List {
            kv: self,
            prefix: "",
            limit: KV_LIST_MAX,
            cursor: "",
        }
    }
}

/// A read of one key.
#[must_use = "a read does nothing until a form is asked for"]
#[derive(Debug)]
pub struct Get<'a> {
    kv: &'a KvStore,
    key: &'a str,
}

/// A value and what is known about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithMetadata<T> {
    /// The value.
    pub value: T,
    /// Its metadata as JSON.
    pub metadata: Option<String>,
    /// When it expires, in seconds since 1970.
    pub expiration: Option<u64>,
}

impl Get<'_> {
    /// Accepted as the field knows it; there is no cache between a Worker and its KV here.
    pub fn cache_ttl(self, _seconds: u64) -> Self {
        self
    }

    async fn run(self, stream: bool) -> Result<Option<WithMetadata<Source>>> {
        let argument = postcard::to_allocvec(&KvGet {
            binding: &self.kv.binding,
            key: self.key,
            stream,
        })?;
        let mut op = Op::start(OpKind::KvGet, &argument)?;
        let mut result = op.result().await?;
        let (got, rest) = postcard::take_from_bytes::<KvGot<'_>>(&result)?;
        let head = result.len() - rest.len();
        let (metadata, expiration) = (got.metadata.map(String::from), got.expiration);
        let value = match got.body {
            KvBody::Absent => {
                op.over();
                return Ok(None);
            }
            KvBody::Whole => {
                op.over();
                result.drain(..head);
                Source::Whole(result)
            }
            KvBody::Stream(_) => Source::Op(op),
        };
        Ok(Some(WithMetadata {
            value,
            metadata,
            expiration,
        }))
    }

    async fn whole<T>(
        self,
        read: impl Fn(Vec<u8>) -> Result<T>,
    ) -> Result<Option<WithMetadata<T>>> {
        let Some(found) = self.run(false).await? else {
            return Ok(None);
        };
        Ok(Some(WithMetadata {
            value: read(ByteStream::new(found.value).bytes().await?)?,
            metadata: found.metadata,
            expiration: found.expiration,
        }))
    }

    /// The value as bytes; `None` if there is no such key.
    ///
    /// # Errors
    /// When the host refuses.
    pub async fn bytes(self) -> Result<Option<Vec<u8>>> {
        Ok(self.bytes_with_metadata().await?.map(|found| found.value))
    }

    /// The value as text.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes), and when it is not UTF-8.
    pub async fn text(self) -> Result<Option<String>> {
        Ok(self.text_with_metadata().await?.map(|found| found.value))
    }

    /// The value, decoded from JSON.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes), and when it is not the JSON of a `T`.
    #[cfg(feature = "json")]
    pub async fn json<T: serde::de::DeserializeOwned>(self) -> Result<Option<T>> {
        Ok(self.json_with_metadata().await?.map(|found| found.value))
    }

    /// The value as it comes: large ones need not be in memory.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    pub async fn stream(self) -> Result<Option<ByteStream>> {
        Ok(self.stream_with_metadata().await?.map(|found| found.value))
    }

    /// The value as bytes, with its metadata.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    pub async fn bytes_with_metadata(self) -> Result<Option<WithMetadata<Vec<u8>>>> {
        self.whole(Ok).await
    }

    /// The value as text, with its metadata.
    ///
    /// # Errors
    /// As [`text`](Self::text).
    pub async fn text_with_metadata(self) -> Result<Option<WithMetadata<String>>> {
        self.whole(text).await
    }

    /// The value, decoded from JSON, with its metadata.
    ///
    /// # Errors
    /// As [`json`](Self::json).
    #[cfg(feature = "json")]
    pub async fn json_with_metadata<T: serde::de::DeserializeOwned>(
        self,
    ) -> Result<Option<WithMetadata<T>>> {
        self.whole(|bytes| Ok(serde_json::from_slice(&bytes)?))
            .await
    }

    /// The value as it comes, with its metadata.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    pub async fn stream_with_metadata(self) -> Result<Option<WithMetadata<ByteStream>>> {
        Ok(self.run(true).await?.map(|found| WithMetadata {
            value: ByteStream::new(found.value),
            metadata: found.metadata,
            expiration: found.expiration,
        }))
    }
}

/// A read of several keys.
#[must_use = "a read does nothing until a form is asked for"]
#[derive(Debug)]
pub struct GetMany<'a> {
    kv: &'a KvStore,
    keys: &'a [&'a str],
}

impl GetMany<'_> {
    /// The values as bytes, in the order of the keys.
    ///
    /// # Errors
    /// When the host refuses, for instance more than 100 keys.
    pub async fn bytes(self) -> Result<Vec<Option<WithMetadata<Vec<u8>>>>> {
        self.whole(|bytes| Ok(bytes.into())).await
    }

    /// The values as text, in the order of the keys.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes), and when one is not UTF-8.
    pub async fn text(self) -> Result<Vec<Option<WithMetadata<String>>>> {
        self.whole(|bytes| text(bytes.into())).await
    }

    async fn whole<T>(
        self,
        read: impl Fn(&[u8]) -> Result<T>,
    ) -> Result<Vec<Option<WithMetadata<T>>>> {
        let argument = postcard::to_allocvec(&KvGetMulti {
            binding: &self.kv.binding,
            keys: self.keys.into(),
        })?;
        let result = Op::start(OpKind::KvGetMulti, &argument)?.finish().await?;
        let found: KvMulti<'_> = postcard::from_bytes(&result)?;
        found
            .values
            .into_iter()
            .map(|value| {
                let Some((bytes, metadata)) = value else {
                    return Ok(None);
                };
                Ok(Some(WithMetadata {
                    value: read(bytes)?,
                    metadata: metadata.map(String::from),
                    expiration: None,
                }))
            })
            .collect()
    }
}

/// A write of one key.
#[must_use = "nothing is written until execute() is awaited"]
#[derive(Debug)]
pub struct Put<'a, V> {
    kv: &'a KvStore,
    key: &'a str,
    value: V,
    metadata: Option<String>,
    expiration: Option<u64>,
    expiration_ttl: Option<u64>,
}

/// A value that comes over time.
#[derive(Debug)]
pub struct Streamed<S>(S);

impl<V> Put<'_, V> {
    /// With this metadata, JSON text of at most 1,024 bytes.
    pub fn metadata(mut self, json: impl Into<String>) -> Self {
        self.metadata = Some(json.into());
        self
    }

    /// Expires at this time, in seconds since 1970.
    pub fn expiration(mut self, seconds: u64) -> Self {
        self.expiration = Some(seconds);
        self
    }

    /// Expires in so many seconds, at least 60.
    pub fn expiration_ttl(mut self, seconds: u64) -> Self {
        self.expiration_ttl = Some(seconds);
        self
    }

    fn argument(&self, stream: bool) -> Result<Vec<u8>> {
        Ok(postcard::to_allocvec(&KvPut {
            binding: &self.kv.binding,
            key: self.key,
            metadata: self.metadata.as_deref(),
            expiration: self.expiration,
            expiration_ttl: self.expiration_ttl,
            stream,
        })?)
    }
}

impl<V: AsRef<[u8]>> Put<'_, V> {
    /// Writes, and waits until the write is durable.
    ///
    /// # Errors
    /// When the host refuses: a key, a value, metadata or a time that breaks a rule
    /// (`BadArgument`, `TooLarge`), a full namespace (`QuotaExceeded`).
    pub async fn execute(self) -> Result<()> {
        let mut argument = self.argument(false)?;
        argument.extend_from_slice(self.value.as_ref());
        let op = Op::start(OpKind::KvPut, &argument)?;
        drop(argument);
        op.finish().await?;
        Ok(())
    }
}

impl<S: Stream<Item = Result<Vec<u8>>> + Unpin> Put<'_, Streamed<S>> {
    /// Writes, and waits until the write is durable.
    ///
    /// # Errors
    /// As for a whole value, and when the stream fails: then nothing is written.
    pub async fn execute(mut self) -> Result<()> {
        let mut op = Op::start(OpKind::KvPut, &self.argument(true)?)?;
        loop {
            let stream = core::pin::Pin::new(&mut self.value.0);
            let mut stream = stream;
            let chunk = core::future::poll_fn(|cx| stream.as_mut().poll_next(cx)).await;
            match chunk {
                // Dropping the operation abandons the write.
                Some(chunk) => op.send(&chunk?).await?,
                None => break,
            }
        }
        op.send_end();
        op.finish().await?;
        Ok(())
    }
}

/// A listing of keys.
#[must_use = "nothing is listed until execute() is awaited"]
#[derive(Debug)]
pub struct List<'a> {
    kv: &'a KvStore,
    prefix: &'a str,
    limit: u32,
    cursor: &'a str,
}

/// A page of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// The keys, in the order of their bytes.
    pub keys: Vec<Key>,
    /// Whether this is the last page.
    pub list_complete: bool,
    /// What the next page's [`List::cursor`] takes.
    pub cursor: Option<String>,
}

/// A key in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The key.
    pub name: String,
    /// When it expires, in seconds since 1970.
    pub expiration: Option<u64>,
    /// Its metadata as JSON.
    pub metadata: Option<String>,
}

impl<'a> List<'a> {
    /// Only keys that begin so.
    pub fn prefix(mut self, prefix: &'a str) -> Self {
        self.prefix = prefix;
        self
    }

    /// At most so many, 1 to 1,000.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = limit;
        self
    }

    /// Goes on where a page ended.
    pub fn cursor(mut self, cursor: &'a str) -> Self {
        self.cursor = cursor;
        self
    }

    /// Lists.
    ///
    /// # Errors
    /// When the host refuses a limit or a cursor.
    pub async fn execute(self) -> Result<Keys> {
        let argument = postcard::to_allocvec(&KvList {
            binding: &self.kv.binding,
            prefix: self.prefix,
            limit: self.limit,
            cursor: self.cursor,
        })?;
        let result = Op::start(OpKind::KvList, &argument)?.finish().await?;
        let listed: KvListed<'_> = postcard::from_bytes(&result)?;
        Ok(Keys {
            keys: listed
                .keys
                .iter()
                .map(|key| Key {
                    name: key.name.into(),
                    expiration: key.expiration,
                    metadata: key.metadata.map(String::from),
                })
                .collect(),
            list_complete: listed.cursor.is_none(),
            cursor: listed.cursor.map(String::from),
        })
    }
}
