//! What `node:crypto` does besides Web Crypto: the same calls, whose results are waited for.

use super::{ASK, Arguments, Handle, Then, ask};
use postern_abi::SyncOp;
use postern_abi::crypto::CryptoCall;
use rquickjs::function::{Func, Rest};
use rquickjs::{Ctx, Object, Result, Value};

/// Restores how the host is asked.
struct Before(SyncOp);

impl Drop for Before {
    fn drop(&mut self) {
        ASK.set(self.0);
    }
}

/// Calls a native so that it gives its result and no promise.
fn now<'js>(
    native: impl Fn(Ctx<'js>, Rest<Value<'js>>) -> Result<Value<'js>>,
    ctx: Ctx<'js>,
    arguments: Rest<Value<'js>>,
) -> Result<Value<'js>> {
    let _before = Before(ASK.replace(SyncOp::CryptoWait));
    native(ctx, arguments)
}

/// `cryptoPublic(key)`: the public half.
fn public<'js>(ctx: Ctx<'js>, arguments: Rest<Value<'js>>) -> Result<Value<'js>> {
    let it = Arguments(arguments.0);
    let handle = Handle::new();
    let call = CryptoCall::Public {
        id: handle.0,
        key: it.handle(0),
    };
    ask(&ctx, &call, None, 64, Then::Key(handle, None))
}

/// `cryptoSame(key, other)`.
fn same<'js>(ctx: Ctx<'js>, arguments: Rest<Value<'js>>) -> Result<Value<'js>> {
    let it = Arguments(arguments.0);
    let call = CryptoCall::Same {
        key: it.handle(0),
        other: it.handle(1),
    };
    ask(&ctx, &call, None, 16, Then::Truth)
}

/// `cryptoPower(key, modulus, base)`.
fn power<'js>(ctx: Ctx<'js>, arguments: Rest<Value<'js>>) -> Result<Value<'js>> {
    let it = Arguments(arguments.0);
    let modulus = it.bytes(&ctx, 1)?;
    let call = CryptoCall::Power {
        key: it.handle(0),
        modulus: &modulus,
    };
    ask(&ctx, &call, it.value(2), modulus.len() + 64, Then::Bytes)
}

/// Adds them to the natives.
pub fn install<'js>(native: &Object<'js>) -> Result<()> {
    native.set("cryptoPublic", Func::from(public))?;
    native.set("cryptoSame", Func::from(same))?;
    macro_rules! waiting {
        ($($name:literal => $native:path),* $(,)?) => {
            $(native.set($name, Func::from(|ctx: Ctx<'js>, arguments: Rest<Value<'js>>| {
                now($native, ctx, arguments)
            }))?;)*
        };
    }
    waiting! {
        "cryptoImportNow" => super::import,
        "cryptoImportRsaNow" => super::import_rsa,
        "cryptoImportEcNow" => super::import_ec,
        "cryptoExportNow" => super::export,
        "cryptoGenerateNow" => super::generate,
        "cryptoSignNow" => super::sign,
        "cryptoVerifyNow" => super::verify,
        "cryptoCipherNow" => super::cipher,
        "cryptoDeriveNow" => super::derive,
        "cryptoPowerNow" => power,
    }
    Ok(())
}
