#![allow(clippy::unwrap_used)]
use super::*;
use crate::firmware::minisign::PublicKey;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

fn built(contents: &[Vec<u8>], signature: &[u8]) -> (Manifest, Vec<u8>) {
    let mut writer = Writer::default();
    let modules = contents.iter().enumerate().map(|(index, content)| Module {
        name: format!("m{index}"),
        content_type: "application/wasm".into(),
        part: writer.part(content).unwrap(),
    });
    let script = Script {
        name: "hello".into(),
        metadata: r#"{"main_module":"m0"}"#.into(),
        modules: modules.collect(),
        assets: vec![],
        snapshots: vec![],
    };
    let manifest = Manifest {
        namespace: Some("shops".into()),
        version: 7,
        expires: Some(2_000_000_000),
        devices: vec!["*".into()],
        scripts: vec![script],
        ..Manifest::default()
    };
    let bytes = writer.finish(manifest.clone(), |_| signature.to_vec());
    (manifest, bytes.unwrap())
}

#[test]
fn the_same_content_is_one_part() {
    let (_, bytes) = built(&[vec![1; 900], vec![2; 9], vec![1; 900]], b"");
    let bundle = read(&bytes).unwrap();
    assert_eq!(bundle.parts, [vec![1; 900], vec![2; 9]]);
    assert_eq!(bundle.manifest.parts[0].encoding, Encoding::Deflate);
}

/// A bundle whose only part is stored like this.
fn stored(encoding: Encoding, content: &[u8], stored: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new(Compression::None);
    writer.part(stored).unwrap();
    let part = &mut writer.parts[0];
    part.hash = Sha256::digest(content).into();
    part.encoding = encoding;
    part.bytes = content.len() as u64;
    writer.finish(Manifest::default(), |_| vec![]).unwrap()
}

/// A frame of one block that is stored as it is; `window` is its descriptor.
fn frame(window: u8, content: &[u8]) -> Vec<u8> {
    let head = (content.len() as u32) << 3 | 1;
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0, window];
    frame.extend_from_slice(&head.to_le_bytes()[..3]);
    frame.extend_from_slice(content);
    frame
}

#[test]
fn parts_are_compressed_as_it_was_asked() {
    // Deflate does not look back as far as this repeats.
    let mut state = 1_u32;
    let mut far: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(40_000)
    .collect();
    far.extend_from_within(..);
    let near = vec![7; 900];
    for (compression, expected) in [
        (Compression::Smallest, [Encoding::Zstd, Encoding::Deflate]),
        (Compression::Deflate, [Encoding::Plain, Encoding::Deflate]),
        (Compression::Zstd, [Encoding::Zstd, Encoding::Zstd]),
        (Compression::None, [Encoding::Plain, Encoding::Plain]),
    ] {
        let mut writer = Writer::new(compression);
        writer.part(&far).unwrap();
        writer.part(&near).unwrap();
        let bytes = writer.finish(Manifest::default(), |_| vec![]).unwrap();
        let bundle = read(&bytes).unwrap();
        assert_eq!(bundle.parts, [far.clone(), near.clone()]);
        let encodings = bundle.manifest.parts.iter().map(|part| part.encoding);
        assert_eq!(encodings.collect::<Vec<_>>(), expected, "{compression:?}");
    }
}

#[test]
fn a_frame_of_zstandard_is_read_as_it_was_announced() {
    let content = b"what was stored";
    // 2 MiB, and one step more.
    let fits = frame(11 << 3, content);
    assert_eq!(
        read(&stored(Encoding::Zstd, content, &fits)).unwrap().parts,
        [content]
    );
    let large = frame(11 << 3 | 1, content);
    let followed = [&fits[..], &fits[..]].concat();
    let cut = &fits[..fits.len() - 1];
    let skipped = [&[0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0][..], &fits[..]].concat();
    for (name, wrong) in [
        ("too large a window", &large[..]),
        ("two frames", &followed[..]),
        ("a frame that is cut", cut),
        ("a frame to be skipped", &skipped[..]),
        ("a header that is cut", &fits[..5]),
        ("nothing", b""),
        ("deflate", &[3, 0]),
    ] {
        let refused = read(&stored(Encoding::Zstd, content, wrong));
        assert!(
            matches!(refused, Err(BundleError::PartForm(0))),
            "{name}: {refused:?}"
        );
    }
    let refused = read(&stored(Encoding::Zstd, b"what was storeD", &fits));
    assert!(matches!(refused, Err(BundleError::PartHash(0))));
    let refused = read(&stored(Encoding::Zstd, b"what was", &fits));
    assert!(matches!(refused, Err(BundleError::PartForm(0))));
}

#[test]
fn more_than_the_bounds_is_refused_before_a_part_is_read() {
    let (_, bytes) = built(&[vec![0; 1000]], b"");
    let open = |part, total| Reader::open(&bytes[..], Bounds { part, total }).map(|_| ());
    assert!(open(1000, 1000).is_ok());
    for refused in [open(999, 1000), open(1000, 999)] {
        assert!(matches!(
            refused,
            Err(BundleError::TooMuch {
                value: 1000,
                limit: 999,
                ..
            })
        ));
    }
}

#[test]
fn what_expands_to_more_than_it_says_is_refused() {
    let mut writer = Writer::default();
    writer.part(&[0; 1 << 20]).unwrap();
    writer.parts[0].bytes = 10;
    let bytes = writer.finish(Manifest::default(), |_| vec![]).unwrap();
    assert!(matches!(read(&bytes), Err(BundleError::PartForm(0))));
}

#[test]
fn a_part_that_is_not_there_is_refused() {
    let seed = Seed {
        namespace: "n".into(),
        key: "k".into(),
        part: 0,
    };
    let manifest = Manifest {
        seeds: vec![seed],
        ..Manifest::default()
    };
    let refused = Writer::default().finish(manifest, |_| vec![]);
    assert!(matches!(
        refused,
        Err(BundleError::NoPart { index: 0, parts: 0 })
    ));
}

#[test]
fn a_list_is_refused_at_its_first_item_too_many() {
    let manifest = Manifest {
        devices: vec![String::new(); ITEMS_MAX + 1],
        ..Manifest::default()
    };
    let bytes = postcard::to_allocvec(&manifest).unwrap();
    assert!(matches!(
        Manifest::decode(&bytes),
        Err(BundleError::Form(_))
    ));
}

proptest! {
    #[test]
    fn what_is_written_is_read(contents in prop::collection::vec(prop::collection::vec(0u8..4, 0..300), 0..5), signature in prop::collection::vec(any::<u8>(), 0..99)) {
        let (mut manifest, bytes) = built(&contents, &signature);
        let bundle = read(&bytes).unwrap();
        manifest.parts = bundle.manifest.parts.clone();
        prop_assert_eq!(&bundle.manifest, &manifest);
        prop_assert_eq!(&bundle.signature, &signature);
        for (module, content) in manifest.scripts[0].modules.iter().zip(&contents) {
            prop_assert_eq!(&bundle.parts[module.part as usize], content);
        }
    }

    #[test]
    fn any_damage_is_refused(content in prop::collection::vec(0u8..4, 0..300), at in any::<prop::sample::Index>(), flip in 1u8..) {
        let (_, mut bytes) = built(&[content], b"");
        let cut = at.index(bytes.len());
        prop_assert!(read(&bytes[..cut]).is_err());
        bytes[cut] ^= flip;
        prop_assert!(read(&bytes).is_err());
        bytes[cut] ^= flip;
        bytes.push(flip);
        prop_assert!(read(&bytes).is_err());
    }

    #[test]
    fn no_bytes_are_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        // As a bundle, and as a manifest.
        prop_assert!(read(&bytes).is_err());
        let _ = Manifest::decode(&bytes);
    }
}

/// The key that signed the kept bundle.
const KEY: &str = "RWRF5nnQMEL1K+2/ZJ3hpVH0y0yWehJ3z3RvC3aDoqRVVH67YSLLqOle";

/// What holds of any bytes.
fn held(bytes: &[u8], good: &[u8]) {
    let narrow = Bounds {
        part: 600,
        total: 1000,
    };
    if let Ok(mut reader) = Reader::open(bytes, narrow) {
        let mut sum = 0;
        while let Ok(Some(part)) = reader.part() {
            sum += part.len();
            assert!(part.len() <= 600 && sum <= 1000, "beyond the bounds");
        }
    }
    let bundle = match read(bytes) {
        Ok(bundle) => bundle,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            assert!(signed(bytes).is_err() && with_signature(bytes, b"").is_err());
            return;
        }
    };
    assert_eq!(bundle.parts.len(), bundle.manifest.parts.len());
    for (part, content) in bundle.manifest.parts.iter().zip(&bundle.parts) {
        assert_eq!(part.bytes, content.len() as u64);
        assert_eq!(part.hash, <[u8; 32]>::from(Sha256::digest(content)));
    }
    let under = signed(bytes).unwrap();
    assert!(bytes.starts_with(under));
    let other = with_signature(bytes, b"another").unwrap();
    let again = read(&other).unwrap();
    assert_eq!(again.signature, b"another");
    assert_eq!(
        (&again.manifest, &again.parts),
        (&bundle.manifest, &bundle.parts)
    );
    assert_eq!(with_signature(&other, &bundle.signature).unwrap(), bytes);
    let keys = [PublicKey::parse(KEY).unwrap()];
    if verified(Signed::Bundle, under, &bundle.signature, &keys).is_ok() {
        assert_eq!(under, signed(good).unwrap(), "another is signed");
    }
}

#[test]
fn fuzz_bundle() {
    let good = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fuzz/bundle/signed");
    let good = std::fs::read(good).unwrap();
    let keys = [PublicKey::parse(KEY).unwrap()];
    let signature = read(&good).unwrap().signature;
    assert!(verified(Signed::Bundle, signed(&good).unwrap(), &signature, &keys).is_ok());
    crate::fuzz::drive("bundle", |bytes| {
        held(bytes, &good);
        if let Some(bytes) = crate::fuzz::bundles::mended(bytes) {
            held(&bytes, &good);
        }
        let _ = verified(Signed::Bundle, b"x", bytes, &keys);
        let _ = SecretKey::parse(bytes);
    });
}
