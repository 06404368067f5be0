//! A value that comes in parts, in bounded memory.

use super::write::{NewValue, Write};
use super::{KvError, NamespaceId, check_value};
use crate::store::commit::{Committer, Work};
use crate::store::core::Core;
use crate::store::values::{INLINE_MAX, NewFile};
use std::sync::Arc;

/// A write under way. Dropping it leaves nothing behind.
pub struct KvUpload {
    core: Arc<Core>,
    committer: Committer,
    namespace: NamespaceId,
    key: String,
    metadata: Option<String>,
    expiration: Option<u64>,
    value: Part,
    /// Why a part was not taken; then the value has a hole and must not be kept.
    refused: Option<KvError>,
}

/// What has come so far.
enum Part {
    Small(Vec<u8>),
    Large(NewFile),
}

impl KvUpload {
    pub(super) fn new(
        core: Arc<Core>,
        committer: Committer,
        namespace: NamespaceId,
        key: String,
        metadata: Option<String>,
        expiration: Option<u64>,
    ) -> Self {
        Self {
            core,
            committer,
            namespace,
            key,
            metadata,
            expiration,
            value: Part::Small(Vec::new()),
            refused: None,
        }
    }

    /// Takes the next part. Writes to the page cache once the value is large.
    pub fn chunk(&mut self, bytes: &[u8]) -> Result<(), KvError> {
        if let Some(refused) = &self.refused {
            return Err(refused.clone());
        }
        let taken = self.take(bytes);
        self.refused = taken.clone().err();
        taken
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), KvError> {
        let before = match &self.value {
            Part::Small(buffer) => buffer.len() as u64,
            Part::Large(file) => file.len,
        };
        let len = before.saturating_add(bytes.len() as u64);
        check_value(len)?;
        if len > self.core.kv_quota_bytes {
            return Err(KvError::Quota {
                wanted: len,
                limit: self.core.kv_quota_bytes,
            });
        }
        match &mut self.value {
            Part::Small(buffer) if len <= INLINE_MAX as u64 => buffer.extend_from_slice(bytes),
            Part::Small(buffer) => {
                let mut file = self.core.values.create()?;
                file.append(buffer)?;
                file.append(bytes)?;
                self.value = Part::Large(file);
            }
            Part::Large(file) => file.append(bytes)?,
        }
        Ok(())
    }

    /// The value is complete. Returns when it is durable.
    pub async fn finish(self) -> Result<(), KvError> {
        if let Some(refused) = self.refused {
            return Err(refused);
        }
        let value = match self.value {
            Part::Small(buffer) => NewValue::Inline(buffer.into()),
            Part::Large(file) => {
                NewValue::File(postern_task::unblock(move || file.sync().map(|()| file)).await?)
            }
        };
        let writes = vec![Write::Put {
            key: self.key,
            value,
            metadata: self.metadata,
            expiration: self.expiration,
        }];
        let namespace = self.namespace;
        self.committer.run(Work::Kv { namespace, writes }).await
    }
}
