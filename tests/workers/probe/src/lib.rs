//! Does on request what Workers do, the bad things included. The path chooses; `README.md`
//! beside this lists the routes.

mod harm;
mod http;
mod kv;

use futures_lite::stream;
use postern::*;
use serde_json::json;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

thread_local! {
    /// Requests that this isolate has seen begin, and how many of them returned an error.
    static SEEN: Cell<(u32, u32)> = const { Cell::new((0, 0)) };
}

#[postern::main]
async fn fetch(req: Request, env: Env, ctx: Context) -> Result<Response> {
    let (seen, failed) = SEEN.get();
    SEEN.set((seen + 1, failed));
    let result = route(req, env, ctx).await;
    if result.is_err() {
        let (seen, failed) = SEEN.get();
        SEEN.set((seen, failed + 1));
    }
    result
}

async fn route(req: Request, env: Env, ctx: Context) -> Result<Response> {
    let path = req.path().to_string();
    match path.as_str() {
        "/" => Response::ok("probe\n"),
        "/state" => Response::ok(SEEN.get().0.to_string()),
        "/after-error" => Response::ok(SEEN.get().1.to_string()),
        "/log" => log(&req),
        "/timer" => timer(&req).await,
        "/random" => random(),
        "/now" => Response::ok(Date::now().as_millis().to_string()),
        "/env" => bindings(&req, &env),
        "/wait-until" => wait_until(&req, &env, &ctx),
        path if path.starts_with("/kv") => kv::route(req, env).await,
        _ => match harm::route(&req).await {
            Some(result) => result,
            None => http::route(req).await,
        },
    }
}

/// A number in the query.
fn number<T: std::str::FromStr>(req: &Request, name: &str, default: T) -> Result<T> {
    match req.query_param(name) {
        None => Ok(default),
        Some(text) => text
            .parse()
            .map_err(|_| Error::named("TypeError", format!("{name} is not a number: {text:?}"))),
    }
}

fn log(req: &Request) -> Result<Response> {
    console_debug!("debug");
    console_info!("info");
    console_warn!("warn");
    console_error!("error {}", 1);
    console_log!("{}", "x".repeat(number(req, "bytes", 3)?));
    Response::ok("logged")
}

async fn timer(req: &Request) -> Result<Response> {
    let before = Date::now().as_millis();
    let millis = number(req, "ms", 1)?;
    Delay::from(Duration::from_millis(millis)).await?;
    Response::ok((Date::now().as_millis() - before).to_string())
}

fn random() -> Result<Response> {
    let mut bytes = [0; 16];
    getrandom(&mut bytes);
    Response::ok(bytes.iter().map(|b| format!("{b:02x}")).collect::<String>())
}

fn bindings(req: &Request, env: &Env) -> Result<Response> {
    let Some(name) = req.query_param("name") else {
        return Response::from_json(&json!({ "names": env.names()? }));
    };
    match req.query_param("kind").as_deref() {
        Some("secret") => Response::ok(env.secret(&name)?.to_string()),
        Some("kv") => env.kv(&name).and_then(|_| Response::ok("a KV namespace")),
        _ => Response::ok(env.var(&name)?.to_string()),
    }
}

/// Ends its answer in one of several ways, and writes a key of KV afterwards: when the answer
/// is dropped, some time has passed, and the key `after` exists, if one is named.
fn wait_until(req: &Request, env: &Env, ctx: &Context) -> Result<Response> {
    let kv = env.kv("KV")?;
    let key = req.query_param("key").unwrap_or("wait-until".into());
    let after = req.query_param("after");
    let pause = Duration::from_millis(number(req, "ms", 1)?);
    let answer = Rc::new(());
    let answering = Rc::downgrade(&answer);
    ctx.wait_until(async move {
        let written = async {
            loop {
                Delay::from(pause).await?;
                let may_write = match &after {
                    Some(after) => kv.get(after).bytes().await?.is_some(),
                    None => true,
                };
                if may_write && answering.strong_count() == 0 {
                    break;
                }
            }
            kv.put(&key, "written after the answer")?.execute().await
        };
        if let Err(error) = written.await {
            console_error!("wait-until: {error}");
        }
    });
    match req.query_param("then").as_deref() {
        Some("throw") => Err(Error::named("TypeError", "thrown as asked")),
        Some("stream") => Response::from_stream(stream::unfold(answer, |answer| async {
            let paused = Delay::from(Duration::from_millis(10)).await;
            Some((paused.map(|()| b"more".to_vec()), answer))
        })),
        _ => Response::ok("answered"),
    }
}
