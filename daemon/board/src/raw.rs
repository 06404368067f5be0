//! A board file as written: everything optional, so that all that is missing is told at once.

use super::{
    Architecture, Board, Boot, BootMethod, Budgets, Dispatch, Durability, Image, Kernel, Storage,
    StorageKind,
};
use crate::amount::{Amount, show_bytes};
use crate::document::Document;
use crate::durability::RawDurability;
use crate::limits::{Limits, RawLimits, SLICE_FUEL, apply, default_ceilings};
use serde::Deserialize;
use toml::Spanned;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawBoard {
    name: Option<Spanned<String>>,
    description: Option<String>,
    architecture: Option<Architecture>,
    target: Option<String>,
    cpu: Option<Spanned<String>>,
    cpu_features: Vec<Spanned<String>>,
    build_features: Option<Vec<Spanned<String>>>,
    watchdog: Option<Spanned<String>>,
    ram_bytes: Option<Spanned<Amount>>,
    cores: Option<Spanned<Amount>>,
    fuel_per_ms: Option<Spanned<Amount>>,
    slice_fuel: Option<Spanned<Amount>>,
    wasmi_dispatch: Option<Dispatch>,
    boot: RawBoot,
    image: Option<RawImage>,
    storage: RawStorage,
    budgets: RawBudgets,
    ceilings: RawLimits,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct RawBoot {
    method: BootMethod,
    kernel: Kernel,
    recovery_shell: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct RawImage {
    boot: Option<Spanned<Amount>>,
    slot: Option<Spanned<Amount>>,
    data: Option<Spanned<Amount>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct RawStorage {
    kind: Option<StorageKind>,
    durability: Option<Spanned<RawDurability>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct RawBudgets {
    binary: Option<Spanned<Amount>>,
    idle_rss: Option<Spanned<Amount>>,
    tenant_memory: Option<Spanned<Amount>>,
    store_cache: Option<Spanned<Amount>>,
    connections: Option<Spanned<Amount>>,
    log_bytes: Option<Spanned<Amount>>,
    kv_quota: Option<Spanned<Amount>>,
    cache: Option<Spanned<Amount>>,
}

const PIB: u64 = 1 << 50;
const MIB: u64 = 1 << 20;
/// Bytes of a partition that an image says nothing about.
const PARTITION: u64 = 64 * MIB;

impl RawBoard {
    /// Checks every rule; what is noted in `document` decides, the result may be `None` too.
    pub(super) fn validate(self, document: &mut Document<'_>) -> Option<Board> {
        let mut need = Need { document };
        let name = need.some("name", self.name);
        let architecture = need.some("architecture", self.architecture);
        let target = need.some("target", self.target);
        let ram_bytes = need.number("ram-bytes", &self.ram_bytes, (4 << 20, PIB));
        let cores = need.number("cores", &self.cores, (1, 256));
        let fuel_per_ms = need.number("fuel-per-ms", &self.fuel_per_ms, (100, 1_000_000_000));
        let slice_fuel = match &self.slice_fuel {
            None => Some(200_000),
            Some(value) => need.slice_fuel(value),
        };
        let kind = need.some("storage.kind", self.storage.kind);
        let durability = match self.storage.durability {
            None => Some(Durability::Acknowledged),
            Some(raw) => raw.get_ref().check(need.document, "storage", raw.span()),
        };
        let budgets = self.budgets.validate(&mut need, ram_bytes);
        let ceilings: Limits = apply(
            need.document,
            "ceilings",
            &self.ceilings,
            default_ceilings().with_startup(fuel_per_ms.unwrap_or(u64::MAX)),
        );
        if let Some(name) = &name
            && !is_name(name.get_ref())
        {
            need.document.problem(
                Some(name.span()),
                format!("`{}` is no name for a board", name.get_ref()),
                "use 1 to 63 letters, digits and `-`, like its file's name",
            );
        }
        let boot = Boot {
            method: self.boot.method,
            kernel: self.boot.kernel,
            recovery_shell: self.boot.recovery_shell,
        };
        let image = match self.image {
            None => None,
            Some(raw) => Some(raw.validate(&mut need, boot)?),
        };
        let path = |text: &str| text.starts_with("/dev/") && !text.contains(['\0', '\n']);
        let cpu = need.text(
            "cpu",
            self.cpu,
            is_cpu,
            "name it as `rustc --print target-cpus`",
        );
        let watchdog = need.text("watchdog", self.watchdog, path, "give a path in /dev");
        let cpu_features = need.list(
            "cpu-features",
            self.cpu_features,
            is_cpu_feature,
            "name it as `rustc --print target-features`, with `-` before what must not be used",
        );
        let build_features = self.build_features.map(|features| {
            need.list(
                "build-features",
                features,
                is_feature,
                "name a feature of daemon/Cargo.toml; how wasmi dispatches is `wasmi-dispatch`",
            )
        });
        Some(Board {
            name: name?.into_inner(),
            description: self.description.unwrap_or_default(),
            architecture: architecture?,
            target: target?,
            cpu,
            cpu_features,
            build_features,
            ram_bytes: ram_bytes?,
            cores: u32::try_from(cores?).ok()?,
            fuel_per_ms: fuel_per_ms?,
            slice_fuel: slice_fuel?,
            wasmi_dispatch: self.wasmi_dispatch.unwrap_or(Dispatch::Tail),
            storage: Storage {
                kind: kind?,
                durability: durability?,
            },
            watchdog,
            boot,
            image,
            budgets: budgets?,
            ceilings,
        })
    }
}

impl RawImage {
    fn validate(&self, need: &mut Need<'_, '_>, boot: Boot) -> Option<Image> {
        if boot.method == BootMethod::None {
            need.document.problem(
                None,
                "there is an `image`, but `boot.method` is `none`",
                "say how the board boots, or take `image` out",
            );
        }
        let mut part = |key, value: &Option<Spanned<Amount>>| match value {
            None => Some(PARTITION),
            Some(value) => need.partition(key, value),
        };
        let (boot, slot) = (part("boot", &self.boot), part("slot", &self.slot));
        let data = part("data", &self.data);
        Some(Image {
            boot_bytes: boot?,
            slot_bytes: slot?,
            data_bytes: data?,
        })
    }
}

impl RawBudgets {
    fn validate(&self, need: &mut Need<'_, '_>, ram: Option<u64>) -> Option<Budgets> {
        let binary = need.number("budgets.binary", &self.binary, (1 << 20, 1 << 30));
        let idle_rss = need.number("budgets.idle-rss", &self.idle_rss, (1 << 20, PIB));
        let tenant = need.number("budgets.tenant-memory", &self.tenant_memory, (1 << 20, PIB));
        let cache = need.number("budgets.store-cache", &self.store_cache, (1 << 20, PIB));
        let connections = need.number("budgets.connections", &self.connections, (1, 1 << 20));
        let log = need.number("budgets.log-bytes", &self.log_bytes, (64 << 10, PIB));
        let kv_quota = need.number("budgets.kv-quota", &self.kv_quota, (1 << 20, PIB));
        // Younger than boards' files that are about.
        let on_disk = match &self.cache {
            None => Some(256 << 20),
            cache => need.number("budgets.cache", cache, (0, PIB)),
        };
        let together = [idle_rss, tenant, cache, log]
            .into_iter()
            .try_fold(0u64, |sum, part| Some(sum.saturating_add(part?)));
        if let (Some(together), Some(ram)) = (together, ram)
            && together > ram
        {
            need.document.problem(
                self.tenant_memory.as_ref().map(Spanned::span),
                format!(
                    "the budgets idle-rss, tenant-memory, store-cache and log-bytes are {} together, more than the board's {} of RAM",
                    show_bytes(together),
                    show_bytes(ram)
                ),
                "lower `budgets.tenant-memory`",
            );
        }
        Some(Budgets {
            binary_bytes: binary?,
            idle_rss_bytes: idle_rss?,
            tenant_memory_bytes: tenant?,
            store_cache_bytes: cache?,
            connections: u32::try_from(connections?).ok()?,
            log_bytes: log?,
            kv_quota_bytes: kv_quota?,
            cache_bytes: on_disk?,
        })
    }
}

/// Takes out what a board must say, noting what it does not.
struct Need<'a, 'd> {
    document: &'a mut Document<'d>,
}

impl Need<'_, '_> {
    fn some<T>(&mut self, key: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.document.problem(
                None,
                format!("`{key}` is missing"),
                "add it; boards/README.md tells what it means",
            );
        }
        value
    }

    /// A text that is right, or a noted mistake and `None`.
    fn text(
        &mut self,
        key: &str,
        value: Option<Spanned<String>>,
        right: impl Fn(&str) -> bool,
        remedy: &str,
    ) -> Option<String> {
        let value = value?;
        if !right(value.get_ref()) {
            let message = format!("`{key}` is `{}`", value.get_ref());
            self.document.problem(Some(value.span()), message, remedy);
            return None;
        }
        Some(value.into_inner())
    }

    /// Those of a list that are right; the others are noted.
    fn list(
        &mut self,
        key: &str,
        values: Vec<Spanned<String>>,
        right: fn(&str) -> bool,
        remedy: &str,
    ) -> Vec<String> {
        let mut kept = Vec::new();
        for value in values {
            if right(value.get_ref()) {
                kept.push(value.into_inner());
            } else {
                let message = format!("`{key}` has `{}`", value.get_ref());
                self.document.problem(Some(value.span()), message, remedy);
            }
        }
        kept
    }

    /// Bytes of a partition: disks are parted by whole mebibytes.
    fn partition(&mut self, key: &str, value: &Spanned<Amount>) -> Option<u64> {
        let number = value.get_ref().value;
        if (MIB..=PIB).contains(&number) && number.is_multiple_of(MIB) {
            return Some(number);
        }
        self.document.problem(
            Some(value.span()),
            format!("`image.{key}` is {number}; it must be whole mebibytes, at least one"),
            "write it like \"64 MiB\"",
        );
        None
    }

    fn slice_fuel(&mut self, value: &Spanned<Amount>) -> Option<u64> {
        let number = value.get_ref().value;
        if SLICE_FUEL.contains(&number) {
            return Some(number);
        }
        let (least, most) = SLICE_FUEL.into_inner();
        let remedy = if number < least {
            "raise it: shorter slices are spent on taking turns; 200000 is the default"
        } else {
            "lower it: longer slices keep other tenants waiting and may overflow a thread's stack; 200000 is the default"
        };
        self.document.problem(
            Some(value.span()),
            format!("`slice-fuel` is {number}; it must be {least} to {most}"),
            remedy,
        );
        None
    }

    fn number(
        &mut self,
        key: &str,
        value: &Option<Spanned<Amount>>,
        (least, most): (u64, u64),
    ) -> Option<u64> {
        let value = self.some(key, value.as_ref())?;
        let number = value.get_ref().value;
        if (least..=most).contains(&number) {
            return Some(number);
        }
        self.document.problem(
            Some(value.span()),
            format!("`{key}` is {number}; it must be {least} to {most}"),
            "choose a value in this range",
        );
        None
    }
}

fn is_name(name: &str) -> bool {
    (1..=63).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// What a processor or a feature of one is called.
fn is_cpu(name: &str) -> bool {
    (1..=63).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

fn is_cpu_feature(name: &str) -> bool {
    is_cpu(name.strip_prefix('-').unwrap_or(name))
}

fn is_feature(name: &str) -> bool {
    is_name(name) && !name.ends_with("-dispatch")
}
