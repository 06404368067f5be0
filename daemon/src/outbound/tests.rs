//! The way out against servers of one connection each, on loopback.
#![allow(clippy::unwrap_used)]

use super::*;
use futures_lite::{AsyncReadExt, AsyncWriteExt, StreamExt};
use smol::net::TcpListener;

fn outbound(executor: &Arc<Executor<'static>>, allow_private: bool) -> Outbound {
    let options = OutboundOptions {
        policy: Policy { allow_private },
        ..OutboundOptions::default()
    };
    Outbound::new(options, executor.clone())
}

fn run<T>(work: impl AsyncFnOnce(Arc<Executor<'static>>) -> T) -> T {
    let executor = Arc::new(Executor::new());
    smol::block_on(executor.run(work(executor.clone())))
}

/// A server that answers each request of a connection with the next of these, and tells how
/// many connections there were.
async fn server(
    executor: &Executor<'static>,
    answers: Vec<&'static str>,
) -> (Origin, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicU64::new(0));
    let counted = count.clone();
    executor
        .spawn(async move {
            let mut answers = answers.into_iter();
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                let mut seen = Vec::new();
                let mut part = [0; 1024];
                while let Ok(len) = stream.read(&mut part).await {
                    seen.extend_from_slice(&part[..len]);
                    if len == 0 {
                        break;
                    }
                    if !seen.ends_with(b"\r\n\r\n") {
                        continue;
                    }
                    seen.clear();
                    let Some(answer) = answers.next() else { break };
                    stream.write_all(answer.as_bytes()).await.unwrap();
                    if answer.contains("close") {
                        break;
                    }
                }
            }
        })
        .detach();
    let host = "127.0.0.1".to_owned();
    (Origin { host, port }, count)
}

fn get() -> Request<SendBody> {
    let request = Request::builder().uri("/").header("host", "x");
    request.body(SendBody::Empty).unwrap()
}

async fn text(answer: Response<ByteStream>) -> Result<String, io::Error> {
    let mut all = Vec::new();
    let mut body = answer.into_body();
    while let Some(part) = body.next().await {
        all.extend_from_slice(&part?);
    }
    Ok(String::from_utf8(all).unwrap())
}

#[test]
fn a_connection_serves_its_owner_again_and_nobody_else() {
    run(async |executor| {
        let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        let (origin, count) = server(&executor, vec![ok; 8]).await;
        let out = outbound(&executor, true);
        let (one, other) = (out.owner(), out.owner());
        for expect in [1, 1, 1] {
            let answer = out.send(one, &origin, get()).await.unwrap();
            assert_eq!(text(answer).await.unwrap(), "ok");
            assert_eq!(count.load(Ordering::Relaxed), expect);
        }
        out.forget(one);
        let answer = out.send(other, &origin, get()).await;
        assert!(answer.is_err() || count.load(Ordering::Relaxed) == 2);
    });
}

#[test]
fn a_connection_that_was_closed_is_replaced() {
    run(async |executor| {
        let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        let last = "HTTP/1.1 200 OK\r\nx: close\r\ncontent-length: 2\r\n\r\nok";
        let (origin, count) = server(&executor, vec![last, ok]).await;
        let out = outbound(&executor, true);
        let owner = out.owner();
        for _ in 0..2 {
            let answer = out.send(owner, &origin, get()).await.unwrap();
            assert_eq!(text(answer).await.unwrap(), "ok");
        }
        assert_eq!(count.load(Ordering::Relaxed), 2);
    });
}

#[test]
fn what_may_not_be_reached_is_not_connected_to() {
    run(async |executor| {
        let (origin, count) = server(&executor, vec![]).await;
        let out = outbound(&executor, false);
        for host in ["127.0.0.1", "localhost", "::1", "0x7f.1", "169.254.169.254"] {
            let port = origin.port;
            let host = host.to_owned();
            let told = out.send(out.owner(), &Origin { host, port }, get()).await;
            let told = told.map(drop).unwrap_err();
            assert!(matches!(told, OutboundError::Refused(_)), "{told:?}");
        }
        assert_eq!(count.load(Ordering::Relaxed), 0);
    });
}

#[test]
fn what_is_no_answer_is_an_error() {
    run(async |executor| {
        let out = outbound(&executor, true);
        for answer in [
            "garbage\r\n\r\nclose",
            "HTTP/1.1 200 OK\r\nbad\0: close\r\n\r\n",
        ] {
            let (origin, _) = server(&executor, vec![answer]).await;
            let told = out.send(out.owner(), &origin, get()).await;
            assert!(matches!(told, Err(OutboundError::Lost(_))));
        }
        let (origin, _) = server(
            &executor,
            vec!["HTTP/1.1 200 OK\r\nx: close\r\ncontent-length: 9\r\n\r\nshort"],
        )
        .await;
        let answer = out.send(out.owner(), &origin, get()).await.unwrap();
        assert!(text(answer).await.is_err());
    });
}
