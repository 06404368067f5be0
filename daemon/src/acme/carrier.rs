//! Requests to the authority's server and no other, over the daemon's own way out, with answers of a bounded size.

use crate::outbound::{Origin, Outbound, SendBody, Tenant};
use bytes::Bytes;
use futures_lite::StreamExt;
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt, Full};
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use std::future::Future;
use std::pin::Pin;

/// Bytes of an answer.
const ANSWER_MAX: usize = 256 << 10;

/// The way to an authority's server.
#[derive(Clone)]
pub struct Carrier {
    outbound: Outbound,
    tenant: Tenant,
    origin: Origin,
}

impl Carrier {
    /// To the server of a URL, which must be one of https; `None` if it is none.
    pub fn new(outbound: Outbound, directory: &str) -> Option<Self> {
        Some(Self {
            tenant: outbound.tenant("", "acme"),
            outbound,
            origin: origin(&directory.parse().ok()?)?,
        })
    }

    async fn send(self, request: Request<BodyWrapper<Bytes>>) -> Result<BytesResponse, Error> {
        let (mut head, body) = request.into_parts();
        if origin(&head.uri).as_ref() != Some(&self.origin) {
            return Err(failed(format!(
                "its answer leads to {:.200}, which is another server than the directory's, {}:{}; it is not asked",
                head.uri, self.origin.host, self.origin.port
            )));
        }
        // Its bodies cannot fail.
        let body = body.collect().await.map(|it| it.to_bytes());
        let body = body.unwrap_or_default();
        let authority = head.uri.authority().map_or("", |it| it.as_str());
        let host = HeaderValue::from_str(authority).map_err(|error| failed(error.to_string()))?;
        head.headers.insert(header::HOST, host);
        let target = head.uri.path_and_query().map_or("/", |it| it.as_str());
        head.uri = target.parse()?;
        let body = match body.is_empty() {
            true => SendBody::Empty,
            false => SendBody::Whole(body),
        };
        let request = Request::from_parts(head, body);
        let answer = self.outbound.send(&self.tenant, &self.origin, request);
        let answer = answer.await.map_err(|error| failed(error.to_string()))?;
        if answer.status().is_redirection() {
            return Err(failed(format!(
                "its server redirects ({}), which is not followed; `edge.tls.acme.directory` must be the directory's own URL",
                answer.status()
            )));
        }
        let (head, mut body) = answer.into_parts();
        let mut all = Vec::new();
        while let Some(part) = body.next().await {
            let part = part.map_err(|error| failed(error.to_string()))?;
            if all.len() + part.len() > ANSWER_MAX {
                return Err(failed(format!(
                    "its server's answer has more than {ANSWER_MAX} bytes, the limit"
                )));
            }
            all.extend_from_slice(&part);
        }
        Ok(Response::from_parts(head, Full::new(Bytes::from(all))).into())
    }
}

impl HttpClient for Carrier {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        Box::pin(self.clone().send(request))
    }
}

fn failed(what: String) -> Error {
    Error::Other(what.into())
}

/// The server of a URL of https.
fn origin(uri: &Uri) -> Option<Origin> {
    let authority = uri
        .authority()
        .filter(|it| !it.as_str().contains('@') && !it.host().is_empty())?;
    (uri.scheme_str() == Some("https")).then(|| Origin {
        host: authority
            .host()
            .trim_matches(['[', ']'])
            .to_ascii_lowercase(),
        port: authority.port_u16().unwrap_or(443),
        is_tls: true,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_server_is_its_name_and_port_by_https() {
        let of = |text: &str| origin(&text.parse().unwrap()).map(|it| (it.host, it.port));
        let told = |host: &str, port| Some((host.to_owned(), port));
        assert_eq!(of("https://CA.test/dir"), told("ca.test", 443));
        assert_eq!(of("https://ca.test:14000/dir"), told("ca.test", 14_000));
        assert_eq!(of("https://[::1]:14000/dir"), told("::1", 14_000));
        for other in ["http://ca.test/dir", "https://u@ca.test/", "/dir"] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
