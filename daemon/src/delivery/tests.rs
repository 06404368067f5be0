//! Delivery without sockets: what is taken, what is refused, and that nothing is left of what is refused.
#![allow(clippy::unwrap_used)]

mod reach;
mod ways;

use super::*;
use crate::bundle::{Module, Script, SecretKey, Seed, Writer};
use crate::catalog::testing::{TestRuntime, TestWorker, WASM, open};
use crate::store::NamespaceId;
use bytes::Bytes;
use futures_lite::future::block_on;
use futures_lite::stream;
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::Path;

const LIMIT: u64 = 1 << 20;

struct Device {
    dir: tempfile::TempDir,
    runtime: Arc<TestRuntime>,
    catalog: Arc<Catalog<TestWorker>>,
    delivery: Arc<Delivery<TestWorker>>,
    root: SecretKey,
    release: SecretKey,
}

/// What a bundle is made of.
#[derive(Clone)]
struct Made<'a> {
    namespace: Option<&'a str>,
    version: u64,
    devices: &'a [&'a str],
    expires: Option<u64>,
    scripts: &'a [(&'a str, &'a [u8])],
    /// Of the KV namespace `settings`.
    values: &'a [(&'a str, &'a str)],
    metadata: &'a str,
}

impl Default for Made<'_> {
    fn default() -> Self {
        Self {
            namespace: Some("production"),
            version: 1,
            devices: &["*"],
            expires: None,
            scripts: &[("a", WASM), ("b", WASM)],
            values: &[],
            metadata: r#"{"main_module":"w"}"#,
        }
    }
}

impl Made<'_> {
    fn file(&self, key: Option<&SecretKey>) -> Vec<u8> {
        let mut writer = Writer::default();
        let mut manifest = Manifest {
            namespace: self.namespace.map(str::to_owned),
            version: self.version,
            devices: self.devices.iter().map(|it| (*it).to_owned()).collect(),
            expires: self.expires,
            ..Manifest::default()
        };
        for (name, bytes) in self.scripts {
            manifest.scripts.push(Script {
                name: (*name).to_owned(),
                metadata: self.metadata.to_owned(),
                modules: vec![Module {
                    name: "w".to_owned(),
                    content_type: "application/wasm".to_owned(),
                    part: writer.part(bytes).unwrap(),
                }],
                assets: Vec::new(),
                snapshots: Vec::new(),
            });
        }
        for (key, value) in self.values {
            manifest.seeds.push(Seed {
                namespace: "settings".to_owned(),
                key: (*key).to_owned(),
                part: writer.part(value.as_bytes()).unwrap(),
            });
        }
        let sign = |signed: &[u8]| match key {
            Some(key) => key.sign(signed, "bundle").unwrap().into_bytes(),
            None => Vec::new(),
        };
        writer.finish(manifest, sign).unwrap()
    }
}

fn by_port(rollback: Option<u64>) -> Arrival {
    Arrival {
        way: "the management port".to_owned(),
        who: "t".to_owned(),
        is_authorized: true,
        rollback,
    }
}

fn keys(version: u64, keys: Vec<ReleaseKey>, root: &SecretKey) -> Vec<u8> {
    let list = KeyList { version, keys };
    list.file(|signed| root.sign(signed, "keys").unwrap().into_bytes())
        .unwrap()
}

fn id(file: &[u8]) -> String {
    crate::catalog::name::hex(&Sha256::digest(file))
}

impl Device {
    fn new() -> Self {
        Self::with(true)
    }

    fn with(asks: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let runtime = TestRuntime::new("test");
        let catalog = open(dir.path(), &runtime);
        let root = SecretKey::random().unwrap();
        let public = PublicKey::parse(&root.public()).unwrap();
        let options = DeliveryOptions {
            device: "gate".to_owned(),
            roots: if asks { vec![public] } else { Vec::new() },
            bytes_max: LIMIT,
            in_memory_max: LIMIT / 2,
            memory: Budget::new("management", u64::MAX),
            dir: dir.path().to_owned(),
            folder: None,
            sources: Vec::new(),
        };
        Self {
            delivery: Delivery::open(catalog.clone(), options).unwrap(),
            release: SecretKey::random().unwrap(),
            dir,
            runtime,
            catalog,
            root,
        }
    }

    /// One whose release key counts.
    fn ready() -> Self {
        let device = Self::new();
        device.count(1, device.key(None)).unwrap();
        device
    }

    fn key(&self, until: Option<u64>) -> ReleaseKey {
        ReleaseKey {
            key: self.release.public(),
            until,
            namespaces: Vec::new(),
        }
    }

    fn count(&self, version: u64, key: ReleaseKey) -> Result<Delivered> {
        self.take(&keys(version, vec![key], &self.root), None)
    }

    /// Uploads a file, and has it taken.
    fn take(&self, file: &[u8], rollback: Option<u64>) -> Result<Delivered> {
        let arrival = by_port(rollback);
        block_on(async {
            let id = id(file);
            self.delivery.begin(&id, file.len() as u64).await?;
            let mut body = stream::iter([Ok(Bytes::copy_from_slice(file))]);
            self.delivery.append(&id, 0, &mut body, &arrival).await?;
            let staged = self.delivery.finished(&id).await?;
            self.delivery.deliver(staged, &arrival).await
        })
    }

    fn push(&self, made: &Made<'_>) -> Result<Delivered> {
        self.take(&made.file(Some(&self.release)), None)
    }

    fn refused(&self, made: &Made<'_>) -> String {
        self.push(made).unwrap_err().to_string()
    }

    fn scripts(&self) -> Vec<String> {
        match self.catalog.scripts("production", None) {
            Ok(scripts) => scripts.into_iter().map(|it| it.name).collect(),
            Err(_) => Vec::new(),
        }
    }

    fn runs(&self, script: &str) -> bool {
        self.catalog.deployed("production", script).is_some()
    }

    fn staged(&self) -> usize {
        fs::read_dir(self.dir.path().join("incoming"))
            .unwrap()
            .count()
    }

    /// Names of all that is kept beside rows.
    fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        for folder in ["blobs", "values"] {
            let list = fs::read_dir(self.dir.path().join(folder)).unwrap();
            let names = list.map(|it| it.unwrap().file_name().into_string().unwrap());
            files.extend(names.map(|name| format!("{folder}/{name}")));
        }
        files.sort();
        files
    }
}

#[test]
fn a_bundle_is_there_whole() {
    let device = Device::ready();
    let made = Made {
        values: &[("colour", "red")],
        metadata: r#"{"main_module":"w","bindings":[{"type":"kv_namespace","name":"S","namespace_id":"settings"}]}"#,
        ..Made::default()
    };
    let Delivered::Bundle { installed, .. } = device.push(&made).unwrap() else {
        panic!("it is a bundle");
    };
    assert_eq!(device.scripts(), ["a", "b"]);
    assert!(device.runs("a") && device.runs("b"));
    let kv = device.catalog.kv_namespaces().unwrap();
    assert_eq!((kv.len(), kv[0].title.as_str()), (1, "settings"));
    let store = device.catalog.store();
    let value = store.kv().get(NamespaceId(kv[0].id.0), "colour").unwrap();
    assert_eq!(value.unwrap().value.into_bytes().unwrap(), "red");
    assert_eq!(installed.version, 1);
    assert_eq!(device.delivery.installed().unwrap(), [installed]);
    assert_eq!(device.staged(), 0);
    // The same again is well, and changes nothing.
    let before = device.catalog.script("production", "a").unwrap().1;
    let again = device.push(&made).unwrap();
    assert!(matches!(again, Delivered::Bundle { again: true, .. }));
    let now = device.catalog.script("production", "a").unwrap().1;
    assert_eq!(now.version_id, before.version_id);
}

#[test]
fn what_is_refused_leaves_nothing() {
    let device = Device::ready();
    let large = "x".repeat(100_000);
    let wrong = |made: Made<'_>, expect: &str| {
        let before = device.files();
        let refused = device.refused(&made);
        assert!(refused.contains(expect), "{expect}: {refused}");
        assert_eq!(device.scripts(), [""; 0], "{expect}");
        let kv = device.catalog.kv_namespaces().unwrap();
        assert!(kv.is_empty(), "{expect}");
        assert!(device.catalog.namespaces().unwrap().is_empty(), "{expect}");
        assert!(device.delivery.installed().unwrap().is_empty(), "{expect}");
        assert_eq!(device.files(), before, "{expect}");
        assert_eq!(device.staged(), 0, "{expect}");
    };
    let usual = Made {
        values: &[("k", &large)],
        ..Made::default()
    };
    wrong(
        Made {
            scripts: &[("a", WASM), ("b", b"no module")],
            ..usual.clone()
        },
        "script 'b'",
    );
    wrong(
        Made {
            metadata: r#"{"main_module":"x"}"#,
            ..usual.clone()
        },
        "its main module 'x' is not in it",
    );
    wrong(
        Made {
            metadata: r#"{"main_module":"w","crons":["* * * * *"]}"#,
            ..usual.clone()
        },
        "no scheduled handler",
    );
    wrong(
        Made {
            metadata: r#"{"main_module":"w","tail_consumers":[{"service":"nobody"}]}"#,
            ..usual.clone()
        },
        "tail consumer 'nobody' does not exist",
    );
    wrong(
        Made {
            scripts: &[("a", WASM), ("a", WASM)],
            ..usual.clone()
        },
        "two scripts are named 'a'",
    );
    wrong(
        Made {
            metadata: "{",
            ..usual.clone()
        },
        "its metadata is no JSON",
    );
    wrong(
        Made {
            values: &[("", "x")],
            ..usual.clone()
        },
        "Key name cannot be empty",
    );
    wrong(
        Made {
            devices: &["other"],
            ..usual.clone()
        },
        "not for this device, which is `gate`, but for other",
    );
    wrong(
        Made {
            expires: Some(1),
            ..usual.clone()
        },
        "expired at 1970-01-01T00:00:01Z",
    );
    let half = "x".repeat(usize::try_from(LIMIT / 2).unwrap() + 1);
    wrong(
        Made {
            values: &[("k", &half)],
            ..usual
        },
        "the limit in a bundle is 524288",
    );
}

#[test]
fn what_expires_is_refused_while_nobody_knows_the_time() {
    let error = super::believed(86_400).unwrap_err().to_string();
    assert!(
        error.contains("clock is not set (it says 86400 s"),
        "{error}"
    );
    assert!(super::believed(super::EARLIEST - 1).is_err());
    assert_eq!(super::believed(super::EARLIEST).unwrap(), super::EARLIEST);
}

#[test]
fn scripts_that_a_bundle_has_no_more_go_unless_somebody_changed_them() {
    let device = Device::ready();
    let three = Made {
        scripts: &[("a", WASM), ("b", WASM), ("c", WASM)],
        ..Made::default()
    };
    device.push(&three).unwrap();
    let change = crate::catalog::Change {
        bindings: Some(Vec::new()),
        ..Default::default()
    };
    block_on(device.catalog.change_settings("production", "c", change)).unwrap();
    let one = Made {
        version: 2,
        scripts: &[("a", WASM)],
        ..Made::default()
    };
    let Delivered::Bundle { left, .. } = device.push(&one).unwrap() else {
        panic!("it is a bundle");
    };
    assert_eq!(left, ["c"]);
    assert_eq!(device.scripts(), ["a", "c"]);
    assert!(device.runs("a") && !device.runs("b") && device.runs("c"));
    let receipt = device.delivery.receipt(Some("production")).unwrap();
    let key = PublicKey::parse(&receipt.public_key).unwrap();
    let told = verify_receipt(receipt.text.as_bytes(), receipt.signature.as_bytes(), &key);
    let told = told.unwrap();
    assert_eq!(told["bundle"]["version"], 2);
    assert_eq!(told["scripts"][0]["state"], "as in the bundle");
    let changed = receipt.text.replace("gate", "gats");
    assert!(verify_receipt(changed.as_bytes(), receipt.signature.as_bytes(), &key).is_err());
}

#[test]
fn signatures_are_those_of_keys_that_count_now() {
    let device = Device::new();
    let check = |expect: &str| {
        let refused = device.refused(&Made::default());
        assert!(refused.contains(expect), "{refused}");
    };
    check("no list of release keys is installed");
    device.count(1, device.key(Some(1))).unwrap();
    check("counts only until 1970");
    let other = ReleaseKey {
        namespaces: vec!["staging".to_owned()],
        ..device.key(None)
    };
    device.count(2, other).unwrap();
    check("is not for dispatch namespace 'production'");
    // A key is revoked by a list without it, and an older list does not bring it back.
    device.count(3, device.key(None)).unwrap();
    device.push(&Made::default()).unwrap();
    let stranger = SecretKey::random().unwrap();
    let revoking = keys(
        4,
        vec![ReleaseKey {
            key: stranger.public(),
            ..ReleaseKey::default()
        }],
        &device.root,
    );
    device.take(&revoking, None).unwrap();
    let refused = device.refused(&Made {
        version: 2,
        ..Made::default()
    });
    assert!(refused.contains("not among those that may"), "{refused}");
    let older = device.count(3, device.key(None)).unwrap_err().to_string();
    assert!(
        older.contains("has version 3, and version 4 is installed"),
        "{older}"
    );
    // Nobody but a root changes the list.
    let forged = keys(9, vec![device.key(None)], &stranger);
    assert!(device.take(&forged, None).is_err());
    let unsigned = Made::default().file(None);
    let refused = device.take(&unsigned, None).unwrap_err().to_string();
    assert!(refused.contains("not signed"), "{refused}");
}

#[test]
fn without_root_keys_only_a_token_opens() {
    let device = Device::with(false);
    device.take(&Made::default().file(None), None).unwrap();
    let made = Made {
        version: 2,
        ..Made::default()
    };
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.postern"), made.file(None)).unwrap();
    block_on(
        device
            .delivery
            .look_into(folder.path(), &mut Default::default()),
    );
    let outcomes = device.delivery.outcomes();
    let outcome = outcomes.values().next().unwrap();
    assert!(
        !outcome.well && outcome.what.contains("no root keys"),
        "{outcome:?}"
    );
    assert_eq!(device.delivery.installed().unwrap()[0].version, 1);
}

#[test]
fn an_upload_goes_on_where_it_broke_off() {
    let device = Device::ready();
    let file = Made::default().file(Some(&device.release));
    let (id, half) = (id(&file), file.len() / 2);
    let arrival = by_port(None);
    let delivery = &device.delivery;
    block_on(async {
        let send = async |offset: usize, parts: Vec<io::Result<Bytes>>| {
            let mut body = stream::iter(parts);
            delivery
                .append(&id, offset as u64, &mut body, &arrival)
                .await
        };
        let part = |range: std::ops::Range<usize>| Ok(Bytes::copy_from_slice(&file[range]));
        let begun = delivery.begin(&id, file.len() as u64).await.unwrap();
        assert_eq!(begun.received, 0);
        let broke = send(
            0,
            vec![part(0..half), Err(io::ErrorKind::ConnectionReset.into())],
        )
        .await;
        assert!(matches!(broke, Err(DeliveryError::BrokenOff(_))));
        let begun = delivery.begin(&id, file.len() as u64).await.unwrap();
        assert_eq!(begun.received, half as u64);
        let wrong = send(0, vec![part(0..1)]).await;
        assert!(
            matches!(wrong, Err(DeliveryError::Offset { received, .. }) if received == half as u64)
        );
        let early = delivery.finished(&id).await;
        assert!(matches!(early, Err(DeliveryError::Incomplete { .. })));
        send(half, vec![part(half..file.len())]).await.unwrap();
        let staged = delivery.finished(&id).await.unwrap();
        delivery.deliver(staged, &arrival).await.unwrap();
        let gone = delivery.upload(&id).await;
        assert!(matches!(gone, Err(DeliveryError::NoUpload)));
    });
    assert_eq!(device.scripts(), ["a", "b"]);
}

#[test]
fn uploads_are_bounded_and_hold_what_they_say() {
    let device = Device::ready();
    let delivery = &device.delivery;
    let arrival = by_port(None);
    block_on(async {
        let too_large = delivery.begin(&"0".repeat(64), LIMIT + 1).await;
        assert!(matches!(
            too_large,
            Err(DeliveryError::TooLarge { limit: LIMIT, .. })
        ));
        for bad in [
            "",
            "x",
            &"G".repeat(64),
            &"A".repeat(64),
            "../../../etc/passwd",
        ] {
            let refused = delivery.begin(bad, 1).await;
            assert!(matches!(refused, Err(DeliveryError::BadId(_))), "{bad}");
        }
        let id = |number: u8| format!("{number:064x}");
        for number in 0..4 {
            delivery.begin(&id(number), 10).await.unwrap();
        }
        let busy = delivery.begin(&id(4), 10).await;
        assert!(matches!(busy, Err(DeliveryError::Busy { limit: 4 })));
        let mut more = stream::iter([Ok(Bytes::from_static(b"12345678901"))]);
        let more = delivery.append(&id(0), 0, &mut more, &arrival).await;
        assert!(matches!(
            more,
            Err(DeliveryError::TooLarge { limit: 10, .. })
        ));
        // It is given up, and makes room.
        delivery.begin(&id(4), 10).await.unwrap();
        let mut body = stream::iter([Ok(Bytes::from_static(b"1234567890"))]);
        delivery
            .append(&id(4), 0, &mut body, &arrival)
            .await
            .unwrap_err();
        delivery.abandon(&id(1)).await;
        delivery.abandon(&id(2)).await;
        delivery.abandon(&id(3)).await;
        let file = Made::default().file(Some(&device.release));
        delivery.begin(&id(5), file.len() as u64).await.unwrap();
        let mut body = stream::iter([Ok(Bytes::from(file))]);
        delivery
            .append(&id(5), 0, &mut body, &arrival)
            .await
            .unwrap();
        let other = delivery.finished(&id(5)).await;
        assert!(matches!(other, Err(DeliveryError::OtherHash)));
    });
    assert_eq!(device.staged(), 0);
    // Whatever was on its way is gone after a restart.
    block_on(delivery.begin(&"0".repeat(64), 10)).unwrap();
    assert_eq!(device.staged(), 1);
    Stage::open(device.dir.path(), LIMIT).unwrap();
    assert_eq!(device.staged(), 0);
}

#[test]
fn what_the_disk_has_no_room_for_is_refused_with_the_arithmetic() {
    let dir = tempfile::tempdir().unwrap();
    let stage = Stage::open(dir.path(), u64::MAX / 2).unwrap();
    // More than any disk has: 1 PiB, once as it comes and once as it is stored.
    let refused = block_on(stage.begin(&"0".repeat(64), 1 << 50)).unwrap_err();
    let text = refused.to_string();
    for part in [
        "no room for the bundle: needs 2097152.0 GiB: 1048576.0 GiB upload, 1048576.0 GiB contents; free ",
        " (storage), of which 4.0 MiB stay free; delete scripts,",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(
        fs::read_dir(dir.path().join("incoming")).unwrap().count(),
        0
    );
}

#[test]
fn the_ledger_knows_what_a_bundle_has_while_it_is_installed() {
    let device = Device::ready();
    let memory = &device.delivery.options.memory;
    assert_eq!(memory.used(), 0);
    let gate = block_on(device.runtime.gate.lock());
    std::thread::scope(|scope| {
        let pushed = scope.spawn(|| device.push(&Made::default()).map(drop));
        while memory.used() == 0 && !pushed.is_finished() {
            std::thread::yield_now();
        }
        assert_eq!(memory.used(), LIMIT / 2 + bundle::EXPANDING_BYTES);
        drop(gate);
        pushed.join().unwrap().unwrap();
    });
    assert_eq!(memory.used(), 0);
}

#[test]
fn what_is_refused_is_refused_before_all_of_it_was_sent() {
    let device = Device::ready();
    // What cannot be made much smaller.
    let large: String = (0..1000_u32).map(|it| id(&it.to_le_bytes())).collect();
    let made = Made {
        devices: &["other"],
        values: &[("k", &large)],
        ..Made::default()
    };
    let file = made.file(Some(&device.release));
    let arrival = by_port(None);
    block_on(async {
        let id = id(&file);
        device.delivery.begin(&id, file.len() as u64).await.unwrap();
        let mut body = stream::iter(file.chunks(4096).map(|it| Ok(Bytes::copy_from_slice(it))));
        let refused = device.delivery.append(&id, 0, &mut body, &arrival).await;
        assert!(matches!(refused, Err(DeliveryError::OtherDevice { .. })));
        assert!(body.next().await.is_some(), "nobody asked for the rest");
    });
    assert_eq!(device.staged(), 0);
}

#[test]
fn a_receipt_is_that_of_the_same_key_after_a_restart() {
    let device = Device::ready();
    let nothing = device.delivery.receipt(None).unwrap_err().to_string();
    assert!(
        nothing.contains("outside of dispatch namespaces"),
        "{nothing}"
    );
    let key = device.delivery.public_key();
    assert_eq!(DeviceKey::open(device.dir.path()).unwrap().public(), key);
    let path = device.dir.path().join("receipt.key");
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    fs::write(Path::new(&path), "no key").unwrap();
    let refused = DeviceKey::open(device.dir.path())
        .err()
        .unwrap()
        .to_string();
    assert!(
        refused.contains("receipt.key: its file has one line: "),
        "not made anew, and named: {refused}"
    );
}

/// What a device should do, simply.
#[derive(Default)]
struct Model {
    installed: Option<(u64, u8)>,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Versions only ever grow, whatever is sent, but for those that are allowed by name.
    #[test]
    fn versions_grow(sent in prop::collection::vec((1_u64..5, 0_u8..3, prop::option::of(1_u64..5)), 1..12)) {
        let device = Device::ready();
        let mut model = Model::default();
        for (version, content, rollback) in sent {
            let value = content.to_string();
            let made = Made {
                version,
                scripts: &[("a", WASM)],
                values: &[("content", &value)],
                ..Made::default()
            };
            let taken = device.take(&made.file(Some(&device.release)), rollback);
            let same = model.installed == Some((version, content));
            let newer = model.installed.is_none_or(|(installed, _)| version > installed);
            prop_assert_eq!(taken.is_ok(), same || newer || rollback == Some(version));
            if taken.is_ok() {
                model.installed = Some((version, content));
            }
            let (version, content) = model.installed.unwrap();
            prop_assert_eq!(device.delivery.installed().unwrap()[0].version, version);
            let kv = device.catalog.kv_namespaces().unwrap()[0].id;
            let value = device.catalog.store().kv().get(NamespaceId(kv.0), "content").unwrap();
            prop_assert_eq!(value.unwrap().value.into_bytes().unwrap(), content.to_string());
        }
    }
}
