//! A dispatch Worker: the first segment of the path is the name of a user Worker.

use postern::*;

#[postern::main]
async fn fetch(req: Request, env: Env, _ctx: Context) -> Result<Response> {
    let name = req.path().split('/').nth(1).unwrap_or("").to_owned();
    let number = |name: &str| req.query_param(name).and_then(|value| value.parse().ok());
    let options = DispatchOptions {
        cpu_ms: number("cpu_ms"),
        subrequests: number("subrequests"),
        outbound: None,
    };
    let worker = env
        .dynamic_dispatcher("DISPATCHER")?
        .get_with(&name, options);
    match worker.fetch(req).await {
        Err(error) if error.is_worker_not_found() => Response::error("no such Worker\n", 404),
        Err(error) => Response::error(format!("{error}\n"), 500),
        answer => answer,
    }
}
