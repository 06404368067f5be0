//! Dynamic Workers: what the host is told of one (`prelude/loader.js`).

use crate::bytes::Bytes;
use crate::ops::{self, Decode, Decoded};
use crate::subrequest::Asked;
use postern_abi::OpKind;
use postern_abi::bundle::ModuleKind;
use postern_abi::loader::{Given, Outbound, WorkerCode, WorkerLoad};
use rquickjs::{Array, Ctx, Exception, FromJs, Object, Result, Value, function::Func};

/// What is under a name: a value as text, or a service.
enum Item {
    Copied(String),
    Service(Asked),
}

/// `loaderLoad(binding, id, code)`: the promise of a number. `code` is null, or main module, date,
/// flags, names, kinds and bytes of the modules, names and values of `env` (a text, or an array
/// of whom `fetchStart` would ask), the outbound (undefined, null, or such an array), limits, and such
/// arrays of services inside of values and of whose `tail` handlers are told.
fn load<'js>(
    ctx: Ctx<'js>,
    binding: String,
    id: Option<String>,
    code: Option<Array<'js>>,
) -> Result<Value<'js>> {
    let decode: Decode = Box::new(|ctx, payload| {
        let number: u64 = postcard::from_bytes(payload)
            .map_err(|_| Exception::throw_internal(ctx, "the host's answer cannot be decoded"))?;
        Ok(Decoded::Value(Value::new_number(
            ctx.clone(),
            number as f64,
        )))
    });
    let argument = match code {
        None => encoded(
            &ctx,
            &WorkerLoad {
                binding: &binding,
                id: id.as_deref(),
                code: None,
            },
        )?,
        Some(code) => with_code(&ctx, &binding, id.as_deref(), &code)?,
    };
    ops::start(&ctx, OpKind::WorkerLoad as u32, &argument, decode)
}

fn encoded(ctx: &Ctx<'_>, load: &WorkerLoad<'_>) -> Result<Vec<u8>> {
    postcard::to_allocvec(load)
        .map_err(|_| Exception::throw_internal(ctx, "a dynamic Worker cannot be encoded"))
}

fn with_code<'js>(
    ctx: &Ctx<'js>,
    binding: &str,
    id: Option<&str>,
    code: &Array<'js>,
) -> Result<Vec<u8>> {
    let (main, date): (String, String) = (code.get(0)?, code.get(1)?);
    let flags: Vec<String> = code.get(2)?;
    let (names, kinds): (Vec<String>, Vec<u32>) = (code.get(3)?, code.get(4)?);
    let bytes: Array = code.get(5)?;
    let bytes: Vec<Bytes> = bytes.iter().collect::<Result<_>>()?;
    let env_names: Vec<String> = code.get(6)?;
    let values: Array = code.get(7)?;
    let values: Vec<Item> = values
        .iter::<Value>()
        .map(|value| {
            let value = value?;
            Ok(match value.as_array() {
                Some(parts) => Item::Service(Asked::of(ctx, &parts.get(0)?)?),
                None => Item::Copied(String::from_js(ctx, value)?),
            })
        })
        .collect::<Result<_>>()?;
    let outbound: Value = code.get(8)?;
    let through = match outbound.as_array() {
        Some(parts) => Some(Asked::of(ctx, &parts.get(0)?)?),
        None => None,
    };
    let services = |at: usize| -> Result<Vec<Asked>> {
        let list: Array = code.get(at)?;
        list.iter::<Array>()
            .map(|parts| Asked::of(ctx, &parts?.get(0)?))
            .collect()
    };
    let (passed, tails) = (services(11)?, services(12)?);
    let limit = |at: usize| -> Result<Option<u32>> {
        Ok(code.get::<Option<f64>>(at)?.map(|limit| limit as u32))
    };
    let kind = |kind: u32| match kind {
        1 => ModuleKind::CommonJs,
        2 => ModuleKind::Wasm,
        3 => ModuleKind::Text,
        4 => ModuleKind::Data,
        5 => ModuleKind::Json,
        _ => ModuleKind::EsModule,
    };
    let modules = names.iter().zip(kinds).zip(&bytes);
    let code = WorkerCode {
        main: &main,
        compatibility_date: &date,
        flags: flags.iter().map(String::as_str).collect(),
        modules: modules
            .map(|((name, of), bytes)| (name.as_str(), kind(of), &*bytes.0))
            .collect(),
        env: env_names
            .iter()
            .zip(&values)
            .map(|(name, value)| {
                let given = match value {
                    Item::Copied(text) => Given::Copied(text),
                    Item::Service(service) => Given::Service(service.target()),
                };
                (name.as_str(), given)
            })
            .collect(),
        outbound: match &through {
            Some(service) => Outbound::Service(service.target()),
            None if outbound.is_null() => Outbound::Closed,
            None => Outbound::Inherited,
        },
        cpu_ms: limit(9)?,
        subrequests: limit(10)?,
        passed: passed.iter().map(Asked::target).collect(),
        tails: tails.iter().map(Asked::target).collect(),
    };
    encoded(
        ctx,
        &WorkerLoad {
            binding,
            id,
            code: Some(code),
        },
    )
}

/// Adds the function to the natives.
///
/// # Errors
/// When memory is used up.
pub fn install<'js>(_: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("loaderLoad", Func::from(load))
}
