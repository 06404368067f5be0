//! The rows of entrances, as they are stored.

use crate::catalog::name::Id;
use crate::catalog::rows::{First, Row};
use crate::store::Table;
use serde::{Deserialize, Serialize};

/// A route. Key: its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Names it.
    pub id: Id,
    /// As it was written.
    pub pattern: String,
    /// Where it leads; none hides less specific routes.
    pub script: Option<String>,
}

/// A Custom Domain. Key: its hostname.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Domain {
    /// In lower case.
    pub hostname: String,
    /// Where it leads.
    pub script: String,
    /// The zone that it is shown in.
    pub zone: String,
}

/// Whether a script answers at its default addresses. Key: its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subdomain {
    /// Which script.
    pub script: String,
    /// At its own.
    pub enabled: bool,
    /// At those of its versions.
    pub previews_enabled: bool,
}

macro_rules! rows {
    ($($row:ident in $table:ident,)*) => {$(
        impl Row for $row {
            type Stored = First<Self>;
        }

        impl From<First<$row>> for $row {
            fn from(First::V1(row): First<Self>) -> Self {
                row
            }
        }

        impl $row {
            pub(super) const TABLE: Table = Table::$table;
        }
    )*};
}

rows! {
    Route in Routes,
    Domain in Domains,
    Subdomain in Subdomains,
}

impl Route {
    pub(super) fn key(&self) -> Vec<u8> {
        self.id.0.to_vec()
    }
}

impl Domain {
    pub(super) fn key(&self) -> Vec<u8> {
        self.hostname.as_bytes().to_vec()
    }

    /// Names it.
    pub fn id(&self) -> Id {
        super::zone::derived("domain", &self.hostname)
    }
}

impl Subdomain {
    pub(super) fn key(&self) -> Vec<u8> {
        self.script.as_bytes().to_vec()
    }
}
