//! Bundles on their way to a gateway: pushed, from a folder, pulled; what runs then, and what is told of it.

use postern_e2e::cli::Ran;
use postern_e2e::guests::hello;
use postern_e2e::terminal::Terminal;
use postern_e2e::tls::Certificates;
use postern_e2e::wait::eventually;
use postern_e2e::{Daemon, Setup};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A gateway, a folder with two projects, and keys.
struct Site {
    dir: tempfile::TempDir,
    daemon: Daemon,
}

impl Site {
    /// `tables` is added to `[bundles]`; `DIR` stands for the folder.
    fn new(tables: &str) -> Self {
        Self::within(tempfile::tempdir().unwrap(), tables)
    }

    fn within(dir: tempfile::TempDir, tables: &str) -> Self {
        let tools = Setup::new().tokenless().prepare();
        let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        for key in ["root", "release"] {
            let made = tools.cli(&["--json", "bundle", "keygen", &at(key)]);
            made.expect(0);
        }
        let root = fs::read_to_string(at("root.pub")).unwrap();
        let root = root.lines().nth(1).unwrap();
        let tables = tables.replace("DIR", dir.path().to_str().unwrap());
        let setup = Setup::new().tables(&format!(
            "[bundles]\ndevice = \"gate-17\"\nroot-keys = \"{root}\"\n{tables}"
        ));
        let site = Self {
            daemon: setup.start(),
            dir,
        };
        site.write(
            "keys.toml",
            b"version = 1\n[[keys]]\nkey = \"release.pub\"\nnamespaces = [\"production\"]\n",
        );
        site.run("bundle keys @keys.toml --key @root -o @release.keys", 0);
        site
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(Path::new(&path).parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Builds a bundle of two Workers that say this, with one as what was not changed.
    fn build(&self, version: u32, says: &str, file: &str) {
        self.write("one.wasm", &hello(&format!("one {says}")));
        self.write("two.wasm", &hello(&format!("two {says}")));
        let list = format!(
            "version = {version}\nnamespace = \"production\"\ndevices = [\"gate-17\"]\n\
             scripts = [\"one.wasm\", \"two.wasm\"]\n[[kv]]\nnamespace = \"settings\"\nkey = \"says\"\nvalue = \"{says}\"\n"
        );
        self.write("bundle.toml", list.as_bytes());
        self.run(
            &format!("bundle build @bundle.toml -o @{file} --key @release"),
            0,
        );
    }

    /// `postern --json …`; `@` stands before names of files of the folder.
    #[track_caller]
    fn run(&self, line: &str, code: i32) -> Ran {
        let words = line.split(' ').map(|word| match word.strip_prefix('@') {
            Some(name) => self.path(name),
            None => word.to_owned(),
        });
        let words: Vec<String> = words.collect();
        let mut all = vec!["--json"];
        all.extend(words.iter().map(String::as_str));
        self.daemon.cli(&all).expect(code)
    }

    fn says(&self, worker: &str) -> String {
        self.daemon.get(&format!("/{worker}/")).text().to_owned()
    }

    fn incoming(&self) -> usize {
        let folder = self.daemon.data_dir().join("incoming");
        fs::read_dir(folder).unwrap().count()
    }
}

/// Looks until it is so.
#[track_caller]
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    eventually(what, || is_so().then_some(()));
}

#[track_caller]
fn why(ran: &Ran) -> String {
    ran.error()["errors"][0]["message"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_bundle_is_pushed_told_and_followed_by_newer_ones_alone() {
    let mut site = Site::new("");
    site.build(5, "first", "first.postern");
    let refused = site.run("push @first.postern", 1);
    assert!(
        why(&refused).contains("no list of release keys"),
        "{}",
        why(&refused)
    );
    site.run("push @release.keys", 0);
    let told = site.run("push @first.postern", 0).json();
    assert_eq!(told["bundle"]["scripts"][1]["name"], "two");
    assert_eq!(site.says("one"), "one first");
    assert_eq!(site.says("two"), "two first");

    site.build(6, "second", "second.postern");
    site.run("push @second.postern", 0);
    assert_eq!(site.says("two"), "two second");
    let older = site.run("push @first.postern", 1);
    assert!(
        why(&older).contains("version 6 was installed already"),
        "{}",
        why(&older)
    );
    assert_eq!(site.says("one"), "one second");
    site.run("push @first.postern --allow-rollback 4", 1);
    site.run("push @first.postern --allow-rollback 5", 0);
    assert_eq!(site.says("one"), "one first");

    // What the device says runs, it signs; another key is told from it.
    let receipt = site
        .run("receipt --namespace production -o @receipt", 0)
        .json();
    assert_eq!(receipt["receipt"]["device"], "gate-17");
    assert_eq!(receipt["receipt"]["bundle"]["version"], 5);
    assert_eq!(
        receipt["receipt"]["scripts"][0]["state"],
        "as in the bundle"
    );
    let key = site.run("bundle installed", 0).json()["receipts_signed_by"].clone();
    let key = key.as_str().unwrap();
    site.run(&format!("receipt --file @receipt --key {key}"), 0);
    let other = site.run("receipt --namespace production --key @release.pub", 1);
    let said = "signed the receipt, which is not among those that may; give --key";
    assert!(why(&other).contains(said), "{}", why(&other));
    // It is held against the file.
    let inspected = site.run("bundle inspect @first.postern", 0).json();
    assert_eq!(
        receipt["receipt"]["bundle"]["manifest_sha256"],
        inspected["manifest_sha256"]
    );
    let changed = fs::read_to_string(site.path("receipt")).unwrap();
    site.write("receipt", changed.replace("gate-17", "gate-18").as_bytes());
    site.run(&format!("receipt --file @receipt --key {key}"), 1);

    // All of it is there after a crash, and the device is still who it was.
    site.daemon.kill9();
    site.daemon.start();
    assert_eq!(site.says("two"), "two first");
    let again = site.run("push @first.postern", 0).json();
    assert_eq!(again["bundle"]["again"], true);
    assert_eq!(again["bundle"]["public_key"], key);
    let keys = site.run("kv list -n settings", 0);
    assert!(keys.text().contains("says"), "{}", keys.text());
}

#[test]
fn who_pushes_at_a_terminal_sees_how_far_it_is() {
    let site = Site::new("");
    site.run("push @release.keys", 0);
    site.build(1, "shown", "site.postern");
    let bundle = site.path("site.postern");
    let whole = fs::metadata(&bundle).unwrap().len() as f64 / f64::from(1 << 20);
    let mut terminal = Terminal::open(&site.daemon, &["push", &bundle]);
    assert_eq!(terminal.ends().code(), Some(0), "{}", terminal.seen());
    let line = format!("\r100 %, {whole:.1} of {whole:.1} MiB; checking");
    assert!(terminal.seen().contains(&line), "{}", terminal.seen());
    assert!(
        terminal.seen().contains("production"),
        "{}",
        terminal.seen()
    );
}

#[test]
fn a_bundle_that_is_refused_changes_nothing() {
    let site = Site::new("");
    site.run("push @release.keys", 0);
    site.build(1, "good", "good.postern");
    site.run("push @good.postern", 0);
    // One of two is no module that runs; the other would.
    site.build(2, "bad", "bad.postern");
    site.write("two.wasm", b"\0asm\x01\0\0\0");
    site.run(
        "bundle build @bundle.toml -o @bad.postern --key @release",
        0,
    );
    let refused = site.run("push @bad.postern", 1);
    assert!(why(&refused).contains("script 'two'"), "{}", why(&refused));
    assert_eq!(site.says("one"), "one good");
    assert_eq!(site.says("two"), "two good");
    let installed = site.run("bundle installed", 0).json();
    assert_eq!(installed["installed"][0]["version"], 1);
    // For another gateway, for another namespace, by nobody.
    for (changes, expect) in [
        ("--device gate-18", "not for this device"),
        (
            "--namespace staging",
            "is not for dispatch namespace 'staging'",
        ),
        ("--expires 2026-01-02T00:00:00Z", "expired at 2026-01-02"),
    ] {
        site.build(3, "other", "other.postern");
        site.run(
            &format!("bundle build @bundle.toml -o @other.postern --key @release {changes}"),
            0,
        );
        let refused = site.run("push @other.postern", 1);
        assert!(why(&refused).contains(expect), "{}", why(&refused));
    }
    site.run("bundle build @bundle.toml -o @unsigned.postern", 0);
    let refused = site.run("push @unsigned.postern", 1);
    assert!(why(&refused).contains("not signed"), "{}", why(&refused));
    assert_eq!(site.says("one"), "one good");
    assert_eq!(site.incoming(), 0);
}

#[test]
fn an_upload_that_breaks_off_leaves_nothing_after_a_crash() {
    let mut site = Site::new("");
    site.run("push @release.keys", 0);
    site.build(1, "whole", "site.postern");
    let file = fs::read(site.path("site.postern")).unwrap();
    let sha256 = "0".repeat(64);
    let api = site.daemon.api();
    let upload = serde_json::json!({"sha256": sha256, "bytes": file.len()});
    let begun = api
        .json("POST", "/postern/v1/bundles/uploads", &upload)
        .ok();
    assert_eq!(begun["received"], 0);
    let half = &file[..file.len() / 2];
    let target = format!("/postern/v1/bundles/uploads/{sha256}");
    let part = api.request("PUT", &format!("{target}?offset=0")).body(half);
    assert_eq!(api.send(&part).ok()["received"], half.len());
    let early = api.send(&api.request("POST", &format!("{target}/install")));
    assert_eq!(early.refused().0, 409);
    assert_eq!(site.incoming(), 1);
    site.daemon.kill9();
    site.daemon.start();
    assert_eq!(site.incoming(), 0);
    let api = site.daemon.api();
    assert_eq!(api.get(&target).refused().0, 404);
    // With one call, as curl does it.
    let put = api.send(&api.request("PUT", "/postern/v1/bundles").body(file));
    assert_eq!(put.ok()["bundle"]["version"], 1);
    assert_eq!(site.says("one"), "one whole");
}

#[test]
fn a_crash_leaves_all_of_one_version() {
    const ROUNDS: u32 = 10;
    let mut site = Site::new("");
    site.run("push @release.keys", 0);
    site.build(1, "1", "1.postern");
    site.run("push @1.postern", 0);
    let id = site.daemon.api().kv_namespace("counted");
    let mut running = 1;
    for round in 2..2 + ROUNDS {
        site.build(round, &round.to_string(), "next.postern");
        let file = fs::read(site.path("next.postern")).unwrap();
        let api = site.daemon.api();
        let pushing = std::thread::spawn(move || {
            let put = api.request("PUT", "/postern/v1/bundles").body(file);
            // It may be cut off.
            api.raw(&put).is_ok_and(|answer| answer.status == 200)
        });
        // Killed after so many other writes, which is somewhere within it.
        for write in 0..round * 3 % 17 {
            site.daemon.api().kv_put(&id, &write.to_string(), b"x");
        }
        site.daemon.kill9();
        let is_acknowledged = pushing.join().unwrap();
        site.daemon.start();
        let says = site.says("one");
        let says = says.strip_prefix("one ").unwrap();
        assert_eq!(site.says("two"), format!("two {says}"), "round {round}");
        let now: u32 = says.parse().unwrap();
        assert!(
            now == round || now == running && !is_acknowledged,
            "{now} in round {round}"
        );
        let installed = site.run("bundle installed", 0).json();
        assert_eq!(installed["installed"][0]["version"], now, "round {round}");
        let value = site.run("kv get says -n settings", 0);
        assert_eq!(value.json()["value"], now.to_string(), "round {round}");
        running = now;
    }
}

#[test]
fn a_folder_brings_bundles() {
    let site = Site::new("folder = \"DIR/usb\"\nfolder-interval-s = 1\n");
    site.build(1, "stick", "site.postern");
    fs::create_dir(site.path("usb")).unwrap();
    fs::copy(site.path("release.keys"), site.path("usb/release.keys")).unwrap();
    fs::copy(site.path("site.postern"), site.path("usb/site.postern")).unwrap();
    until("the bundle of the folder runs", || {
        site.daemon.get("/one/").status == 200
    });
    assert_eq!(site.says("two"), "two stick");
    let installed = site.run("bundle installed", 0).json();
    let way = installed["installed"][0]["way"].as_str().unwrap();
    assert!(way.ends_with("usb/site.postern"), "{way}");
    let audit = site.run("audit show --remote", 0);
    assert!(
        audit.text().contains("usb/site.postern"),
        "{}",
        audit.text()
    );
}

#[test]
fn bundles_are_pulled_and_not_again() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let site = Site::new(&format!(
        "[[bundles.pull]]\nurl = \"http://127.0.0.1:{port}/release.keys\"\ninterval-s = 1\n\
         [[bundles.pull]]\nurl = \"http://127.0.0.1:{port}/site.postern\"\ninterval-s = 1\n"
    ));
    site.build(1, "pulled", "site.postern");
    let dir = site.dir.path().to_owned();
    let unchanged = Arc::new(AtomicUsize::new(0));
    let count = unchanged.clone();
    // It ends with the process.
    std::thread::spawn(move || {
        for stream in server.incoming() {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                head.push(byte[0]);
            }
            let head = String::from_utf8_lossy(&head).to_lowercase();
            let name = head
                .split(' ')
                .nth(1)
                .unwrap_or("/")
                .trim_start_matches('/')
                .to_owned();
            let answer = if head.contains("if-none-match: \"1\"") {
                count.fetch_add(1, Ordering::SeqCst);
                b"HTTP/1.1 304 Not Modified\r\nconnection: close\r\n\r\n".to_vec()
            } else {
                let file = fs::read(dir.join(name)).unwrap();
                let head = format!(
                    "HTTP/1.1 200 OK\r\netag: \"1\"\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    file.len()
                );
                [head.as_bytes(), &file].concat()
            };
            let _ = stream.write_all(&answer);
        }
    });
    until("the bundle of the server runs", || {
        site.daemon.get("/one/").status == 200
    });
    assert_eq!(site.says("two"), "two pulled");
    until("the server said that nothing changed", || {
        unchanged.load(Ordering::SeqCst) >= 3
    });
    let installed = site.run("bundle installed", 0).json();
    assert_eq!(installed["installed"][0]["version"], 1);
}

#[test]
fn bundles_are_pulled_by_https_from_who_proves_to_be_it() {
    let certificates = Certificates::new();
    certificates.server("here", "DNS:localhost");
    let dir = tempfile::tempdir().unwrap();
    let files = format!("location /files/ {{ alias {}/; }}", dir.path().display());
    let nobody = "127.0.0.1:1".parse().unwrap();
    let nginx = certificates.nginx("here", nobody, &files);
    let (port, root) = (nginx.port, certificates.path("root.pem"));
    let pull = |host: &str, file: &str| {
        format!("[[bundles.pull]]\nurl = \"https://{host}:{port}/files/{file}\"\ninterval-s = 1\n")
    };
    // By its address it is somebody else: its certificate does not have that.
    let site = Site::within(
        dir,
        &format!(
            "{}{}{}[outbound.tls]\nroots = {root:?}\n",
            pull("localhost", "release.keys"),
            pull("localhost", "site.postern"),
            pull("127.0.0.1", "site.postern"),
        ),
    );
    site.build(1, "sealed", "site.postern");
    until("the bundle of the server runs", || {
        site.daemon.get("/one/").status == 200
    });
    assert_eq!(site.says("two"), "two sealed");
    until("all of them were asked", || {
        let told = site.run("bundle installed", 0).json();
        let places = told["places"].as_array().unwrap();
        let at = |host: &str| {
            let url = format!("https://{host}:{port}/files/site.postern");
            places
                .iter()
                .find(|it| it["place"] == url)
                .cloned()
                .unwrap_or_default()
        };
        let (known, stranger) = (at("localhost"), at("127.0.0.1"));
        assert_ne!(stranger["well"], true, "{stranger}");
        known["what"] == "nothing new" && stranger["well"] == false
    });
}
