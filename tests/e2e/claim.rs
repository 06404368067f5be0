//! The first boot of a gateway: a code on its log, and who brings it has the first token.

use postern_e2e::{Api, Daemon, Request, Setup, eventually};
use serde_json::json;
use std::process::Output;

const CLAIM: &str = "/postern/v1/claim";
const CODE: &str = "7K2M-94XQ-R0TD";

/// The code that the daemon tells behind a place of its log.
#[track_caller]
fn code(daemon: &Daemon, behind: usize) -> String {
    eventually("a code is told", || {
        let log = daemon.log();
        let (_, rest) = log[behind..].split_once("postern claim ")?;
        let (code, _) = rest.split_once(" --url")?;
        Some(code.to_owned())
    })
}

fn claim(daemon: &Daemon, code: &str) -> (u16, serde_json::Value) {
    let request = Request::new("POST", CLAIM).body(json!({"code": code}).to_string().into_bytes());
    let answer = request.send(daemon.manage()).unwrap();
    (answer.status, answer.json())
}

/// The command line without a token, over TCP.
fn postern(daemon: &Daemon, arguments: &[&str]) -> Output {
    let mut command = daemon.command();
    command
        .args(arguments)
        .env("POSTERN_URL", format!("http://{}", daemon.manage()))
        .env("XDG_CONFIG_HOME", daemon.dir().join("config"));
    command.output().unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_code_of_the_log_is_good_once() {
    let mut daemon = Setup::new().tokenless().start();
    let first = code(&daemon, 0);
    let before = daemon.log().len();
    daemon.restart();
    let second = code(&daemon, before);
    assert_ne!(first, second);
    assert_eq!(claim(&daemon, &first).0, 401);
    // Whatever is brought, it is told what to do.
    let api = Api::new(daemon.manage(), "pst_guess");
    let (status, _, message) = api.get("/postern/v1/status").refused();
    assert_eq!(status, 401);
    assert!(message.contains("postern claim CODE"), "{message}");
    assert_eq!(
        Request::get("/health")
            .send(daemon.manage())
            .unwrap()
            .status,
        200
    );
    // Kept where the other commands find it.
    let done = postern(&daemon, &["claim", &second.to_lowercase(), "--save"]);
    assert!(done.status.success(), "{}", err(&done));
    assert!(!String::from_utf8_lossy(&done.stdout).contains("pst_"));
    let status = postern(&daemon, &["status", "--json"]);
    assert!(status.status.success(), "{}", err(&status));
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(status["manage"]["claim"]["state"], "claimed");
    let again = postern(&daemon, &["claim", &second]);
    assert_eq!(again.status.code(), Some(1));
    assert!(err(&again).contains("claimed already"), "{}", err(&again));
    let log = postern(&daemon, &["audit", "show", "--remote"]);
    let log = String::from_utf8(log.stdout).unwrap();
    assert!(
        log.contains("the claim code") && log.contains(CLAIM),
        "{log}"
    );
    // A restart opens nothing.
    let before = daemon.log().len();
    daemon.restart();
    assert_eq!(claim(&daemon, &second).0, 409);
    assert!(!daemon.log()[before..].contains("postern claim"));
    daemon.terminate();
}

#[test]
fn a_token_is_durable_before_it_is_told() {
    let mut daemon = Setup::new().tokenless().start();
    let code = code(&daemon, 0);
    let (status, told) = claim(&daemon, &code);
    daemon.kill9();
    assert_eq!(status, 200, "{told}");
    daemon.start();
    let token = told["result"]["value"].as_str().unwrap();
    Api::new(daemon.manage(), token)
        .get("/postern/v1/status")
        .ok();
    assert_eq!(claim(&daemon, &code).0, 409);
    // Nor is it anybody's after its token is revoked.
    let id = told["result"]["id"].as_str().unwrap();
    let api = Api::new(daemon.manage(), token);
    api.delete(&format!("/postern/v1/tokens/{id}")).ok();
    daemon.restart();
    assert_eq!(claim(&daemon, &code).0, 409);
}

#[test]
fn a_code_of_the_configuration_is_not_told_and_is_good_after_a_restart() {
    let setup = Setup::new()
        .tokenless()
        .manage(&format!("claim-code = \"{CODE}\""));
    let mut daemon = setup.start();
    daemon.restart();
    let log = daemon.log();
    assert!(
        log.contains("manage.claim-code") && !log.contains(CODE),
        "{log}"
    );
    let done = postern(&daemon, &["claim", CODE, "--name", "me"]);
    assert!(done.status.success(), "{}", err(&done));
    let token = String::from_utf8(done.stdout).unwrap();
    Api::new(daemon.manage(), token.trim())
        .get("/postern/v1/status")
        .ok();
}

#[test]
fn a_window_of_nothing_is_closed() {
    let setup = Setup::new()
        .tokenless()
        .manage(&format!("claim-code = \"{CODE}\"\nclaim-window-s = 0"));
    let daemon = setup.start();
    let (status, told) = claim(&daemon, CODE);
    assert_eq!(status, 403);
    let message = told["errors"][0]["message"].as_str().unwrap();
    assert!(
        message.contains("as root on the gateway itself"),
        "{message}"
    );
    let refused = postern(&daemon, &["claim"]);
    assert_eq!(refused.status.code(), Some(2), "{}", err(&refused));
}

#[test]
fn wrong_codes_lock_out_and_then_close() {
    let daemon = Setup::new()
        .tokenless()
        .manage(&format!("claim-code = \"{CODE}\""))
        .start();
    // On loopback, where all programs are one source, late.
    let statuses: Vec<u16> = (0..101)
        .map(|_| claim(&daemon, "0000-0000-0000").0)
        .collect();
    assert_eq!(statuses[..100], [401; 100]);
    assert_eq!(statuses[100], 429);
    // More than any guesser may try, whoever it is.
    let mut tries = 101;
    while claim(&daemon, "0000-0000-0000").0 != 403 {
        tries += 1;
        assert!(tries < 300, "it never closes");
    }
    let (status, told) = claim(&daemon, CODE);
    assert_eq!(status, 403);
    let message = told["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("256 wrong codes"), "{message}");
}

#[test]
fn of_two_who_come_at_once_one_has_it() {
    let daemon = Setup::new()
        .tokenless()
        .manage(&format!("claim-code = \"{CODE}\""))
        .start();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| claim(&daemon, CODE).0))
            .collect();
        asking.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert_eq!(
        statuses.iter().filter(|it| **it == 200).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(
        statuses.iter().filter(|it| **it == 409).count(),
        3,
        "{statuses:?}"
    );
}

#[test]
fn on_the_gateway_itself_its_user_needs_no_code() {
    let mut daemon = Setup::new()
        .tokenless()
        .manage("claim-window-s = 0")
        .start();
    let status = daemon
        .command()
        .args(["status", "--json"])
        .output()
        .unwrap();
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(status["manage"]["claim"]["state"], "closed");
    let done = daemon.command().arg("claim").output().unwrap();
    assert!(done.status.success(), "{}", err(&done));
    let token = String::from_utf8(done.stdout).unwrap();
    Api::new(daemon.manage(), token.trim())
        .get("/postern/v1/status")
        .ok();
    let again = daemon.command().arg("claim").output().unwrap();
    assert!(err(&again).contains("claimed already"), "{}", err(&again));
    daemon.terminate();
    // A token that its user makes there by hand ends it as well.
    let daemon = Setup::new()
        .tokenless()
        .manage(&format!("claim-code = \"{CODE}\""))
        .start();
    let made = daemon
        .command()
        .args(["token", "create", "--remote"])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", err(&made));
    assert_eq!(claim(&daemon, CODE).0, 409);
}
