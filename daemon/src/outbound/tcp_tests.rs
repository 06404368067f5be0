//! Tests of connections that were never HTTP, against OpenSSL's server behind one that speaks
//! without TLS first.

#![allow(clippy::unwrap_used)]

use super::https_tests::{Office, Server, origin, run};
use super::{Origin, Outbound, OutboundError, Tcp, Tenant};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::SystemTime;

/// Answers `start` with `ready`, and has another server speak from then on.
fn starttls(behind: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            std::thread::spawn(move || -> std::io::Result<()> {
                client.read_exact(&mut [0; 5])?;
                client.write_all(b"ready")?;
                let mut server = TcpStream::connect(("127.0.0.1", behind))?;
                let (mut from, mut to) = (client.try_clone()?, server.try_clone()?);
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    to.shutdown(std::net::Shutdown::Write)
                });
                std::io::copy(&mut server, &mut client)?;
                client.shutdown(std::net::Shutdown::Write)
            });
        }
    });
    port
}

async fn start(out: &Outbound, tenant: &Tenant, to: &Origin) -> Tcp {
    let mut tcp = out.tcp(tenant, to, true).await.unwrap();
    tcp.write_all(b"start").await.unwrap();
    let mut said = [0; 5];
    tcp.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"ready");
    tcp
}

#[test]
fn a_connection_becomes_one_of_tls() {
    let office = Office::new();
    office.server("here", "ec:P-256", "DNS:here.example");
    // It sends what it gets in the reverse order, a line a time.
    let server = Server::new(&office, "here", &["-rev"]);
    let port = starttls(server.port);
    run(async |executor| {
        let out = office.outbound(&executor, SystemTime::now);
        let tenant = out.tenant("production", "a");
        let to = Origin {
            is_tls: false,
            ..origin("here.example", port)
        };
        let mut tcp = start(&out, &tenant, &to).await;
        tcp.start_tls(None).await.unwrap();
        tcp.write_all(b"abc\n").await.unwrap();
        tcp.flush().await.unwrap();
        let mut said = [0; 4];
        tcp.read_exact(&mut said).await.unwrap();
        assert_eq!(&said, b"cba\n");
        let again = tcp.start_tls(None).await;
        // It speaks with one at a time.
        drop(tcp);
        assert!(matches!(again, Err(OutboundError::Tls(_))));
        // A name that the server does not prove.
        let mut tcp = start(&out, &tenant, &to).await;
        let refused = tcp.start_tls(Some("other.example")).await;
        assert!(matches!(refused, Err(OutboundError::Tls(_))));
        assert!(tcp.write_all(b"secret").await.is_err());
        drop(tcp);
        // From the beginning.
        let sealed = origin("here.example", server.port);
        let mut tcp = out.tcp(&tenant, &sealed, false).await.unwrap();
        tcp.write_all(b"xyz\n").await.unwrap();
        tcp.flush().await.unwrap();
        tcp.read_exact(&mut said).await.unwrap();
        assert_eq!(&said, b"zyx\n");
        drop(tcp);
        let wrong = origin("other.example", server.port);
        let refused = out.tcp(&tenant, &wrong, false).await;
        assert!(matches!(refused, Err(OutboundError::Tls(_))));
    });
}
