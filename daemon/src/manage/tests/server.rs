//! The listener, over real sockets: what a client on a bad line, or a bad client, sees.

use super::*;
use async_executor::Executor;
use futures_lite::{AsyncReadExt, AsyncWriteExt, future};
use smol::channel::Sender;
use smol::net::{TcpListener, TcpStream};
use std::net::SocketAddr;
use std::time::Duration;

/// A listener that runs as long as `run` does.
fn with_server<T>(
    options: ServerOptions,
    run: impl AsyncFnOnce(&Desk, SocketAddr, Sender<()>) -> T,
) -> T {
    let desk = Desk::new();
    let executor = Arc::new(Executor::new());
    block_on(executor.run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = smol::channel::bounded(1);
        let serving = executor.spawn(serve(
            listener,
            Arc::clone(&desk.manage),
            options,
            Arc::clone(&executor),
            async move {
                let _ = stopped.recv().await;
            },
        ));
        let result = run(&desk, address, stop.clone()).await;
        stop.close();
        serving.await.unwrap();
        result
    }))
}

async fn connect(address: SocketAddr, text: &str) -> TcpStream {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(text.as_bytes()).await.unwrap();
    socket
}

async fn rest(mut socket: TcpStream) -> String {
    let mut all = Vec::new();
    socket.read_to_end(&mut all).await.unwrap();
    String::from_utf8(all).unwrap()
}

fn head(desk: &Desk, line: &str, more: &str) -> String {
    format!(
        "{line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n{more}\r\n",
        desk.token
    )
}

#[test]
fn a_call_is_answered_and_the_connection_kept() {
    with_server(ServerOptions::default(), async |desk, address, _| {
        let mut text = head(desk, "GET /client/v4/user", "");
        text.push_str(&head(desk, "HEAD /client/v4/user", ""));
        text.push_str(&head(
            desk,
            "GET /client/v4/user/tokens/verify",
            "Connection: close\r\n",
        ));
        let answers = rest(connect(address, &text).await).await;
        assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 3, "{answers}");
        assert_eq!(answers.matches("operator@postern").count(), 1);
        assert!(answers.contains("content-type: application/json"));
        assert!(answers.ends_with("}"));
    });
}

#[test]
fn a_bad_token_ends_the_connection_without_its_body_being_read() {
    with_server(ServerOptions::default(), async |_, address, _| {
        let text = "PUT /client/v4/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nabc";
        let answer = rest(connect(address, text).await).await;
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
        assert!(answer.contains("connection: close"));
        assert!(answer.contains("\"code\":10000"));
    });
}

#[test]
fn a_refusal_reaches_a_client_that_sends_all_before_it_reads() {
    let options = ServerOptions {
        linger: Duration::from_secs(60),
        ..ServerOptions::default()
    };
    with_server(options, async |_, address, _| {
        let body = vec![b'x'; 20_000_000];
        let text = format!(
            "PUT /client/v4/x HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let mut socket = connect(address, &text).await;
        socket.write_all(&body).await.unwrap();
        let answer = rest(socket).await;
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    });
}

#[test]
fn a_head_that_does_not_come_is_given_up() {
    let options = ServerOptions {
        header_timeout: Duration::from_millis(1),
        ..ServerOptions::default()
    };
    with_server(options, async |_, address, _| {
        for text in ["", "GET /client", "GET / HTTP/1.1\r\nX: "] {
            let answer = rest(connect(address, text).await).await;
            assert!(!answer.contains("200"), "{answer}");
        }
    });
}

#[test]
fn a_body_that_does_not_come_is_given_up() {
    let options = ServerOptions {
        body_idle: Duration::from_millis(1),
        ..ServerOptions::default()
    };
    with_server(options, async |desk, address, _| {
        let line = format!("PUT {D}");
        let text = head(
            desk,
            &line,
            "Content-Type: application/wasm\r\nContent-Length: 10\r\n",
        );
        let answer = rest(connect(address, &text).await).await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        desk.nothing_stored();
    });
}

#[test]
fn garbage_and_absurd_heads_are_refused() {
    with_server(ServerOptions::default(), async |desk, address, _| {
        let long = format!("X: {}\r\n", "y".repeat(100_000));
        let many = "X: y\r\n".repeat(200);
        for (text, status) in [
            ("\0\0\0\r\n\r\n".to_owned(), "HTTP/1.1 400"),
            (head(desk, "GET /client/v4/user", &long), "HTTP/1.1 431"),
            (head(desk, "GET /client/v4/user", &many), "HTTP/1.1 431"),
        ] {
            let mut socket = TcpStream::connect(address).await.unwrap();
            socket.write_all(text.as_bytes()).await.unwrap();
            let mut answer = [0; 12];
            socket.read_exact(&mut answer).await.unwrap();
            assert_eq!(answer, status.as_bytes());
        }
        let text = head(desk, "GET /client/v4/user", "Connection: close\r\n");
        assert!(
            rest(connect(address, &text).await)
                .await
                .starts_with("HTTP/1.1 200")
        );
    });
}

#[test]
fn half_closed_and_broken_uploads_leave_nothing() {
    with_server(ServerOptions::default(), async |desk, address, _| {
        let line = format!("PUT {D}");
        let more = format!("Content-Type: {FORM}\r\nContent-Length: 1000\r\n");
        let text = head(desk, &line, &more) + "--frontier\r\n";
        let socket = connect(address, &text).await;
        socket.shutdown(std::net::Shutdown::Write).unwrap();
        let answer = rest(socket).await;
        assert!(!answer.contains("200 OK"), "{answer}");
        drop(connect(address, &text).await);
        let good = head(desk, "GET /client/v4/user", "Connection: close\r\n");
        assert!(rest(connect(address, &good).await).await.contains("200 OK"));
        desk.nothing_stored();
    });
}

#[test]
fn a_push_goes_on_when_its_client_goes_away() {
    with_server(ServerOptions::default(), async |desk, address, _| {
        let gate = desk.runtime.gate.lock_arc().await;
        let line = format!("PUT {D}");
        let more = format!(
            "Content-Type: application/wasm\r\nContent-Length: {}\r\n",
            WASM.len()
        );
        let mut socket = connect(address, &head(desk, &line, &more)).await;
        socket.write_all(WASM).await.unwrap();
        // Judging has begun once the script's lock is waited for.
        while !desk.manage.catalog.is_locked("production", "a") {
            future::yield_now().await;
        }
        drop(socket);
        drop(gate);
        while desk.manage.catalog.worker("production", "a").is_none() {
            future::yield_now().await;
        }
    });
}

#[test]
fn calls_under_way_finish_when_the_daemon_stops() {
    with_server(ServerOptions::default(), async |desk, address, stop| {
        let gate = desk.runtime.gate.lock_arc().await;
        let line = format!("PUT {D}");
        let more = format!(
            "Content-Type: application/wasm\r\nContent-Length: {}\r\n",
            WASM.len()
        );
        let mut socket = connect(address, &head(desk, &line, &more)).await;
        socket.write_all(WASM).await.unwrap();
        while !desk.manage.catalog.is_locked("production", "a") {
            future::yield_now().await;
        }
        stop.close();
        drop(gate);
        let answer = rest(socket).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(desk.manage.catalog.worker("production", "a").is_some());
    });
}

/// Connections that say nothing, for as long as others are answered beside them.
async fn wait_for(address: SocketAddr, n: usize, text: &str) -> Vec<TcpStream> {
    let mut all = Vec::new();
    for _ in 0..n {
        all.push(connect(address, text).await);
    }
    all
}

#[test]
fn a_call_gets_through_beside_connections_that_wait() {
    let options = ServerOptions {
        connections_max: 2,
        spare: Duration::ZERO,
        header_timeout: Duration::from_secs(3600),
        ..ServerOptions::default()
    };
    with_server(options, async |desk, address, _| {
        let claim = "POST /postern/v1/claim HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{";
        let health = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
        for text in ["", "GET /client", health, claim] {
            let waiting = wait_for(address, 5, text).await;
            let call = head(desk, "GET /client/v4/user", "Connection: close\r\n");
            let answer = rest(connect(address, &call).await).await;
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            drop(waiting);
        }
    });
}

#[test]
fn a_claim_that_does_not_come_is_given_up() {
    let options = ServerOptions {
        claim_timeout: Duration::from_millis(1),
        ..ServerOptions::default()
    };
    with_server(options, async |_, address, _| {
        let text = "POST /postern/v1/claim HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{";
        let answer = rest(connect(address, text).await).await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    });
}

#[test]
fn a_call_gets_through_beside_clients_that_do_not_read() {
    let options = ServerOptions {
        connections_max: 2,
        spare: Duration::ZERO,
        header_timeout: Duration::from_secs(3600),
        write_timeout: Duration::from_secs(3600),
        ..ServerOptions::default()
    };
    with_server(options, async |desk, address, _| {
        let asked = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1000);
        let mut deaf = wait_for(address, 2, "").await;
        for socket in &mut deaf {
            // Until there is no room any more for what it asks, nor for the answers, on either side.
            let mut is_full = false;
            while !is_full {
                while let Some(written) = future::poll_once(socket.write(asked.as_bytes())).await {
                    written.unwrap();
                }
                for _ in 0..100 {
                    future::yield_now().await;
                }
                let more = future::poll_once(socket.write(asked.as_bytes())).await;
                is_full = more.is_none();
            }
        }
        let call = head(desk, "GET /client/v4/user", "Connection: close\r\n");
        let answer = rest(connect(address, &call).await).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    });
}

#[test]
fn a_client_that_takes_nothing_of_its_answers_is_let_go() {
    let options = ServerOptions {
        write_timeout: Duration::from_millis(1),
        ..ServerOptions::default()
    };
    with_server(options, async |_, address, _| {
        let asked = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1000);
        let mut deaf = connect(address, "").await;
        while deaf.write_all(asked.as_bytes()).await.is_ok() {}
    });
}
