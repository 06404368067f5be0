//! Delivery of bundles in a running daemon: what it is told by the configuration, and the way to servers
//! that bundles are pulled from.

use super::ServeError;
use super::courier::Courier;
use super::memory::Memory;
use super::rooms::room;
use crate::catalog::Catalog;
use crate::config::Config;
use crate::delivery::{Delivery, DeliveryOptions, Fetch, Fetched, Fetching, Source};
use crate::firmware::minisign::PublicKey;
use crate::logpush::Destination;
use crate::manage::Manage;
use async_executor::Executor;
use http::{Method, header};
use smol::Task;
use std::sync::Arc;
use std::time::Duration;

/// Answers on the way to a bundle that lead elsewhere.
const REDIRECTS_MAX: usize = 4;

/// Has bundles come by the ways that the configuration names; what goes on for as long as the daemon runs.
pub(super) fn begin(
    config: &Config,
    catalog: &Arc<Catalog>,
    manage: &Manage,
    courier: &Arc<Courier>,
    memory: &Memory,
    executor: &Executor<'static>,
) -> Result<Vec<Task<()>>, ServeError> {
    let options = options(config, memory);
    let sources = options.sources.clone();
    let delivery = Delivery::open(catalog.clone(), options).map_err(room("delivery"))?;
    manage.with_delivery(delivery.clone());
    let mut going = vec![executor.spawn(delivery.clone().watch_folder())];
    let fetch: Arc<dyn Fetch> = Arc::new(Shop(courier.clone()));
    for source in sources {
        going.push(executor.spawn(delivery.clone().pull(source, fetch.clone())));
    }
    Ok(going)
}

fn options(config: &Config, memory: &Memory) -> DeliveryOptions {
    let bundles = &config.bundles;
    // Checked when the configuration was.
    let roots = bundles.root_keys.iter();
    let roots = roots.filter_map(|key| PublicKey::parse(key).ok());
    let folder = bundles.folder.clone();
    let sources = bundles.pull.iter().map(|pull| Source {
        url: pull.url.clone(),
        interval: Duration::from_secs(pull.interval_s),
    });
    DeliveryOptions {
        device: bundles.device.clone().unwrap_or_else(|| {
            let system = rustix::system::uname();
            system.nodename().to_string_lossy().into_owned()
        }),
        roots: roots.collect(),
        bytes_max: bundles.max_bytes,
        in_memory_max: config.manage.upload_bytes,
        memory: memory.management.clone(),
        dir: config.data_dir.clone(),
        folder: folder.map(|it| (it, Duration::from_secs(bundles.folder_interval_s))),
        sources: sources.collect(),
    }
}

/// Who fetches.
struct Shop(Arc<Courier>);

impl Fetch for Shop {
    fn get<'a>(&'a self, url: &'a str, fields: Vec<(&'static str, String)>) -> Fetching<'a> {
        Box::pin(async move {
            let mut url = url.to_owned();
            for _ in 0..=REDIRECTS_MAX {
                let mut to = Destination::parse(&url).map_err(|error| error.to_string())?;
                let fields = fields.iter();
                to.headers
                    .extend(fields.map(|(name, value)| ((*name).to_owned(), value.clone())));
                let answer = self.0.ask(&to, Method::GET, Vec::new(), None).await?;
                let field = |name| {
                    let value = answer.headers().get(name)?;
                    Some(value.to_str().ok()?.to_owned())
                };
                if !matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                    return Ok(Fetched {
                        status: answer.status().as_u16(),
                        etag: field(header::ETAG),
                        len: field(header::CONTENT_LENGTH).and_then(|len| len.parse().ok()),
                        body: answer.into_body(),
                    });
                }
                let next = field(header::LOCATION).unwrap_or_default();
                url = led(&url, &next)?;
            }
            Err(format!(
                "more than {REDIRECTS_MAX} redirects; name the bundle's own URL"
            ))
        })
    }
}

/// Where a redirect leads from a URL: never from a server that proves who it is to one that does not.
fn led(from: &str, to: &str) -> Result<String, String> {
    if to.starts_with("https://") || to.starts_with("http://") && from.starts_with("http://") {
        return Ok(to.to_owned());
    }
    let origin = from.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    match to.starts_with('/') && !to.starts_with("//") {
        true => Ok(format!("{origin}{to}")),
        false => Err(format!(
            "a redirect leads to `{}`, where bundles are not pulled from; name the bundle's own URL",
            to.chars().take(80).collect::<String>().escape_debug()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::led;

    #[test]
    fn a_redirect_never_leaves_what_is_sealed() {
        let check = |from: &str, to: &str, expect: Option<&str>| {
            assert_eq!(led(from, to).ok().as_deref(), expect, "{from} to {to}");
        };
        let from = "https://u.example:8443/a/b?c";
        check(from, "/d?e", Some("https://u.example:8443/d?e"));
        check(from, "https://v.example/", Some("https://v.example/"));
        check(from, "http://u.example/", None);
        check(from, "//v.example/", None);
        check(from, "d", None);
        check(from, "", None);
        check(
            "http://127.0.0.1:1/a",
            "http://127.0.0.1:2/",
            Some("http://127.0.0.1:2/"),
        );
        check("https://u.example", "/d", Some("https://u.example/d"));
    }
}
