//! What is a secret in a trace, and how it is taken out: each of its bytes is replaced, so that everything
//! stays where it is. A guest that looks at it goes another way than it went; whoever runs the record is
//! told that something was replaced.

use crate::engine::replay::entry::{Answer, Places};
use crate::engine::replay::{Entries, Entry, Import};
use crate::observe::{is_secret_header, secrets_of_url};
use postern_abi::fetch::Fetched;
use postern_abi::http::{Fields, RequestLine};
use postern_abi::op::EnvValue;
use postern_abi::{EventKind, OpKind, SyncOp, rpc};
use std::collections::{BTreeSet, HashMap};

/// Secrets of one trace; one with more is not kept.
const SECRETS_MAX: usize = 256;
/// Bytes from which on a secret is looked for wherever it may be, and not only where it was found.
const SOUGHT_MIN: usize = 6;

/// Replaces secrets, and gives how many bytes that were. Values of secret bindings are secrets always; with
/// `all`, header fields and parts of URLs too that logs do not show.
pub(super) fn redact(trace: &mut [u8], all: bool) -> Result<u64, String> {
    let told = |error: crate::engine::replay::ReplayError| error.to_string();
    let places = Places::of(trace).map_err(told)?;
    let secrets = found(trace, all).map_err(told)?;
    if secrets.len() > SECRETS_MAX {
        return Err(format!(
            "it has {} secrets, the limit is {SECRETS_MAX}",
            secrets.len()
        ));
    }
    let mut replaced = 0;
    for place in &places.told {
        let bytes = &mut trace[place.clone()];
        for secret in &secrets {
            replaced += replace(bytes, secret);
        }
    }
    if replaced > 0 {
        // Arguments of calls may hold what was replaced, and a sum tells of it.
        for at in places.digests {
            trace[at..at + 4].fill(0);
        }
    }
    Ok(replaced)
}

fn replace(bytes: &mut [u8], secret: &[u8]) -> u64 {
    let mut replaced = 0;
    let mut at = 0;
    while let Some(found) = bytes[at..]
        .windows(secret.len())
        .position(|it| it == secret)
    {
        let place = at + found..at + found + secret.len();
        for byte in &mut bytes[place.clone()] {
            // What separates stays, so that it is still read as what it is.
            if !byte.is_ascii_punctuation() && *byte != b' ' && *byte != b'x' {
                *byte = b'x';
                replaced += 1;
            }
        }
        at = place.end;
    }
    replaced
}

/// A secret, and the parts of it that are secrets too.
fn add(secrets: &mut BTreeSet<Vec<u8>>, secret: &[u8]) {
    if secret.is_empty() {
        return;
    }
    secrets.insert(secret.to_vec());
    let parts = secret.split(|byte| matches!(byte, b' ' | b';' | b'=' | b',' | b'"'));
    for part in parts.filter(|part| part.len() >= SOUGHT_MIN) {
        secrets.insert(part.to_vec());
    }
}

fn fields(secrets: &mut BTreeSet<Vec<u8>>, fields: &Fields<'_>) {
    for (name, value) in &fields.0 {
        if is_secret_header(name) {
            add(secrets, value);
        }
    }
}

fn request(secrets: &mut BTreeSet<Vec<u8>>, payload: &[u8]) {
    let Ok((line, rest)) = postcard::take_from_bytes::<RequestLine<'_>>(payload) else {
        return;
    };
    for secret in secrets_of_url(line.url) {
        add(secrets, secret.as_bytes());
    }
    if let Ok(all) = postcard::from_bytes::<Fields<'_>>(rest) {
        fields(secrets, &all);
    }
}

/// The longest first: what is a part of another goes with it.
fn found(trace: &[u8], all: bool) -> Result<Vec<Vec<u8>>, crate::engine::replay::ReplayError> {
    let mut secrets = BTreeSet::new();
    let mut kinds = HashMap::new();
    for entry in Entries::new(trace, 0) {
        match entry? {
            Entry::Call {
                import: Import::OpStart,
                first: [op, kind],
                ..
            } => {
                kinds.insert(op, kind);
            }
            Entry::Call {
                import: Import::OpSync,
                first: [kind, _],
                answer: Answer::Value(_, written),
                ..
            } if kind == SyncOp::EnvGet as u32 => {
                if let Ok(EnvValue::Secret(text)) = postcard::from_bytes(written) {
                    // Not its parts: a secret of words is no secret word by word.
                    secrets.insert(text.as_bytes().to_vec());
                }
            }
            Entry::Event {
                kind, id, payload, ..
            } if all => match EventKind::from_u32(kind) {
                Some(EventKind::Request | EventKind::Handle) => request(&mut secrets, payload),
                Some(EventKind::Enter) => {
                    if let Ok((_, rest)) = postcard::take_from_bytes::<rpc::Entry<'_>>(payload) {
                        request(&mut secrets, rest);
                    }
                }
                Some(EventKind::OpDone) => {
                    let kind = kinds.get(&id).copied().and_then(OpKind::from_u32);
                    if matches!(kind, Some(OpKind::Fetch | OpKind::FetchCached))
                        && let Ok((fetched, _)) = postcard::take_from_bytes::<Fetched<'_>>(payload)
                    {
                        fields(&mut secrets, &fetched.headers);
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }
    secrets.remove(&b""[..]);
    let mut secrets: Vec<_> = secrets.into_iter().collect();
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    Ok(secrets)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn traced(fetched: &Fetched<'_>) -> Vec<u8> {
        let mut trace = Vec::new();
        let secret = postcard::to_allocvec(&EnvValue::Secret("pass")).unwrap();
        let call = |import, first, written| Entry::Call {
            import,
            first,
            fuel: 1,
            digest: 7,
            answer: Answer::Value(0, written),
        };
        call(Import::OpSync, [SyncOp::EnvGet as u32, 0], &secret).write(&mut trace);
        call(Import::OpStart, [5, OpKind::Fetch as u32], &[]).write(&mut trace);
        let mut payload = postcard::to_allocvec(fetched).unwrap();
        payload.extend_from_slice(b"pass, and session-0123456");
        Entry::Event {
            request: 1,
            kind: EventKind::OpDone as u32,
            id: 5,
            payload: &payload,
        }
        .write(&mut trace);
        trace
    }

    #[test]
    fn secrets_are_replaced_wherever_they_are() {
        let fetched = Fetched {
            status: 200,
            status_text: "",
            headers: Fields(vec![("set-cookie", b"id=session-0123456; path=/")]),
            url: "",
            body: postern_abi::fetch::FetchedBody::Whole,
        };
        let before = traced(&fetched);
        let mut trace = before.clone();
        assert!(redact(&mut trace, true).unwrap() > 20);
        assert_eq!(trace.len(), before.len());
        let text = String::from_utf8_lossy(&trace);
        assert!(
            !text.contains("pass") && !text.contains("0123456"),
            "{text}"
        );
        let digests = Entries::new(&trace, 0).filter_map(|it| match it.unwrap() {
            Entry::Call { digest, .. } => Some(digest),
            _ => None,
        });
        assert_eq!(digests.collect::<Vec<_>>(), [0, 0]);
        // Fields stay where the operator says so; what is bound as a secret does not.
        let mut trace = before.clone();
        assert_eq!(redact(&mut trace, false).unwrap(), 8);
        assert!(String::from_utf8_lossy(&trace).contains("session-0123456"));
    }

    #[test]
    fn what_has_no_secret_stays_as_it_is() {
        let mut trace = Vec::new();
        Entry::Event {
            request: 1,
            kind: EventKind::Request as u32,
            id: 1,
            payload: b"nonsense",
        }
        .write(&mut trace);
        let before = trace.clone();
        assert_eq!(redact(&mut trace, true).unwrap(), 0);
        assert_eq!(trace, before);
        assert!(redact(&mut [9, 9], true).is_err());
    }
}
