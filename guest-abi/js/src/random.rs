//! Randomness: the host's, for keys, and a stretched seed of it for `Math.random`.

use crate::host;
use rquickjs::{Ctx, Object, Result, Value, function::Func};
use std::cell::Cell;

/// Random bytes that the host gives in one call.
const RANDOM_MAX: usize = 65_536;

thread_local! {
    /// Of xoroshiro128+; zero until it was seeded. A snapshot is taken before that, so isolates
    /// differ.
    static STATE: Cell<[u64; 2]> = const { Cell::new([0; 2]) };
}

fn next() -> f64 {
    let mut state = STATE.get();
    if state == [0; 2] {
        let mut seed = [0; 16];
        host::random(&mut seed);
        let (a, b) = seed.split_at(8);
        let number = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().unwrap_or_default());
        state = [number(a) | 1, number(b)];
    }
    let [a, b] = state;
    let sum = a.wrapping_add(b);
    let mixed = a ^ b;
    STATE.set([
        a.rotate_left(24) ^ mixed ^ (mixed << 16),
        mixed.rotate_left(37),
    ]);
    (sum >> 11) as f64 / (1_u64 << 53) as f64
}

/// Adds the functions on randomness to the natives.
pub fn install<'js>(_: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("random", Func::from(next))?;
    // `randomBytes(length)`: a Uint8Array.
    native.set(
        "randomBytes",
        Func::from(|ctx: Ctx<'js>, length: u32| -> Result<Value<'js>> {
            let mut bytes = vec![0; (length as usize).min(RANDOM_MAX)];
            host::random(&mut bytes);
            crate::bytes::array(&ctx, bytes)
        }),
    )?;
    // `randomFill(view)`: writes random bytes over all that it views.
    native.set(
        "randomFill",
        Func::from(|ctx: Ctx<'js>, view: Value<'js>| {
            crate::bytes::with_mut(&ctx, &view, |bytes| {
                bytes.chunks_mut(RANDOM_MAX).for_each(host::random);
            })
        }),
    )?;
    native.set("now", Func::from(|| host::now() as f64))
}
