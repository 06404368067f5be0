//! What the process gives up before it serves, seen from outside.

use postern_e2e::guests::hello;
use postern_e2e::tls::Certificates;
use postern_e2e::{Daemon, Setup, eventually};
use rustix::process::Signal;
use serde_json::json;

const PARTS: [&str; 4] = ["no-new-privileges", "capabilities", "landlock", "seccomp"];

/// A line of `/proc/PID/status`, of each thread.
fn of_threads(daemon: &Daemon, key: &str) -> Vec<String> {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", daemon.pid())).unwrap();
    let told = tasks.filter_map(|task| {
        let text = std::fs::read_to_string(task.unwrap().path().join("status")).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(key))?;
        Some(line.trim().to_owned())
    });
    told.collect()
}

#[test]
fn every_thread_has_given_up_what_it_does_not_need() {
    let daemon = Daemon::plain();
    daemon.api().production();
    daemon.api().push("good", &hello("good"), &json!({}));
    daemon.get("/good/").expect(200);
    let status = daemon.api().get("/postern/v1/status").ok();
    for name in PARTS {
        let part = &status["confinement"][name];
        assert!(part["holds"].is_boolean(), "{status}");
        if part["holds"] == false {
            eprintln!("{name} was not tried: {}", part["why"]);
        }
    }
    let check = |name: &str, key: &str, expected: fn(&str) -> bool| {
        let told = of_threads(&daemon, key);
        assert!(told.len() > 2, "{key} {told:?}");
        assert!(
            !holds(&daemon, name) || told.iter().all(|it| expected(it)),
            "{key} {told:?}"
        );
    };
    check("no-new-privileges", "NoNewPrivs:", |it| it == "1");
    check("seccomp", "Seccomp:", |it| it == "2");
    // But for the one to listen below port 1024.
    let few = |it: &str| u64::from_str_radix(it, 16).unwrap() & !(1 << 10) == 0;
    check("capabilities", "CapEff:", few);
    check("capabilities", "CapPrm:", few);
    let shown = daemon.cli(&["status"]).expect(0);
    assert!(
        shown
            .text()
            .contains("confinement:\n  capabilities:\n    holds: "),
        "{shown:?}"
    );
}

/// Whether part of the confinement holds on this machine.
fn holds(daemon: &Daemon, name: &str) -> bool {
    let status = daemon.api().get("/postern/v1/status").ok();
    status["confinement"][name]["holds"] == true
}

#[test]
fn files_beyond_what_the_configuration_named_cannot_be_read() {
    let (certificates, elsewhere) = (Certificates::new(), Certificates::new());
    for certificates in [&certificates, &elsewhere] {
        certificates.server("one", "DNS:one.test");
    }
    let (chain, key) = (certificates.path("one.pem"), certificates.path("one.key"));
    let start = |more: &str| {
        Setup::new()
            .tables(&format!(
                "[edge.tls]\nlisten = \"127.0.0.1:0\"\n\
                 [[edge.tls.certificates]]\nchain = {chain:?}\nkey = {key:?}\n{more}"
            ))
            .start()
    };
    let allowed = start(&format!(
        "[confinement]\nread = [{:?}]\n",
        elsewhere.path("").display().to_string()
    ));
    let confined = start("");
    // The same name, and it leads elsewhere now.
    std::fs::remove_file(&chain).unwrap();
    std::os::unix::fs::symlink(elsewhere.path("one.pem"), &chain).unwrap();
    std::fs::copy(elsewhere.path("one.key"), &key).unwrap();
    for daemon in [&allowed, &confined] {
        daemon.signal(Signal::HUP);
        eventually("the configuration was read again", || {
            daemon.log().contains("was read again").then_some(())
        });
    }
    assert!(
        !allowed.log().contains("stay as they were"),
        "{}",
        allowed.log()
    );
    if !holds(&confined, "landlock") {
        eprintln!("not tried: this kernel has no Landlock");
        return;
    }
    let log = confined.log();
    assert!(log.contains("Permission denied"), "{log}");
    assert!(log.contains("certificates stay as they were"), "{log}");
}

#[test]
fn what_a_configuration_names_anew_is_told_if_it_is_beyond() {
    let elsewhere = Certificates::new();
    let mut daemon = Daemon::plain();
    let roots = elsewhere.path("root.pem");
    daemon.reconfigure(Setup::new().tables(&format!("[outbound.tls]\nroots = {roots:?}\n")));
    daemon.signal(Signal::HUP);
    let told = eventually("the configuration was read again", || {
        let log = daemon.log();
        log.contains("was read again").then_some(log)
    });
    let folder = std::fs::canonicalize(elsewhere.path("")).unwrap();
    let expected = format!(
        "nothing in `{}` can be read until a restart",
        folder.display()
    );
    assert!(told.contains(&expected), "{told}");
}

#[test]
fn it_can_be_turned_off_and_required() {
    let daemon = Setup::new()
        .tables("[confinement]\nmode = \"off\"\n")
        .start();
    let status = daemon.api().get("/postern/v1/status").ok();
    assert_eq!(status["confinement"], "off");
    assert!(daemon.log().contains("the process is not confined"));
    assert_eq!(of_threads(&daemon, "Seccomp:")[0], "0");

    let daemon = Daemon::plain();
    let status = daemon.api().get("/postern/v1/status").ok();
    if !PARTS
        .iter()
        .all(|name| status["confinement"][name]["holds"] == true)
    {
        eprintln!("not required: this kernel has not all of it");
        return;
    }
    let daemon = Setup::new()
        .tables("[confinement]\nmode = \"required\"\n")
        .start();
    daemon.get("/nobody/").expect(404);
}

#[test]
fn who_judges_pushes_gives_up_more_than_the_daemon() {
    for (mode, filters) in [("on", 2), ("off", 1)] {
        let daemon = Setup::new()
            .tables(&format!("[confinement]\nmode = \"{mode}\"\n"))
            .start();
        let api = daemon.api();
        api.production();
        api.push_javascript(
            "w",
            "export default { fetch() { return new Response(\"it runs\"); } }",
        );
        assert_eq!(daemon.get("/w/").text(), "it runs", "{mode}");
        let judges = daemon.children();
        assert!(!judges.is_empty(), "it is kept for the next push");
        for judge in judges {
            let status = std::fs::read_to_string(format!("/proc/{judge}/status")).unwrap();
            let of = |name: &str| {
                let line = status.lines().find_map(|line| line.strip_prefix(name));
                line.map(str::trim).map(str::to_owned)
            };
            assert_eq!(of("NoNewPrivs:").as_deref(), Some("1"), "{mode}");
            let Some(count) = of("Seccomp_filters:") else {
                eprintln!("not counted: this kernel does not tell how many filters there are");
                continue;
            };
            assert_eq!(count.parse(), Ok(filters), "{mode}");
        }
    }
}
