//! The screen of `postern tune` on a terminal of 80 by 24, and what is left of it afterwards.

use postern_e2e::Daemon;
use postern_e2e::guests::hello;
use postern_e2e::terminal::Terminal;
use serde_json::json;

fn open(daemon: &Daemon) -> Terminal {
    Terminal::open(daemon, &["tune"])
}

/// The screen ends with this status, and the terminal is as it was.
#[track_caller]
fn is_given_back(terminal: &mut Terminal, code: Option<i32>) {
    assert_eq!(terminal.ends().code(), code);
    let seen = terminal.seen();
    assert!(seen.contains("\x1b[?25h"), "the cursor is there again");
    assert!(seen.contains("\x1b[?1049l"), "what was before is shown");
    assert!(!terminal.is_raw());
}

fn start() -> Daemon {
    let daemon = Daemon::plain();
    daemon.api().production();
    daemon.api().push("good", &hello("good"), &json!({}));
    for _ in 0..5 {
        daemon.get("/good/").expect(200);
    }
    daemon
}

#[test]
fn the_screen_shows_tries_applies_and_gives_the_terminal_back() {
    let daemon = start();
    let mut terminal = open(&daemon);
    terminal.shows("production/good");
    terminal.shows("q quit");
    assert!(terminal.is_raw());
    // Memory, the second of four, to its least: every request would have been cut. All keys at
    // once, more than the 64 bytes that are read at a time, which end within an arrow.
    terminal.types(&format!("{}{}", "\t".repeat(9), "\x1b[D".repeat(40)));
    terminal.shows("1 of 1 tenants would have been cut, 5 of 5 requests");
    terminal.types("a");
    terminal.shows("why?");
    terminal.types("a test\r");
    terminal.shows("TRIAL 1: returns in");
    terminal.types("y");
    terminal.shows("kept");
    let told = daemon.api().get("/postern/v1/tune/history").ok();
    assert_eq!(
        (&told["changes"][0]["why"], &told["changes"][0]["of"]),
        (&json!("a test"), &json!("tenant production/good"))
    );
    terminal.types("h");
    terminal.shows("memory-bytes off -> 65536");
    terminal.types("u");
    terminal.shows("taken back");
    terminal.types("q");
    if !terminal.seen().contains("\x1b[?1049l") {
        is_given_back(&mut terminal, Some(0));
    }
}

#[test]
fn a_signal_gives_the_terminal_back_too() {
    let daemon = start();
    for typed in [false, true] {
        let mut terminal = open(&daemon);
        terminal.shows("q quit");
        if typed {
            terminal.types("\x03");
        } else {
            let pid = rustix::process::Pid::from_child(terminal.process());
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        }
        is_given_back(&mut terminal, Some(0));
    }
}

#[test]
fn without_a_terminal_the_commands_are_named() {
    let daemon = start();
    let ran = daemon.cli(&["tune"]).expect(2);
    assert!(
        ran.stderr
            .contains("the screen needs a terminal; the same as plain commands"),
        "{ran:?}"
    );
}
