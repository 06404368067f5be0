//! The least that serves a hello with the daemon's own parts: hyper on smol through
//! smol-hyper, an executor thread a core. `cargo xtask bench` compares the daemon with it.
//!
//! Usage: `bare_hello [THREADS]`. Prints its address when it listens, and runs until it is killed.

use async_executor::Executor;
use async_io::{Async, block_on};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use smol_hyper::rt::{FuturesIo, SmolTimer};
use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// What the hello tenants answer, so that both write as many bytes.
const BODY: &[u8] = b"Hello, World!\n";

fn main() -> io::Result<()> {
    let threads = match std::env::args().nth(1) {
        Some(text) => text.parse().map_err(io::Error::other)?,
        None => std::thread::available_parallelism()?.get(),
    };
    let listener = Async::<TcpListener>::bind((Ipv4Addr::LOCALHOST, 0))?;
    println!("{}", listener.get_ref().local_addr()?);

    let executor = Arc::new(Executor::new());
    for _ in 1..threads {
        let executor = executor.clone();
        std::thread::spawn(move || block_on(executor.run(std::future::pending::<()>())));
    }
    block_on(executor.run(accept(&executor, listener)))
}

async fn accept(executor: &Arc<Executor<'static>>, listener: Async<TcpListener>) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.get_ref().set_nodelay(true)?;
        executor.spawn(connection(stream)).detach();
    }
}

/// With the deadline for heads that any server needs, since a timer a request has its price.
async fn connection(stream: Async<TcpStream>) {
    // A client that goes away in the middle is nobody's failure here.
    let _ = http1::Builder::new()
        .timer(SmolTimer::new())
        .header_read_timeout(Duration::from_secs(10))
        .serve_connection(FuturesIo::new(stream), service_fn(hello))
        .await;
}

async fn hello(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::new(Bytes::from_static(BODY))))
}
