//! A key for some namespaces opens nothing that others have.

use super::*;

const BOUND: &str = r#"{"main_module":"w","bindings":[{"type":"kv_namespace","name":"S","namespace_id":"settings"}]}"#;

/// One whose release key is for these namespaces.
fn limited(to: &[&str]) -> Device {
    let device = Device::new();
    let key = ReleaseKey {
        namespaces: to.iter().map(|it| (*it).to_owned()).collect(),
        ..device.key(None)
    };
    device.count(1, key).unwrap();
    device
}

/// The operator's own `settings`, with a value.
fn settings(device: &Device) -> NamespaceId {
    let kv = block_on(device.catalog.create_kv_namespace("settings")).unwrap();
    let id = NamespaceId(kv.id.0);
    let put = device.catalog.store().kv();
    block_on(put.put(id, "colour", "blue", Default::default())).unwrap();
    id
}

fn colour(device: &Device, settings: NamespaceId) -> Vec<u8> {
    let entry = device.catalog.store().kv().get(settings, "colour");
    entry.unwrap().unwrap().value.into_bytes().unwrap().to_vec()
}

#[test]
fn a_key_for_one_namespace_opens_no_kv_namespace_of_others() {
    let device = limited(&["production"]);
    let settings = settings(&device);
    let red = &[("colour", "red")];
    for made in [
        Made {
            values: red,
            ..Made::default()
        },
        Made {
            metadata: BOUND,
            ..Made::default()
        },
    ] {
        // Of its beginning, and whole.
        let file = made.file(Some(&device.release));
        let mut early = &file[..file.len() - 1];
        let early = device.delivery.check_beginning(&mut early, &by_port(None));
        let early = early.unwrap_err().to_string();
        let refused = device.refused(&made);
        assert_eq!(early, refused);
        let key = PublicKey::parse(&device.release.public()).unwrap();
        for part in [
            format!("the release key {key:?} is for production alone"),
            "the KV namespace 'settings' is another's".to_owned(),
            "give it another title".to_owned(),
        ] {
            assert!(refused.contains(&part), "{part}: {refused}");
        }
        assert_eq!(device.scripts(), [""; 0]);
        assert_eq!(device.staged(), 0);
        assert!(device.delivery.installed().unwrap().is_empty());
        assert_eq!(colour(&device, settings), b"blue");
    }
    // Once somebody who may has bound it there, it is of that namespace.
    device.count(2, device.key(None)).unwrap();
    let bound = Made {
        metadata: BOUND,
        ..Made::default()
    };
    device.push(&bound).unwrap();
    let key = ReleaseKey {
        namespaces: vec!["production".to_owned()],
        ..device.key(None)
    };
    device.count(3, key).unwrap();
    device
        .push(&Made {
            version: 2,
            values: red,
            ..bound
        })
        .unwrap();
    assert_eq!(colour(&device, settings), b"red");
}

#[test]
fn what_a_bundle_made_the_next_one_has_and_no_other_namespace() {
    let device = limited(&["production"]);
    let values = &[("colour", "red")];
    let made = Made {
        values,
        ..Made::default()
    };
    device.push(&made).unwrap();
    // No script binds it: it is known by who made it.
    let next = |version| Made {
        version,
        ..made.clone()
    };
    device.push(&next(2)).unwrap();
    device.push(&next(3)).unwrap();
    let staging = ReleaseKey {
        namespaces: vec!["staging".to_owned()],
        ..device.key(None)
    };
    device.count(2, staging).unwrap();
    let refused = device.refused(&Made {
        namespace: Some("staging"),
        ..made.clone()
    });
    assert!(
        refused.contains("is for staging alone, and the KV namespace 'settings'"),
        "{refused}"
    );
    // One of the same title that somebody made since is theirs.
    let production = ReleaseKey {
        namespaces: vec!["production".to_owned()],
        ..device.key(None)
    };
    device.count(3, production).unwrap();
    let kv = device.catalog.kv_namespaces().unwrap();
    block_on(device.catalog.delete_kv_namespace(&kv[0].id.hex())).unwrap();
    let settings = settings(&device);
    let refused = device.refused(&next(4));
    assert!(refused.contains("'settings' is another's"), "{refused}");
    assert_eq!(colour(&device, settings), b"blue");
}

#[test]
fn neither_other_dispatch_namespaces_nor_tail_consumers_are_reached() {
    let device = limited(&["production", "-"]);
    let refused = |namespace, metadata: &str, expect: &str| {
        let made = Made {
            namespace,
            metadata,
            ..Made::default()
        };
        let refused = device.refused(&made);
        assert!(refused.contains(expect), "{expect}: {refused}");
    };
    let dispatches = |to: &str| {
        format!(
            r#"{{"main_module":"w","bindings":[{{"type":"dispatch_namespace","name":"D","namespace":"{to}"}}]}}"#
        )
    };
    let tells = |whom: &str| format!(r#"{{"main_module":"w","tail_consumers":[{whom}]}}"#);
    for name in ["staging", "production"] {
        block_on(device.catalog.create_namespace(name)).unwrap();
    }
    refused(
        None,
        &dispatches("staging"),
        "dispatch namespace 'staging' is another's: no Worker there dispatches to it",
    );
    refused(
        Some("production"),
        &tells(r#"{"service":"t","namespace":"staging"}"#),
        "the tail consumer 't' of dispatch namespace 'staging' is another's",
    );
    // Its own are looked for, and are not there.
    refused(
        Some("production"),
        &tells(r#""t""#),
        "tail consumer 't' does not exist",
    );
    let own = dispatches("production");
    let made = Made {
        namespace: None,
        metadata: &own,
        ..Made::default()
    };
    device.push(&made).unwrap();
    // Outside of dispatch namespaces is another's to who is for one.
    let production = ReleaseKey {
        namespaces: vec!["production".to_owned()],
        ..device.key(None)
    };
    device.count(2, production).unwrap();
    refused(
        Some("production"),
        &tells(r#""a""#),
        "the tail consumer 'a' of the Workers outside of dispatch namespaces is another's",
    );
}
