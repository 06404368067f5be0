//! The way out against servers of one connection each, on loopback.
#![allow(clippy::unwrap_used)]

use super::*;
use futures_lite::{AsyncReadExt, AsyncWriteExt, StreamExt};
use smol::net::TcpListener;

fn outbound(executor: &Arc<Executor<'static>>, allow_private: bool) -> Outbound {
    let options = OutboundOptions {
        policy: Policy {
            allow_private,
            ..Policy::default()
        },
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
    let is_tls = false;
    (Origin { host, port, is_tls }, count)
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
        let (one, other) = (out.tenant("a", "one"), out.tenant("a", "other"));
        for expect in [1, 1, 1] {
            let answer = out.send(&one, &origin, get()).await.unwrap();
            assert_eq!(text(answer).await.unwrap(), "ok");
            assert_eq!(count.load(Ordering::Relaxed), expect);
        }
        drop(one);
        let answer = out.send(&other, &origin, get()).await;
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
        let owner = out.tenant("a", "b");
        for _ in 0..2 {
            let answer = out.send(&owner, &origin, get()).await.unwrap();
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
            let told = out
                .send(
                    &out.tenant("a", "b"),
                    &Origin {
                        host,
                        port,
                        is_tls: false,
                    },
                    get(),
                )
                .await;
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
            let told = out.send(&out.tenant("a", "b"), &origin, get()).await;
            assert!(matches!(told, Err(OutboundError::Lost(_))));
        }
        let (origin, _) = server(
            &executor,
            vec!["HTTP/1.1 200 OK\r\nx: close\r\ncontent-length: 9\r\n\r\nshort"],
        )
        .await;
        let answer = out
            .send(&out.tenant("a", "b"), &origin, get())
            .await
            .unwrap();
        assert!(text(answer).await.is_err());
    });
}

/// Addresses that a name stands for: `a-b-c-d.test` for a.b.c.d, `turns.test` for another one each
/// time.
fn lookup(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    static TURN: AtomicU64 = AtomicU64::new(0);
    let text = match host.trim_end_matches('.') {
        "turns.test" if TURN.fetch_add(1, Ordering::Relaxed) > 0 => "10.0.0.1".to_owned(),
        "turns.test" => "127.0.0.1".to_owned(),
        "mapped.test" => "::ffff:127.0.0.1".to_owned(),
        other => match other.strip_suffix(".test") {
            Some(address) => address.replace('-', "."),
            // `localhost.`, 0x7f.1, 2130706433: the system says what they are.
            None => return system_lookup(host, port),
        },
    };
    let address: IpAddr = text.parse().map_err(io::Error::other)?;
    Ok(vec![SocketAddr::new(address, port)])
}

fn with_policy(executor: &Arc<Executor<'static>>, policy: Policy) -> Outbound {
    let options = OutboundOptions {
        policy,
        ..OutboundOptions::default()
    };
    Outbound::with(options, executor.clone(), lookup, SystemTime::now)
}

fn egress(allow: Option<&[&str]>, deny: &[&str]) -> crate::egress::Egress {
    let list = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    crate::egress::Egress {
        all: crate::egress::Rules {
            allow: allow.map(list),
            deny: list(deny),
        },
        ..Default::default()
    }
}

fn at(host: &str, port: u16) -> Origin {
    Origin {
        host: host.to_owned(),
        port,
        is_tls: false,
    }
}

#[test]
fn no_name_stands_for_what_may_not_be_reached() {
    run(async |executor| {
        let (origin, count) = server(&executor, vec![]).await;
        let out = with_policy(&executor, Policy::default());
        let tenant = out.tenant("a", "b");
        for host in [
            "127-0-0-1.test",
            "10-0-0-1.test",
            "169-254-169-254.test",
            "mapped.test",
            "localhost.",
            "0x7f.1",
            "0x7f000001",
            "2130706433",
            "017700000001",
            "127.1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "0.0.0.0",
        ] {
            for is_tls in [false, true] {
                let origin = Origin {
                    is_tls,
                    ..at(host, origin.port)
                };
                let told = out.send(&tenant, &origin, get()).await.map(drop);
                let refused = matches!(
                    told,
                    Err(OutboundError::Refused(_) | OutboundError::NoSuchName)
                );
                assert!(refused, "{host}: {told:?}");
                let told = out.upgrade(&tenant, &origin, get()).await.map(drop);
                assert!(told.is_err(), "{host}");
            }
        }
        assert_eq!(count.load(Ordering::Relaxed), 0);
    });
}

#[test]
fn a_name_that_turns_is_judged_each_time() {
    run(async |executor| {
        let ok = "HTTP/1.1 200 OK\r\nx: close\r\ncontent-length: 2\r\n\r\nok";
        let (origin, count) = server(&executor, vec![ok; 8]).await;
        let policy = Policy {
            allow_private: true,
            egress: egress(None, &["10.0.0.0/8"]),
        };
        let out = with_policy(&executor, policy);
        let tenant = out.tenant("a", "b");
        let origin = at("turns.test", origin.port);
        let answer = out.send(&tenant, &origin, get()).await.unwrap();
        assert_eq!(text(answer).await.unwrap(), "ok");
        let told = out.send(&tenant, &origin, get()).await.map(drop);
        assert!(matches!(told, Err(OutboundError::Refused(_))), "{told:?}");
        assert_eq!(count.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn rules_hold_for_connections_that_rest() {
    run(async |executor| {
        let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        let (origin, _) = server(&executor, vec![ok; 8]).await;
        let private = |egress| Policy {
            allow_private: true,
            egress,
        };
        let allowed = format!("*.test:{}", origin.port);
        let out = with_policy(&executor, private(egress(Some(&[&allowed]), &[])));
        let tenant = out.tenant("a", "b");
        let origin = at("127-0-0-1.test", origin.port);
        let answer = out.send(&tenant, &origin, get()).await.unwrap();
        assert_eq!(text(answer).await.unwrap(), "ok");
        // By its address nobody has allowed it, and at another port neither.
        for other in [at("127.0.0.1", origin.port), at("127-0-0-1.test", 1)] {
            let told = out.send(&tenant, &other, get()).await.map(drop);
            assert!(matches!(told, Err(OutboundError::Refused(_))), "{told:?}");
        }
        out.set_policy(private(egress(None, &["127-0-0-1.test"])), Vec::new());
        let told = out.send(&tenant, &origin, get()).await.map(drop);
        assert!(matches!(told, Err(OutboundError::Refused(_))), "{told:?}");
        let told = out.upgrade(&tenant, &origin, get()).await.map(drop);
        assert!(matches!(told, Err(OutboundError::Refused(_))));
    });
}

/// A server that never answers, and tells how many connections there are.
async fn silent(executor: &Executor<'static>) -> (Origin, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicU64::new(0));
    let counted = count.clone();
    executor
        .spawn(async move {
            let mut held = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                held.push(stream);
                counted.fetch_add(1, Ordering::Relaxed);
            }
        })
        .detach();
    (at("127.0.0.1", port), count)
}

#[test]
fn nobody_holds_all_connections() {
    run(async |executor| {
        let (slow, count) = silent(&executor).await;
        let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        let (quick, _) = server(&executor, vec![ok; 8]).await;
        let options = OutboundOptions {
            policy: Policy {
                allow_private: true,
                ..Policy::default()
            },
            connections_max: 10,
            ..OutboundOptions::default()
        };
        let out = Outbound::new(options, executor.clone());
        let greedy = out.tenant("a", "greedy");
        let held: Vec<_> = (0..30)
            .map(|_| {
                let (out, greedy, slow) = (out.clone(), greedy.clone(), slow.clone());
                executor.spawn(async move { out.send(&greedy, &slow, get()).await.map(drop) })
            })
            .collect();
        while count.load(Ordering::Relaxed) < 6 {
            smol::future::yield_now().await;
        }
        let other = out.tenant("a", "other");
        let answer = out.send(&other, &quick, get()).await.unwrap();
        assert_eq!(text(answer).await.unwrap(), "ok");
        assert_eq!(count.load(Ordering::Relaxed), 6);
        // What was given up makes room.
        drop(held);
        let answer = out.send(&greedy, &quick, get()).await.unwrap();
        assert_eq!(text(answer).await.unwrap(), "ok");
    });
}

#[test]
fn who_waits_gets_what_goes_to_rest() {
    run(async |executor| {
        let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        let (one, count) = server(&executor, vec![ok; 64]).await;
        let (two, _) = server(&executor, vec![ok; 64]).await;
        let options = OutboundOptions {
            policy: Policy {
                allow_private: true,
                ..Policy::default()
            },
            connections_max: 4,
            tenant_connections_max: Some(1),
            ..OutboundOptions::default()
        };
        let out = Outbound::new(options, executor.clone());
        let tenant = out.tenant("a", "b");
        let asked: Vec<_> = (0..8)
            .map(|_| {
                let (out, tenant, one) = (out.clone(), tenant.clone(), one.clone());
                executor.spawn(async move {
                    let answer = out.send(&tenant, &one, get()).await.unwrap();
                    text(answer).await.unwrap()
                })
            })
            .collect();
        for asked in asked {
            assert_eq!(asked.await, "ok");
        }
        // All over one connection, which then makes room for another server's.
        assert_eq!(count.load(Ordering::Relaxed), 1);
        let answer = out.send(&tenant, &two, get()).await.unwrap();
        assert_eq!(text(answer).await.unwrap(), "ok");
    });
}
