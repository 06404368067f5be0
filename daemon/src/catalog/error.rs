//! What the catalog refuses, and why. The management port turns these into answers.

use super::entrances::EntranceError;
use super::limits;
use super::name::ACCOUNT;
use crate::cron::BadExpression;
use crate::store::{KvError, StoreError};

/// Why a change or a look-up was refused.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// No dispatch namespace has this name.
    #[error("Dispatch namespace '{0}' not found")]
    NamespaceNotFound(String),
    /// The name is taken.
    #[error("A dispatch namespace named '{0}' already exists; choose another name")]
    NamespaceExists(String),
    /// It still has scripts.
    #[error(
        "Dispatch namespace '{name}' still holds {scripts} script(s); delete them before the namespace"
    )]
    NamespaceNotEmpty {
        /// The namespace.
        name: String,
        /// How many scripts it holds.
        scripts: usize,
    },
    /// A name breaks the rules for names.
    #[error(
        "Invalid {what} name '{name}': {reason}; use 1 to {max} of a-z A-Z 0-9 _ -, not starting with -",
        max = limits::NAME_MAX
    )]
    BadName {
        /// What was to be named.
        what: &'static str,
        /// The name, shortened.
        name: String,
        /// Which rule it breaks.
        reason: &'static str,
    },
    /// No script of this name.
    #[error("Worker '{script}' does not exist in dispatch namespace '{namespace}'")]
    ScriptNotFound {
        /// Where it was looked for.
        namespace: String,
        /// What was looked for.
        script: String,
    },
    /// Whoever asks may change scripts with one tag alone.
    #[error(
        "Worker '{script}' does not carry the tag '{tag}', and this token is for those alone that do; use another token, or have the operator tag it"
    )]
    NotTagged {
        /// The script.
        script: String,
        /// The tag that it would need.
        tag: String,
    },
    /// Whoever asks may not change tags.
    #[error(
        "this token is for one tag and changes no tags: Worker '{script}' has [{tags}]; name just these, or leave them out where it exists"
    )]
    TagsKept {
        /// The script.
        script: String,
        /// Those it has, or would have as a new one.
        tags: String,
    },
    /// Too many of something on this device.
    #[error("Too many {what}: the limit is {limit}; delete some first")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// A tag breaks the rules for tags.
    #[error("Invalid tag '{tag}': {reason}")]
    BadTag {
        /// The tag, shortened.
        tag: String,
        /// Which rule it breaks.
        reason: &'static str,
    },
    /// More tags than a script may have.
    #[error("A script may have {max} tags, this would be {count}; remove some", max = limits::TAGS_MAX)]
    TooManyTags {
        /// How many it would have.
        count: usize,
    },
    /// The upload has no module to start.
    #[error("{0}")]
    NoMainModule(String),
    /// A module is of a kind that cannot run, or cannot be what it is to be.
    #[error("{0}")]
    BadModule(String),
    /// Nothing in the modules can be called.
    #[error("No event handlers were registered. This script does nothing.")]
    NoHandlers,
    /// The compatibility date or flags cannot be had.
    #[error("{0}")]
    Compatibility(String),
    /// The judge refused the module; the text is the judge's.
    #[error("{0}")]
    Invalid(String),
    /// A part of the metadata does not say what it should.
    #[error("Invalid metadata: {0}")]
    BadMetadata(String),
    /// A binding without a name.
    #[error("Binding number {0} of type '{1}' has no name; give every binding a \"name\"")]
    UnnamedBinding(usize, String),
    /// A binding of a kind that does not exist here.
    #[error(
        "Binding '{name}' has type '{kind}'{feature}, which is not supported by this Postern; supported are {supported}",
        supported = super::binding::SUPPORTED
    )]
    UnknownBinding {
        /// Its name.
        name: String,
        /// Its type.
        kind: String,
        /// What the field calls it, to be put behind the type.
        feature: String,
    },
    /// A binding that points nowhere.
    #[error("Binding '{name}' refers to {what} '{id}', which does not exist; create it first")]
    BindingTarget {
        /// Its name.
        name: String,
        /// What kind of thing it refers to.
        what: &'static str,
        /// Which one.
        id: String,
    },
    /// A binding to a KV namespace that there is not.
    #[error("KV namespace '{0}' not found. Please verify the namespace_id in your configuration.")]
    NoKvTarget(String),
    /// A binding to what is no identifier of a KV namespace.
    #[error(
        "KV namespace '{0}' is not valid. Please verify the namespace_id in your configuration."
    )]
    BadKvTarget(String),
    /// A binding to a dispatch namespace that there is not.
    #[error(
        "Binding '{name}' refers to dispatch namespace '{id}', which does not exist; create it first"
    )]
    NoDispatchTarget {
        /// Its name.
        name: String,
        /// Which one.
        id: String,
    },
    /// A binding to a Worker that there is not, or that whoever deploys may not bind.
    #[error(
        "Could not resolve service binding '{name}'. Target script '{script}' not found. Please verify the target script and try again."
    )]
    NoServiceTarget {
        /// Its name.
        name: String,
        /// Which one.
        script: String,
    },
    /// A variable longer than allowed.
    #[error(
        "Binding '{name}' has {size} bytes; the limit for a variable is {max}; shorten it or keep it in KV",
        max = limits::VARIABLE_MAX
    )]
    VariableTooLarge {
        /// Its name.
        name: String,
        /// Its size in bytes.
        size: usize,
    },
    /// More bindings than allowed.
    #[error("A Worker may have {max} bindings, this would be {count}", max = limits::BINDINGS_MAX)]
    TooManyBindings {
        /// How many it would have.
        count: usize,
    },
    /// An upload of assets that breaks a rule.
    #[error("Invalid assets: {0}")]
    Assets(String),
    /// No upload of assets has this token, or it is too old.
    #[error(
        "the token of the assets is unknown, for another script, or older than an hour; begin the upload again"
    )]
    NoAssetsSession,
    /// A route, a Custom Domain or a default hostname that cannot be.
    #[error(transparent)]
    Entrance(#[from] EntranceError),
    /// A cron expression that is none.
    #[error(transparent)]
    Cron(#[from] BadExpression),
    /// The same cron expression twice.
    #[error("cron string '{0}' is given twice; keep one")]
    CronTwice(String),
    /// More cron triggers than a script may have.
    #[error("A Worker may have {max} cron triggers, this would be {count}; remove some", max = limits::SCHEDULES_MAX)]
    TooManySchedules {
        /// How many it would have.
        count: usize,
    },
    /// A script with nothing that cron triggers could run.
    #[error(
        "Worker '{0}' has no scheduled handler, so that cron triggers cannot run it; export scheduled() and push it first"
    )]
    NoScheduledHandler(String),
    /// No version of this identifier is kept.
    #[error(
        "Worker '{script}' has no version '{version}'; a version that is not deployed is dropped when newer ones \
         need its place"
    )]
    VersionNotFound {
        /// The script.
        script: String,
        /// What was looked for.
        version: String,
    },
    /// No deployment of this identifier is remembered.
    #[error("Deployment '{0}' not found")]
    DeploymentNotFound(String),
    /// A deployment that cannot be.
    #[error("Invalid deployment: {0}")]
    BadDeployment(String),
    /// Secrets of a version that does not run cannot be changed by changing those of the one
    /// that does.
    #[error(
        "the newest version of Worker '{0}' is not the one that is deployed; deploy it at 100 % first, or change \
         the secret in a new version with `versions secret put`"
    )]
    NotDeployed(String),
    /// No secret of this name.
    #[error("Secret '{0}' not found")]
    SecretNotFound(String),
    /// No KV namespace of this id.
    #[error("KV namespace '{0}' not found")]
    KvNamespaceNotFound(String),
    /// The title is taken.
    #[error("A KV namespace with the title '{0}' already exists; choose another title")]
    KvTitleExists(String),
    /// The title breaks the rules.
    #[error(
        "Invalid KV namespace title: {0}; use 1 to {max} bytes without control characters",
        max = limits::KV_TITLE_MAX
    )]
    BadKvTitle(&'static str),
    /// A script uses the KV namespace.
    #[error(
        "KV namespace '{id}' is bound to Worker '{script}'{}; remove the binding first",
        within(namespace)
    )]
    KvNamespaceBound {
        /// The KV namespace.
        id: String,
        /// Where the script is.
        namespace: String,
        /// Which script.
        script: String,
    },
    /// The engine could not start the Worker, although it was judged well.
    #[error("the Worker could not be started: {0}")]
    Start(String),
    /// A secret cannot be encrypted or decrypted.
    #[error(transparent)]
    Vault(#[from] super::vault::VaultError),
    /// A change of plans or limits is refused.
    #[error(transparent)]
    Plans(#[from] crate::plans::PlansError),
    /// Something that a release counts on was changed beside it.
    #[error("{0} was changed meanwhile; send it again")]
    Meanwhile(&'static str),
    /// One of several scripts that come together is refused, and so all are.
    #[error("script '{0}': {1}")]
    InScript(String, Box<CatalogError>),
    /// The store failed. This is the only kind that is not the caller's fault.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The KV store failed or refused.
    #[error(transparent)]
    Kv(#[from] KvError),
}

/// Where a script is, for a message; nothing of one that is in no dispatch namespace.
fn within(namespace: &str) -> String {
    match namespace {
        ACCOUNT => String::new(),
        namespace => format!(" in dispatch namespace '{namespace}'"),
    }
}
