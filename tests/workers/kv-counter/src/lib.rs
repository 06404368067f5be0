//! Counts visits in KV, a counter a path.

use postern::*;

#[postern::main]
async fn fetch(req: Request, env: Env, _ctx: Context) -> Result<Response> {
    let counts = env.kv("COUNTS")?;
    let key = req.path();
    let before: u64 = match counts.get(key).text().await? {
        Some(text) => text.parse()?,
        None => 0,
    };
    // Two visits at the same moment may count as one: KV has no increment.
    let now = before + 1;
    counts.put(key, &now.to_string())?.execute().await?;
    Response::ok(format!("{key} was visited {now} times\n"))
}
