//! Sends a request's body to the server that `?at=HOST:PORT` names, by TCP, and answers with what that
//! says. With `&tls=NAME` both are sealed, once the server has proven that name.

use postern::tcp::{Security, Socket};
use postern::*;
use std::rc::Rc;

#[postern::main]
async fn fetch(mut req: Request, _env: Env, ctx: Context) -> Result<Response> {
    let at = req.query_param("at").unwrap_or_default().to_string();
    let name = req.query_param("tls").map(|name| name.to_string());
    let place = at.rsplit_once(':');
    let Some((host, Ok(port))) = place.map(|(host, port)| (host, port.parse())) else {
        return Response::error("say where: ?at=HOST:PORT\n", 400);
    };
    let body = req.bytes().await?;
    let security = match name {
        Some(_) => Security::StartTls,
        None => Security::Off,
    };
    let socket = match Socket::connect(host, port, security).await {
        Ok(socket) => Rc::new(socket),
        Err(error) => return Response::error(format!("{error}\n"), 502),
    };
    if name.is_some()
        && let Err(error) = socket.start_tls(name.as_deref()).await
    {
        return Response::error(format!("{error}\n"), 502);
    }
    // The server may answer before it has read all.
    let writer = socket.clone();
    ctx.wait_until(async move {
        let written = writer.write(&body).await;
        if let Err(error) = written.and(writer.finish().await) {
            console_error!("{error}");
        }
    });
    let mut all = Vec::new();
    while let Some(bytes) = socket.read().await? {
        all.extend_from_slice(&bytes);
    }
    Response::from_bytes(all)
}
