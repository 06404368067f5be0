//! Blobs: named by what they hold, and gone when nobody wants them.

use super::*;
use proptest::prelude::*;

#[test]
fn blobs_are_named_by_what_they_hold() {
    let bench = Bench::new();
    let store = bench.open();
    let blobs = store.blobs();
    let id = blobs.put(b"hello").unwrap();
    assert_eq!(
        id.to_string(),
        "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    );
    let mut writer = blobs.writer().unwrap();
    writer.write(b"hel").unwrap();
    writer.write(b"lo").unwrap();
    assert_eq!(writer.finish().unwrap(), id);
    let mut abandoned = blobs.writer().unwrap();
    abandoned.write(b"never").unwrap();
    drop(abandoned);
    assert_eq!(file_count(bench.dir.path(), "blobs"), 1);
    assert_eq!(blobs.read(&id).unwrap(), b"hello");

    let wanted = blobs.put(b"wanted").unwrap();
    assert_eq!(
        blobs.sweep(|_| false, Duration::from_secs(3600)).unwrap(),
        0
    );
    assert_eq!(blobs.sweep(|id| *id == wanted, Duration::ZERO).unwrap(), 1);
    assert_eq!(blobs.list().unwrap(), [wanted]);
    assert!(matches!(blobs.read(&id), Err(StoreError::NoBlob(gone)) if gone == id));

    std::fs::write(blobs.path(&wanted), b"rotten").unwrap();
    assert!(matches!(blobs.read(&wanted), Err(StoreError::Damaged(_))));
    blobs.put(b"wanted").unwrap();
    assert_eq!(blobs.read(&wanted).unwrap(), b"wanted");
}

proptest! {
    #[test]
    fn zeros_are_read_back_as_they_came(
        pieces in proptest::collection::vec((any::<bool>(), 1_usize..10_000), 1..8),
        part in 1_usize..20_000,
    ) {
        let bytes: Vec<u8> = pieces
            .iter()
            .flat_map(|(zeros, len)| std::iter::repeat_n(u8::from(!zeros), *len))
            .collect();
        let bench = Bench::new();
        let store = bench.open();
        let mut writer = store.blobs().writer().unwrap();
        for part in bytes.chunks(part) {
            writer.write(part).unwrap();
        }
        prop_assert_eq!(writer.len(), bytes.len() as u64);
        let id = writer.finish().unwrap();
        prop_assert_eq!(store.blobs().read(&id).unwrap(), bytes);
    }
}
