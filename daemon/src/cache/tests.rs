//! The cache as a whole, in a folder of its own.
#![allow(clippy::unwrap_used)]

use super::*;
use futures_lite::future::block_on;
use futures_lite::stream;

struct Stage {
    dir: tempfile::TempDir,
    cache: Cache,
    owner: Owner,
}

fn options(dir: &Path) -> CacheOptions {
    CacheOptions {
        bytes_max: 1 << 20,
        owner_bytes_max: 512 << 10,
        entry_bytes_max: 256 << 10,
        entries_max: 16,
        open_max: 3,
        owner_open_max: 2,
        ..CacheOptions::new(&dir.join("cache"))
    }
}

fn stage() -> Stage {
    let dir = tempfile::tempdir().unwrap();
    Stage {
        cache: Cache::open(options(dir.path())).unwrap(),
        owner: Owner::new("a"),
        dir,
    }
}

fn head(fields: &[(&str, &str)]) -> Head {
    let fields = fields.iter().map(|(name, value)| {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        (name, HeaderValue::from_str(value).unwrap())
    });
    Head {
        status: 200,
        reason: "Fine".to_owned(),
        headers: fields.collect(),
    }
}

fn whole(bytes: &[u8]) -> Body {
    Body::Whole(Bytes::copy_from_slice(bytes))
}

impl Stage {
    fn put(&self, url: &str, fields: &[(&str, &str)], body: Body) -> Result<(), Unkept> {
        block_on(
            self.cache
                .put(&self.owner, Some("c"), url, head(fields), body),
        )
    }

    fn find(&self, url: &str, asked: &[(&str, &str)]) -> Option<(Head, Vec<u8>)> {
        let asked = head(asked).headers;
        let found = block_on(self.cache.find(&self.owner, Some("c"), url, &asked)).unwrap()?;
        let body = match found.body {
            FoundBody::Whole(bytes) => bytes.to_vec(),
            FoundBody::Stream(source) => {
                let parts: Vec<Bytes> = block_on(source.map(|part| part.unwrap()).collect());
                parts.concat()
            }
        };
        Some((found.head, body))
    }

    /// Files in the folder, once those that go are gone.
    fn files(&self) -> usize {
        block_on(self.cache.sweep(Instant::now()));
        std::fs::read_dir(self.dir.path().join("cache"))
            .unwrap()
            .count()
    }
}

#[test]
fn what_is_put_is_found_by_its_owner_alone() {
    let stage = stage();
    stage
        .put("http://a/", &[("x", "1")], whole(b"body"))
        .unwrap();
    let (found, body) = stage.find("http://a/", &[]).unwrap();
    assert_eq!(
        (found.status, found.reason.as_str(), &*body),
        (200, "Fine", &b"body"[..])
    );
    assert_eq!(found.headers["cf-cache-status"], "HIT");
    assert_eq!(found.headers["content-length"], "4");
    assert_eq!(found.headers["x"], "1");
    let none = HeaderMap::new();
    let other = Owner::new("b");
    for (owner, cache) in [
        (&other, Some("c")),
        (&stage.owner, Some("d")),
        (&stage.owner, None),
    ] {
        let found = block_on(stage.cache.find(owner, cache, "http://a/", &none)).unwrap();
        assert!(found.is_none());
    }
    assert!(!stage.cache.delete(&other, Some("c"), "http://a/"));
    assert!(stage.cache.delete(&stage.owner, Some("c"), "http://a/"));
    assert!(!stage.cache.delete(&stage.owner, Some("c"), "http://a/"));
    assert!(stage.find("http://a/", &[]).is_none());
    assert_eq!((stage.files(), stage.cache.size()), (0, (0, 0)));
}

#[test]
fn a_large_body_comes_and_goes_in_parts() {
    let stage = stage();
    let bytes: Vec<u8> = (0..200_000u32).map(|at| at as u8).collect();
    let parts: Vec<_> = bytes
        .chunks(70_001)
        .map(|part| Ok(Bytes::copy_from_slice(part)))
        .collect();
    let body = Body::Stream(Box::pin(stream::iter(parts)), Some(200_000));
    stage.put("http://a/", &[], body).unwrap();
    assert_eq!(stage.find("http://a/", &[]).unwrap().1, bytes);
    let (found, body) = stage
        .find("http://a/", &[("range", "bytes=100-150099")])
        .unwrap();
    assert_eq!((found.status, &body), (206, &bytes[100..150_100].to_vec()));
    assert_eq!(found.headers["content-range"], "bytes 100-150099/200000");
    let (found, body) = stage
        .find("http://a/", &[("range", "bytes=200000-")])
        .unwrap();
    assert_eq!((found.status, body.len()), (416, 0));
}

#[test]
fn conditions_are_answered_without_a_body() {
    let stage = stage();
    stage
        .put("http://a/", &[("etag", "\"1\"")], whole(b"body"))
        .unwrap();
    let (found, body) = stage
        .find("http://a/", &[("if-none-match", "\"1\"")])
        .unwrap();
    assert_eq!((found.status, body.len()), (304, 0));
    assert_eq!(found.headers["etag"], "\"1\"");
}

#[test]
fn what_is_not_kept_leaves_what_was() {
    let stage = stage();
    stage.put("http://a/", &[], whole(b"old")).unwrap();
    let refused = |fields: &[(&str, &str)], body| stage.put("http://a/", fields, body).unwrap_err();
    assert_eq!(
        refused(&[("cache-control", "no-store")], whole(b"new")),
        Unkept::Forbidden("no-store")
    );
    let limit = 256 << 10;
    assert_eq!(
        refused(&[], whole(&vec![0; limit + 1])),
        Unkept::TooLarge {
            limit: limit as u64
        }
    );
    let endless = stream::repeat(()).map(|()| Ok(Bytes::from_static(&[0; 4096])));
    let body = Body::Stream(Box::pin(endless), None);
    assert_eq!(
        refused(&[], body),
        Unkept::TooLarge {
            limit: limit as u64
        }
    );
    let breaks: Vec<io::Result<Bytes>> = vec![
        Ok(Bytes::from_static(b"n")),
        Err(io::ErrorKind::Other.into()),
    ];
    let body = Body::Stream(Box::pin(stream::iter(breaks)), None);
    assert!(matches!(refused(&[], body), Unkept::Broken(_)));
    let short = stream::once(Ok(Bytes::from_static(b"n")));
    assert!(matches!(
        refused(&[], Body::Stream(Box::pin(short), Some(2))),
        Unkept::Broken(_)
    ));
    assert_eq!(stage.find("http://a/", &[]).unwrap().1, b"old");
    assert_eq!((stage.files(), stage.cache.size()), (1, (4096, 1)));
}

#[test]
fn a_write_that_is_given_up_leaves_nothing() {
    let stage = stage();
    let first = stream::once(Ok(Bytes::from_static(b"a")));
    let body = Body::Stream(Box::pin(first.chain(stream::pending())), None);
    let put = stage
        .cache
        .put(&stage.owner, None, "http://a/", head(&[]), body);
    let mut put = Box::pin(put);
    while stage.cache.size().0 == 0 {
        block_on(futures_lite::future::poll_once(&mut put));
    }
    drop(put);
    assert_eq!((stage.files(), stage.cache.size()), (0, (0, 0)));
}

#[test]
fn bodies_that_are_not_read_have_a_bound() {
    let stage = stage();
    stage.put("http://a/", &[], whole(&[0; 100_000])).unwrap();
    let none = HeaderMap::new();
    let find = || {
        block_on(
            stage
                .cache
                .find(&stage.owner, Some("c"), "http://a/", &none),
        )
    };
    let held = [find().unwrap(), find().unwrap()];
    assert!(matches!(find(), Err(CacheError::Busy { limit: 2 })));
    drop(held);
    assert!(find().unwrap().is_some());
}

#[test]
fn who_reads_reads_on_when_it_goes() {
    let stage = stage();
    stage.put("http://a/", &[], whole(&[7; 100_000])).unwrap();
    let none = HeaderMap::new();
    let found = block_on(
        stage
            .cache
            .find(&stage.owner, Some("c"), "http://a/", &none),
    );
    stage.cache.forget(&stage.owner);
    assert_eq!(stage.files(), 0);
    let FoundBody::Stream(source) = found.unwrap().unwrap().body else {
        panic!("a stream");
    };
    let parts: Vec<Bytes> = block_on(source.map(|part| part.unwrap()).collect());
    assert_eq!(parts.concat(), [7; 100_000]);
}

#[test]
fn a_file_that_is_damaged_is_not_found() {
    let stage = stage();
    stage.put("http://a/", &[], whole(b"body")).unwrap();
    let dir = stage.dir.path().join("cache");
    let file = std::fs::read_dir(&dir)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    std::fs::write(&file, b"").unwrap();
    assert!(stage.find("http://a/", &[]).is_none());
    assert_eq!(stage.cache.size(), (0, 0));
}

#[test]
fn a_new_daemon_finds_nothing() {
    let stage = stage();
    stage.put("http://a/", &[], whole(b"body")).unwrap();
    let Stage { dir, cache, owner } = stage;
    drop(cache);
    let cache = Cache::open(options(dir.path())).unwrap();
    let stage = Stage { dir, cache, owner };
    assert!(stage.find("http://a/", &[]).is_none());
    assert_eq!(stage.files(), 0);
}

#[test]
fn without_room_nothing_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::open(CacheOptions {
        bytes_max: 0,
        ..options(dir.path())
    });
    let stage = Stage {
        cache: cache.unwrap(),
        owner: Owner::new("a"),
        dir,
    };
    let refused = stage.put("http://a/", &[], whole(b"body")).unwrap_err();
    assert_eq!(refused, Unkept::Full { limit: 0 });
}
