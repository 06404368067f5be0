//! Known answers, round trips and hostile arguments.
#![allow(clippy::unwrap_used)]

mod hostile;
mod known;

use crate::{Keys, Task};
use postern_abi::crypto::{CryptoCall, CryptoStatus, KeySource};

/// Does a call; its status and what it gave.
fn call(keys: &mut Keys, call: &CryptoCall<'_>, data: &[u8]) -> (CryptoStatus, Vec<u8>) {
    let mut argument = postcard::to_allocvec(call).unwrap();
    argument.extend_from_slice(data);
    let mut result = Vec::new();
    Task::read(keys, &argument)
        .unwrap()
        .run_in(keys, &mut result);
    let status = CryptoStatus::from_u8(result.pop().unwrap());
    (status, result)
}

/// Does what must succeed.
fn done(keys: &mut Keys, one: &CryptoCall<'_>, data: &[u8]) -> Vec<u8> {
    let (status, result) = call(keys, one, data);
    assert_eq!(status, CryptoStatus::Done, "{one:?}");
    result
}

fn price(keys: &Keys, call: &CryptoCall<'_>, data: &[u8]) -> u64 {
    let mut argument = postcard::to_allocvec(call).unwrap();
    argument.extend_from_slice(data);
    Task::read(keys, &argument).unwrap().price()
}

fn import(keys: &mut Keys, id: u32, source: KeySource<'_>, data: &[u8]) {
    done(keys, &CryptoCall::Import { id, source }, data);
}

fn secret(keys: &mut Keys, id: u32, bytes: &[u8]) {
    import(keys, id, KeySource::Secret, bytes);
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| (byte as char).to_digit(16).unwrap() as u8)
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}
