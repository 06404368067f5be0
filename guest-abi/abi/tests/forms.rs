//! The forms that cross the boundary, read from the kept corpus and from harmed copies of it.

use postern_abi as abi;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What can be read is written again in no more bytes, and read again as the same bytes.
fn check<'a, T: Deserialize<'a> + Serialize>(bytes: &'a [u8]) {
    let Ok(value) = postcard::from_bytes::<T>(bytes) else {
        return;
    };
    let written = postcard::to_allocvec(&value).expect("it was read");
    assert!(written.len() <= bytes.len(), "it grew");
}

fn check_all(bytes: &[u8]) {
    check::<abi::http::RequestLine<'_>>(bytes);
    check::<abi::http::Fields<'_>>(bytes);
    check::<abi::http::ResponseHead<'_>>(bytes);
    check::<abi::http::Exception<'_>>(bytes);
    check::<abi::kv::KvPut<'_>>(bytes);
    check::<abi::kv::KvGetMulti<'_>>(bytes);
    check::<abi::fetch::Fetch<'_>>(bytes);
    check::<abi::loader::WorkerLoad<'_>>(bytes);
    check::<abi::rpc::Entry<'_>>(bytes);
    check::<abi::bundle::Bundle<'_>>(bytes);
    check::<abi::op::OpError<'_>>(bytes);
}

#[test]
fn harmed_forms_are_refused_or_read() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fuzz/abi");
    let mut files = 0;
    for entry in Path::new(corpus).read_dir().expect("it is kept") {
        let bytes = std::fs::read(entry.expect("it is there").path()).expect("it is a file");
        check_all(&bytes);
        for at in 0..bytes.len().min(48) {
            check_all(&bytes[..at]);
            for harm in [0x00, 0x7f, 0x80, 0xff] {
                let mut harmed = bytes.clone();
                harmed[at] = harm;
                check_all(&harmed);
            }
        }
        files += 1;
    }
    assert!(files > 3, "{files} files");
}
