//! Bundles are built, signed, checked and compared by the command line, without a daemon's help.

use postern_e2e::cli::Ran;
use postern_e2e::guests::hello;
use postern_e2e::{Daemon, Setup};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// A folder with two projects, a list of them, and a program that runs in it.
struct Site {
    dir: tempfile::TempDir,
    daemon: Daemon,
}

impl Site {
    fn new() -> Self {
        let site = Self {
            dir: tempfile::tempdir().unwrap(),
            daemon: Setup::new().tokenless().start(),
        };
        site.write("one.wasm", &hello("one"));
        site.write("two/worker.wasm", &hello("two"));
        site.write("two/public/index.html", b"<p>two</p>");
        site.write(
            "two/wrangler.toml",
            b"name = \"two\"\nmain = \"worker.wasm\"\n[assets]\ndirectory = \"public\"\n[limits]\ncpu_ms = 7\n",
        );
        site.write(
            "bundle.toml",
            b"version = 7\nexpires = \"2100-01-01T00:00:00Z\"\ndevices = [\"*\"]\nscripts = [\"one.wasm\", \"two\"]\n\
              [[routes]]\npattern = \"example.com/*\"\nscript = \"two\"\n\
              [[kv]]\nnamespace = \"settings\"\nkey = \"colour\"\nvalue = \"red\"\n",
        );
        site
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        std::fs::create_dir_all(Path::new(&path).parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// `postern --json bundle …`; `@` stands before names of files of the folder.
    #[track_caller]
    fn run(&self, line: &str, code: i32) -> Ran {
        self.ran(&["--json", "bundle"], line, code)
    }

    /// The same for people.
    #[track_caller]
    fn said(&self, line: &str, code: i32) -> Ran {
        self.ran(&["bundle"], line, code)
    }

    #[track_caller]
    fn ran(&self, before: &[&str], line: &str, code: i32) -> Ran {
        let words = line.split(' ').map(|word| match word.strip_prefix('@') {
            Some(name) => self.path(name),
            None => word.to_owned(),
        });
        let words: Vec<String> = words.collect();
        let mut all = before.to_vec();
        all.extend(words.iter().map(String::as_str));
        self.daemon.cli(&all).expect(code)
    }
}

#[test]
fn a_bundle_is_built_signed_and_good() {
    let site = Site::new();
    site.run("keygen @release.key", 0);
    let mode = std::fs::metadata(site.path("release.key")).unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);
    // A key is not overwritten.
    site.run("keygen @release.key", 1);

    site.run("build @bundle.toml -o @site.postern", 0);
    let told = site.run("inspect @site.postern", 0).json();
    assert_eq!(
        (&told["version"], &told["signed"]),
        (&7.into(), &false.into())
    );
    assert_eq!(told["scripts"][0]["name"], "one");
    assert_eq!(told["scripts"][1]["metadata"]["limits"]["cpu_ms"], 7);
    assert_eq!(told["scripts"][1]["assets"][0]["path"], "/index.html");
    assert_eq!(told["routes"][0]["pattern"], "example.com/*");
    assert_eq!(told["kv"][0]["key"], "colour");
    site.run("verify @site.postern --key @release.key.pub", 1);

    site.run("sign @site.postern --key @release.key", 0);
    site.run("verify @site.postern --key @release.key.pub", 0);
    site.run("keygen @other.key", 0);
    let refused = site.run("verify @site.postern --key @other.key.pub", 1);
    assert!(refused.stderr.contains("not among those"), "{refused:?}");

    // The same in one step has the same bytes.
    site.run("build @bundle.toml -o @again.postern --key @release.key", 0);
    let bytes = |name: &str| std::fs::read(site.path(name)).unwrap();
    assert_eq!(bytes("site.postern"), bytes("again.postern"));

    let mut damaged = bytes("site.postern");
    *damaged.last_mut().unwrap() ^= 1;
    site.write("damaged.postern", &damaged);
    site.run("verify @damaged.postern --key @release.key.pub", 1);
    site.run("inspect @damaged.postern", 1);
}

#[test]
fn another_program_signs_what_is_extracted() {
    let site = Site::new();
    site.run("build @bundle.toml -o @site.postern", 0);
    site.run("sign @site.postern --extract @signed", 0);
    let machine = postern_e2e::firmware::Machine::new(1 << 20);
    let extracted = std::fs::read(site.path("signed")).unwrap();
    site.write(
        "signed.minisig",
        machine.sign(&extracted, "seven").as_bytes(),
    );
    site.run("sign @site.postern --signature @signed.minisig", 0);
    let key = machine.public_key();
    let verify = format!("verify @site.postern --key {key}");
    let good = site.run(&verify, 0).json();
    assert_eq!(good["comment"], "seven");
    // What receipts say of it is told of the file, too.
    let sum = Command::new("sha256sum").arg(site.path("signed")).output();
    let sum = String::from_utf8(sum.unwrap().stdout).unwrap();
    let hash = sum.split(' ').next().unwrap();
    assert_eq!(good["manifest_sha256"], hash);
    let told = site.run("inspect @site.postern", 0).json();
    assert_eq!(told["manifest_sha256"], hash);
    for line in ["inspect @site.postern", &verify] {
        let told = site.said(line, 0);
        assert!(
            told.text().contains(&format!("\nmanifest {hash}\n")),
            "{told:?}"
        );
    }
    // What is no signature does not take the place of one.
    let whole = std::fs::read(site.path("signed.minisig")).unwrap();
    let older = legacy(&whole);
    for (junk, said) in [
        (&b""[..], "no untrusted comment is on line 1"),
        (b"junk", "no untrusted comment is on line 1"),
        (&whole[..whole.len() / 2], "is not of minisign's form"),
        (&older, "sign with `minisign -S -H`"),
    ] {
        site.write("junk.minisig", junk);
        let refused = site.run("sign @site.postern --signature @junk.minisig", 1);
        assert!(refused.stderr.contains(said), "{said}: {refused:?}");
    }
    assert_eq!(site.run(&verify, 0).json(), good);
}

/// The same signature, said to be of the bytes themselves, as older versions of minisign made it.
fn legacy(signature: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(signature).unwrap();
    let prehashed = text.lines().nth(1).unwrap();
    // `ED` and `Ed` differ in the second digit of base64 alone.
    let older = prehashed.replacen("RU", "RW", 1);
    assert_ne!(older, prehashed);
    text.replace(prehashed, &older).into_bytes()
}

#[test]
fn errors_say_what_is_not_signed() {
    let site = Site::new();
    site.run("keygen @root", 0);
    site.run("keygen @other", 0);
    site.write("keys.toml", b"version = 1\n[[keys]]\nkey = \"other.pub\"\n");
    site.run("keys @keys.toml --key @root -o @release.keys", 0);
    let refused = |line: &str, code: i32, said: &str| {
        let refused = site.run(line, code);
        assert!(refused.stderr.contains(said), "{said}: {refused:?}");
    };
    refused(
        "verify @release.keys --key @other.pub",
        1,
        "signed the list of release keys, which is not among those that may",
    );
    site.run(
        "build @one.wasm -o @x.postern --bundle-version 1 --device *",
        0,
    );
    refused(
        "verify @x.postern --key @other.pub",
        1,
        "the bundle is not signed; sign it with",
    );
}

/// A list of projects is one by whatever name; one of keys is no such list.
#[test]
fn lists_are_known_by_what_they_have() {
    let site = Site::new();
    site.write("keys.toml", b"version = 1\n[[keys]]\nkey = \"other.pub\"\n");
    std::fs::copy(site.path("bundle.toml"), site.path("site.toml")).unwrap();
    site.run("build @bundle.toml -o @a.postern", 0);
    site.run("build @site.toml -o @b.postern", 0);
    let bytes = |name: &str| std::fs::read(site.path(name)).unwrap();
    assert_eq!(bytes("a.postern"), bytes("b.postern"));
    let refused = site.run("build @keys.toml -o @c.postern", 2);
    let said = "is a list of release keys, and no bundle is built of it";
    assert!(refused.stderr.contains(said), "{refused:?}");
    site.run(
        "build @two/wrangler.toml -o @d.postern --bundle-version 1 --device *",
        0,
    );
    // Of what is not there is told that.
    let missing = site.path("missing.postern");
    let refused = site.daemon.cli(&["push", &missing]).expect(1);
    assert!(refused.stderr.contains("No such file"), "{refused:?}");
}

#[test]
fn what_expired_is_refused() {
    let site = Site::new();
    site.run("keygen @k", 0);
    let built = "build @one.wasm -o @old.postern --bundle-version 1 --device * --key @k";
    site.run(&format!("{built} --expires 2001-01-01T00:00:00Z"), 0);
    let refused = site.run("verify @old.postern --key @k.pub", 1);
    assert!(refused.stderr.contains("2001-01-01"), "{refused:?}");
}

#[test]
fn two_bundles_are_compared() {
    let site = Site::new();
    site.run("build @bundle.toml -o @old.postern", 0);
    site.write("two/worker.wasm", &hello("three"));
    site.write("two/public/new.html", b"new");
    site.run(
        "build @two -o @new.postern --bundle-version 8 --device *",
        0,
    );
    let changes = site.run("diff @old.postern @new.postern", 0).json();
    let has = |line: &str| changes.as_array().unwrap().iter().any(|it| it == line);
    for line in [
        "- script one",
        "- kv settings colour",
        "- route example.com/*",
        "+ asset /new.html of two",
        "~ module worker.wasm of two",
        "~ version",
    ] {
        assert!(has(line), "{line}: {changes}");
    }
    assert!(!has("~ asset /index.html of two"), "{changes}");
    let same = site.run("diff @old.postern @old.postern", 0).json();
    assert_eq!(same, serde_json::json!([]));
}

#[test]
fn what_is_left_out_is_told() {
    let site = Site::new();
    let told = |line: &str, said: &str| {
        let refused = site.run(line, 2);
        assert!(refused.stderr.contains(said), "{refused:?}");
    };
    told("build @one.wasm -o @x --device *", "--bundle-version");
    told("build @one.wasm -o @x --bundle-version 1", "--device");
    site.run(
        "build @one.wasm -o @x.postern --bundle-version 1 --device *",
        0,
    );
    told("sign @x.postern", "--signature FILE");
    told(
        "build @one.wasm @one.wasm -o @x --bundle-version 1 --device *",
        "two scripts",
    );
}
