//! Targets about what rooms show to all. Those that need a room's inside lie in its tests.

use super::drive;
use crate::catalog::entrances::{Address, Pattern};
use crate::config::{Config, Overrides};
use crate::cron::Expression;
use crate::edge::routing::Host;
use postern_abi as abi;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What can be decoded is encoded and decoded to the same bytes again.
fn decodes<'a, T: Deserialize<'a> + Serialize>(bytes: &'a [u8]) {
    let Ok(value) = postcard::from_bytes::<T>(bytes) else {
        return;
    };
    let encoded = postcard::to_allocvec(&value).unwrap();
    assert!(encoded.len() <= bytes.len(), "it grew");
}

#[test]
fn fuzz_abi() {
    drive("abi", |bytes| {
        decodes::<abi::http::RequestLine<'_>>(bytes);
        decodes::<abi::http::Fields<'_>>(bytes);
        decodes::<abi::http::ResponseHead<'_>>(bytes);
        decodes::<abi::http::Exception<'_>>(bytes);
        decodes::<abi::kv::KvGet<'_>>(bytes);
        decodes::<abi::kv::KvPut<'_>>(bytes);
        decodes::<abi::kv::KvList<'_>>(bytes);
        decodes::<abi::kv::KvGetMulti<'_>>(bytes);
        decodes::<abi::fetch::Fetch<'_>>(bytes);
        decodes::<abi::fetch::Caching<'_>>(bytes);
        decodes::<abi::dispatch::Dispatch<'_>>(bytes);
        decodes::<abi::loader::WorkerLoad<'_>>(bytes);
        decodes::<abi::rpc::Entry<'_>>(bytes);
        decodes::<abi::tcp::TcpConnect<'_>>(bytes);
        decodes::<abi::cache::CachePut<'_>>(bytes);
        decodes::<abi::crypto::CryptoCall<'_>>(bytes);
        decodes::<abi::bundle::Bundle<'_>>(bytes);
        decodes::<abi::op::OpError<'_>>(bytes);
    });
}

#[test]
fn fuzz_board() {
    drive("board", |bytes| {
        let text = String::from_utf8_lossy(bytes);
        if let Err(problems) = crate::board::Board::parse("board.toml", &text) {
            assert!(!problems.is_empty(), "refused without a reason");
            for problem in problems {
                assert!(!problem.to_string().is_empty());
            }
        }
    });
}

#[test]
fn fuzz_config() {
    drive("config", |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let read = Config::parse("postern.toml", &text, Path::new("/"), &Overrides::default());
        if let Err(problems) = read {
            assert!(!problems.is_empty(), "refused without a reason");
            for problem in problems {
                assert!(!problem.to_string().is_empty());
            }
        }
    });
}

#[test]
fn fuzz_routing() {
    drive("routing", |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.lines();
        let (pattern, host, path) = (lines.next(), lines.next(), lines.next());
        let path = path.unwrap_or("/");
        let Ok(host) = Host::parse(host.unwrap_or("a.example").as_bytes()) else {
            return;
        };
        // The normal form is one.
        let again = Host::parse(host.to_string().as_bytes()).unwrap();
        assert_eq!(again, host);
        let Ok(pattern) = Pattern::parse(pattern.unwrap_or_default()) else {
            return;
        };
        let asked = Address {
            is_https: false,
            host: host.name(),
            path,
            has_query: path.contains('?'),
        };
        assert_eq!(pattern.matches(&asked), pattern.matches(&asked));
        assert!(pattern.order(&pattern).is_eq());
    });
}

#[test]
fn fuzz_cron() {
    const YEAR_2026_MS: u64 = 1_767_225_600_000;
    drive("cron", |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let Ok(expression) = Expression::parse(&text) else {
            return;
        };
        let mut at = YEAR_2026_MS;
        for _ in 0..5 {
            let Some(next) = expression.next(at) else {
                return;
            };
            assert!(next > at, "{text:?} goes back");
            assert_eq!(next % 60_000, 0, "{text:?} is not at a minute");
            at = next;
        }
    });
}
