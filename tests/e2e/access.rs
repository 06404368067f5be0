//! Who may use the management port.

use postern_e2e::{Daemon, Setup};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

/// The status line of an answer by the Unix socket.
fn by_socket(daemon: &Daemon, head: &str) -> String {
    let mut stream = UnixStream::connect(daemon.data_dir().join("run/manage.sock")).unwrap();
    let request = format!(
        "GET /client/v4/user HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{head}\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn the_daemons_own_user_needs_no_token_on_the_device() {
    let mut daemon = Setup::new().tokenless().start();
    let socket = daemon.data_dir().join("run/manage.sock");
    let mode = std::fs::metadata(&socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
    let status = daemon.command().arg("status").output().unwrap();
    assert!(status.status.success(), "{status:?}");
    assert_eq!(by_socket(&daemon, ""), "HTTP/1.1 200 OK");
    // Whoever brings a token is that token's, and a wrong one is nobody's.
    let wrong = by_socket(&daemon, "authorization: Bearer wrong\r\n");
    assert_eq!(wrong, "HTTP/1.1 401 Unauthorized");
    daemon.kill9();
    assert!(socket.exists());
    daemon.start();
    assert_eq!(by_socket(&daemon, ""), "HTTP/1.1 200 OK");
    daemon.terminate();
}

#[test]
fn on_tcp_the_same_user_needs_a_token() {
    let daemon = Setup::new().tokenless().start();
    let url = format!("http://{}", daemon.manage());
    let status = daemon
        .command()
        .args(["status", "--url", &url])
        .output()
        .unwrap();
    assert!(!status.status.success(), "{status:?}");
}
