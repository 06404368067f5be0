//! What a token with a scope may touch: the scripts of one dispatch namespace, those with one tag, or both.
//!
//! A route that is about a script is answered if the script carries the tag. What changes it asks again while it holds
//! the script's lock ([`Subject`]); what only reads is asked again when it was read, and what follows logs before each
//! line, so that a tag which is taken away meanwhile ends it.

use super::Manage;
use super::call::Call;
use super::envelope::Refusal;
use super::guard::Caller;
use super::tokens::Grant;
use crate::catalog::name::{Id, shown};
use crate::catalog::{CatalogError, Subject};

/// Where a token may deploy; everywhere if nothing is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scope<'a> {
    /// In this dispatch namespace alone.
    pub namespace: Option<&'a str>,
    /// Scripts of dispatch namespaces alone that carry this tag.
    pub tag: Option<&'a str>,
}

impl Scope<'_> {
    /// Whether it leaves anything out.
    pub fn is_some(&self) -> bool {
        self.namespace.is_some() || self.tag.is_some()
    }
}

impl Grant {
    /// Where it holds.
    pub fn scope(&self) -> Scope<'_> {
        Scope {
            namespace: self.namespace.as_deref(),
            tag: self.tag.as_deref(),
        }
    }
}

impl Caller {
    /// The tag that scripts must carry for it.
    pub fn tag(&self) -> Option<&str> {
        match self {
            Self::Token(token) => token.grant.tag.as_deref(),
            Self::Local(_) | Self::Route => None,
        }
    }

    /// Whether it may change any script.
    pub fn is_everywhere(&self) -> bool {
        match self {
            Self::Token(token) => !token.grant.scope().is_some(),
            Self::Local(_) | Self::Route => true,
        }
    }
}

impl Call {
    /// The script that the path names, for whoever calls.
    pub fn script(&self) -> Subject {
        let subject = Subject::new(self.param("script"), self.caller.tag());
        subject.binding_outside(self.caller.is_everywhere())
    }
}

/// A script that carried the tag when a call began, or none of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen(Option<Id>);

impl<W: Send + Sync + 'static> Manage<W> {
    /// Whether a script carries a tag now.
    pub(super) fn carries(&self, namespace: &str, script: &str, tag: &str) -> bool {
        let found = self.catalog.script(namespace, script);
        found.is_ok_and(|(_, script)| script.settings.tags.iter().any(|it| it == tag))
    }

    /// Holds a call about a script against its caller's tag before it begins. One that is not there yet passes: who
    /// makes it must give it the tag.
    pub(super) fn in_scope(&self, call: &Call) -> Result<Seen, Refusal> {
        let (Some(tag), name) = (call.caller.tag(), call.param("script")) else {
            return Ok(Seen(None));
        };
        match self.catalog.script(call.param("ns"), name) {
            Ok((_, script)) if script.settings.tags.iter().any(|it| it == tag) => {
                Ok(Seen(Some(script.tag)))
            }
            Ok(_) => Err(not_tagged(name, tag)),
            Err(CatalogError::ScriptNotFound { .. } | CatalogError::NamespaceNotFound(_)) => {
                Ok(Seen(None))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The same when something was read: nothing else was read than what its caller may.
    pub(super) fn still_in_scope(
        &self,
        namespace: &str,
        script: &Subject,
        before: Seen,
    ) -> Result<(), Refusal> {
        let Some(tag) = script.tag().filter(|_| !script.is_empty()) else {
            return Ok(());
        };
        let now = self.catalog.script(namespace, script);
        let is_same = match (&now, before.0) {
            (Ok((_, now)), Some(before)) => {
                now.tag == before && now.settings.tags.iter().any(|it| it == tag)
            }
            // There was nothing to read.
            (Err(_), None) => true,
            _ => false,
        };
        match is_same {
            true => Ok(()),
            false => Err(not_tagged(script, tag)),
        }
    }
}

fn not_tagged(script: &str, tag: &str) -> Refusal {
    let error = CatalogError::NotTagged {
        script: shown(script),
        tag: tag.to_owned(),
    };
    error.into()
}
