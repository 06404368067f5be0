//! Which script a change is about, and the tag that it must carry if whoever asks is there for one tag alone.
//!
//! Tags change under a script's lock only, so a change that asks here while it holds the lock is not overtaken by one
//! that takes the tag away, and one that comes after it finds the tag gone.

use super::name::shown;
use super::record::Script;
use super::{CatalogError, Result};
use std::fmt;
use std::ops::Deref;

/// A script by its name, as whoever changes it means it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    name: String,
    tag: Option<String>,
    binds_outside: bool,
}

impl Subject {
    /// The script of this name, for somebody who may change those with `tag` alone if there is one.
    pub fn new(name: &str, tag: Option<&str>) -> Self {
        Self {
            name: name.to_owned(),
            tag: tag.map(str::to_owned),
            binds_outside: false,
        }
    }

    /// The same for somebody who may bind Workers of dispatch namespaces to those outside of them.
    pub fn binding_outside(self, may: bool) -> Self {
        Self {
            binds_outside: may,
            ..self
        }
    }

    /// Whether it may be bound to Workers outside of its dispatch namespace.
    pub(super) fn binds_outside(&self) -> bool {
        self.binds_outside
    }

    /// The tag that it must carry.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Whether a script that exists may be changed at all.
    pub(super) fn check(&self, script: &Script) -> Result<()> {
        match &self.tag {
            Some(tag) if !script.settings.tags.contains(tag) => Err(CatalogError::NotTagged {
                script: shown(&self.name),
                tag: tag.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// Whether a script may have these tags, with `before` the ones it has, if it exists. Which other tags it has
    /// decides about its plan, its tenant and who else may change it, so that is not for whoever has one tag.
    pub(super) fn check_tags(&self, before: Option<&[String]>, after: &[String]) -> Result<()> {
        let Some(tag) = &self.tag else {
            return Ok(());
        };
        let own = std::slice::from_ref(tag);
        let wanted = before.unwrap_or(own);
        let has_all =
            |these: &[String], those: &[String]| those.iter().all(|it| these.contains(it));
        let is_same = has_all(after, wanted) && has_all(wanted, after);
        match is_same {
            true => Ok(()),
            false => Err(CatalogError::TagsKept {
                script: shown(&self.name),
                tags: wanted.join(", "),
            }),
        }
    }

    /// The tags that an upload means that says nothing of tags: none, or those that it could not change.
    pub(super) fn tags_kept(&self, before: Option<&Script>) -> Option<Vec<String>> {
        self.tag.as_ref()?;
        before.map(|script| script.settings.tags.clone())
    }
}

impl Deref for Subject {
    type Target = str;

    fn deref(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.name)
    }
}

impl From<&str> for Subject {
    fn from(name: &str) -> Self {
        Self::new(name, None)
    }
}

impl From<&String> for Subject {
    fn from(name: &String) -> Self {
        Self::new(name, None)
    }
}

impl From<&Self> for Subject {
    fn from(subject: &Self) -> Self {
        subject.clone()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn one_tag_changes_no_tags() {
        let subject = Subject::new("a", Some("customer-1"));
        let check = |before: Option<&[&str]>, after: &[&str], may: bool| {
            let owned = |tags: &[&str]| tags.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
            let before = before.map(owned);
            let told = subject.check_tags(before.as_deref(), &owned(after));
            assert_eq!(told.is_ok(), may, "{before:?} {after:?}");
        };
        check(None, &["customer-1"], true);
        check(None, &[], false);
        check(None, &["customer-2"], false);
        check(None, &["customer-1", "plan:large"], false);
        let both = &["customer-1", "plan:small"][..];
        check(Some(both), both, true);
        check(Some(both), &["plan:small", "customer-1"], true);
        check(Some(both), &["customer-1"], false);
        check(Some(both), &["plan:small"], false);
        check(Some(both), &["customer-1", "plan:large"], false);
        check(Some(both), &["customer-1", "customer-1"], false);
        check(
            Some(both),
            &["customer-1", "plan:small", "customer-2"],
            false,
        );
        let anybody = Subject::from("a");
        assert!(anybody.check_tags(None, &[]).is_ok());
        let told = subject.check_tags(Some(&["customer-1".to_owned()]), &[]);
        assert!(told.unwrap_err().to_string().contains("customer-1"));
    }
}
