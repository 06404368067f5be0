//! Requests and responses.

use crate::number;
use futures_lite::stream;
use postern::*;
use serde_json::json;
use std::time::Duration;

pub async fn route(mut req: Request) -> Result<Response> {
    match req.path() {
        "/echo" => Response::from_byte_stream(req.stream()?),
        "/echo-buffered" => Response::from_bytes(req.bytes().await?),
        "/length" => {
            let (mut stream, mut len) = (req.stream()?, 0);
            while let Some(chunk) = stream.next().await {
                len += chunk?.len();
            }
            Response::ok(len.to_string())
        }
        "/headers" => headers(&req),
        "/status" => {
            let status = number(&req, "code", 200)?;
            Ok(Response::ok("")?.with_status(status))
        }
        "/redirect" => Response::redirect("https://example.com/"),
        "/cookies" => {
            let mut response = Response::ok("two cookies")?;
            response.headers_mut().append("set-cookie", "a=1")?;
            response.headers_mut().append("set-cookie", "b=2")?;
            Ok(response)
        }
        "/stream" => chunks(&req),
        "/big" => Response::from_bytes(vec![b'x'; number(&req, "bytes", 0)?]),
        path => Response::error(format!("the probe has no {path}\n"), 404),
    }
}

/// The request as JSON.
fn headers(req: &Request) -> Result<Response> {
    let fields: Vec<_> = req
        .headers()
        .entries()
        .map(|(name, value)| json!([name, String::from_utf8_lossy(value)]))
        .collect();
    Response::from_json(&json!({
        "method": req.method_name(),
        "url": req.url(),
        "headers": fields,
    }))
}

/// So many chunks of such a size, with a pause before each if asked for; `fail` breaks off
/// before the chunk of that number.
fn chunks(req: &Request) -> Result<Response> {
    let count: u32 = number(req, "chunks", 3)?;
    let size: usize = number(req, "size", 10)?;
    let pause: u64 = number(req, "ms", 0)?;
    let fail: u32 = number(req, "fail", u32::MAX)?;
    let stream = stream::unfold(0, move |at| async move {
        if at == count {
            return None;
        }
        if pause > 0 && Delay::from(Duration::from_millis(pause)).await.is_err() {
            return Some((Err(Error::new("no pause")), count));
        }
        if at == fail {
            return Some((Err(Error::new("broke off as asked")), count));
        }
        Some((Ok(vec![b'a' + (at % 26) as u8; size]), at + 1))
    });
    Response::from_stream(stream)
}
