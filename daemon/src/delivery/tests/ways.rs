//! Folders and servers that bundles come from.

use super::*;

#[test]
fn a_folder_is_looked_into_and_nothing_there_is_followed() {
    let device = Device::new();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut seen = Default::default();
    let mut look = || block_on(device.delivery.look_into(folder.path(), &mut seen));
    let place = |name: &str| at(name).display().to_string();
    fs::write(
        at("site.postern"),
        Made::default().file(Some(&device.release)),
    )
    .unwrap();
    fs::write(at("notes.txt"), "nothing").unwrap();
    std::os::unix::fs::symlink("/dev/zero", at("zero.postern")).unwrap();
    fs::create_dir(at("folder.postern")).unwrap();
    look();
    let outcomes = device.delivery.outcomes();
    assert_eq!(
        outcomes.keys().collect::<Vec<_>>(),
        [&place("site.postern")]
    );
    assert!(
        outcomes[&place("site.postern")]
            .what
            .contains("no list of release keys")
    );
    // The list comes later, and the bundle is tried again.
    fs::write(
        at("release.keys"),
        keys(1, vec![device.key(None)], &device.root),
    )
    .unwrap();
    look();
    assert_eq!(device.scripts(), ["a", "b"]);
    assert!(device.delivery.outcomes()[&place("site.postern")].well);
    // What is known is not looked at again.
    let known = device.delivery.outcomes();
    look();
    assert_eq!(device.delivery.outcomes(), known);
    let next = Made {
        version: 2,
        scripts: &[("c", WASM)],
        ..Made::default()
    };
    fs::write(at("site.postern"), next.file(Some(&device.release))).unwrap();
    look();
    assert_eq!(device.scripts(), ["c"]);
    assert_eq!(device.staged(), 0);
}

type Answer = (
    u16,
    Option<&'static str>,
    Option<u64>,
    Vec<io::Result<Bytes>>,
);

/// A server with answers that are given one after the other, and what it was asked with.
#[derive(Default)]
struct Server {
    answers: Mutex<VecDeque<Answer>>,
    asked: Mutex<Vec<Vec<(&'static str, String)>>>,
}

impl Server {
    fn will(&self, answer: Answer) {
        self.answers.lock().push_back(answer);
    }

    /// What it was asked with since the last time.
    fn asked(&self) -> Vec<Vec<(&'static str, String)>> {
        std::mem::take(&mut *self.asked.lock())
    }
}

impl Fetch for Server {
    fn get<'a>(&'a self, _: &'a str, fields: Vec<(&'static str, String)>) -> Fetching<'a> {
        self.asked.lock().push(fields);
        let answer = self.answers.lock().pop_front();
        Box::pin(async move {
            let (status, etag, len, body) = answer.ok_or("the server is gone")?;
            Ok(Fetched {
                status,
                etag: etag.map(str::to_owned),
                len,
                body: Box::pin(stream::iter(body)),
            })
        })
    }
}

#[test]
fn a_bundle_is_pulled_resumed_and_not_pulled_again() {
    let device = Device::ready();
    let server = Server::default();
    let source = Source {
        url: "https://u.example/site.postern".to_owned(),
        interval: Duration::from_secs(1),
    };
    let pull = || block_on(device.delivery.pull_once(&source, &server));
    let file = Made::default().file(Some(&device.release));
    let (len, half) = (file.len() as u64, file.len() / 2);
    let part = |range: std::ops::Range<usize>| Ok(Bytes::copy_from_slice(&file[range]));
    let broken = || Err(io::Error::from(io::ErrorKind::ConnectionReset));
    // Without a strong ETag nobody knows whether the rest is of the same file.
    for etag in [None, Some("W/\"1\"")] {
        server.will((200, etag, Some(len), vec![part(0..half), broken()]));
        assert!(
            matches!(pull(), Err(DeliveryError::BrokenOff(_))),
            "{etag:?}"
        );
    }
    server.asked();
    server.will((200, Some("\"1\""), Some(len), vec![part(0..half), broken()]));
    server.will((
        206,
        Some("\"1\""),
        Some(len - half as u64),
        vec![part(half..file.len())],
    ));
    pull().unwrap();
    assert_eq!(device.scripts(), ["a", "b"]);
    let range = vec![
        ("range", format!("bytes={half}-")),
        ("if-range", "\"1\"".to_owned()),
    ];
    assert_eq!(server.asked(), [vec![], range]);
    server.will((304, None, None, vec![]));
    pull().unwrap();
    let known = vec![("if-none-match", "\"1\"".to_owned())];
    assert_eq!(server.asked(), [&known[..]]);
    // What fails leaves what is known.
    assert!(pull().is_err());
    server.will((500, None, None, vec![]));
    assert!(pull().unwrap_err().to_string().contains("answered 500"));
    assert_eq!(server.asked(), [known.clone(), known]);
    // The server has another file meanwhile: it begins anew.
    let next = Made {
        version: 2,
        scripts: &[("c", WASM)],
        ..Made::default()
    };
    let other = Bytes::from(next.file(Some(&device.release)));
    server.will((200, Some("\"1\""), Some(len), vec![part(0..half), broken()]));
    server.will((
        200,
        Some("\"2\""),
        Some(other.len() as u64),
        vec![Ok(other)],
    ));
    pull().unwrap();
    assert_eq!(device.scripts(), ["c"]);
    assert_eq!(device.staged(), 0);
    // More than fits is not taken, whatever is said of its length.
    let endless = (0..20).map(|_| Ok(Bytes::from(vec![0; 100_000])));
    server.will((200, None, None, endless.collect()));
    assert!(pull().is_err());
    server.will((200, None, Some(LIMIT + 1), vec![]));
    assert!(matches!(pull(), Err(DeliveryError::TooLarge { .. })));
    assert_eq!(device.staged(), 0);
}
