//! The smallest Worker.

use postern::*;

#[postern::main]
async fn fetch(_req: Request, _env: Env, _ctx: Context) -> Result<Response> {
    Response::ok("Hello, World!\n")
}
