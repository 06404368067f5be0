//! How many and how large: the bounds on what the catalog holds.

/// Bytes of the name of a dispatch namespace or a script. Only names of up to 63 can be
/// reached by subdomain.
pub const NAME_MAX: usize = 255;
/// Tags of a script (spec: SEMANTICS §5).
pub const TAGS_MAX: usize = 8;
/// Bytes of a tag.
pub const TAG_MAX: usize = 256;
/// Bindings of a script.
pub const BINDINGS_MAX: usize = 128;
/// Bytes of a variable or a secret (spec: SEMANTICS §3).
pub const VARIABLE_MAX: usize = 5 * 1024;
/// Bytes of a binding's name.
pub const BINDING_NAME_MAX: usize = 128;
/// Bytes of a KV namespace's title.
pub const KV_TITLE_MAX: usize = 512;
/// Dispatch namespaces on one device.
pub const NAMESPACES_MAX: usize = 256;
/// Scripts in one dispatch namespace.
pub const SCRIPTS_MAX: usize = 10_000;
/// KV namespaces on one device.
pub const KV_NAMESPACES_MAX: usize = 10_000;
/// Cron triggers of a script.
pub const SCHEDULES_MAX: usize = 100;
/// Milliseconds of CPU that a script may ask for (spec: SEMANTICS §3).
pub const CPU_MS_MAX: u32 = 300_000;
/// Subrequests that a script may ask for (spec: SEMANTICS §3).
pub const SUBREQUESTS_MAX: u32 = 10_000;
/// Compatibility flags of a script, and bytes of each.
pub const FLAGS_MAX: usize = 64;
/// Bytes of one compatibility flag.
pub const FLAG_MAX: usize = 128;
/// Modules of an upload of a script.
pub const MODULES_MAX: usize = 256;
/// Bytes of a module's name.
pub const MODULE_NAME_MAX: usize = 512;
/// The compatibility date of an upload without one (spec: SEMANTICS §4).
pub const COMPATIBILITY_DATE_DEFAULT: &str = "2021-11-02";
