//! What a path means: a file, another path, or nothing (spec: SEMANTICS §13).

use super::config::{HtmlHandling, NotFound};
use super::manifest::{Manifest, PATH_MAX};
use http::StatusCode;

/// What a path means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Intent {
    /// The file at this place of the manifest.
    Serve(usize, StatusCode),
    /// This path, decoded.
    Redirect(String),
}

/// What a decoded path means; `None`: nothing.
pub(super) fn intent(
    manifest: &Manifest,
    path: &str,
    handling: HtmlHandling,
    fallback: NotFound,
) -> Option<Intent> {
    let look = Look { manifest, handling };
    look.at(path, true)
        .or_else(|| not_found(manifest, path, fallback))
}

fn not_found(manifest: &Manifest, path: &str, fallback: NotFound) -> Option<Intent> {
    match fallback {
        NotFound::None => None,
        NotFound::SinglePage => {
            let at = manifest.find("/index.html")?;
            Some(Intent::Serve(at, StatusCode::OK))
        }
        NotFound::Page => {
            let mut folder = path;
            while let Some(at) = folder.rfind('/') {
                folder = &folder[..at];
                // Nothing lies so deep, and there may be thousands of folders.
                if folder.len() > PATH_MAX {
                    continue;
                }
                if let Some(at) = manifest.find(&format!("{folder}/404.html")) {
                    return Some(Intent::Serve(at, StatusCode::NOT_FOUND));
                }
            }
            None
        }
    }
}

struct Look<'a> {
    manifest: &'a Manifest,
    handling: HtmlHandling,
}

impl Look<'_> {
    fn serve(&self, path: &str) -> Option<Intent> {
        self.manifest
            .find(path)
            .map(|at| Intent::Serve(at, StatusCode::OK))
    }

    /// A redirect to `to`, if that is where `file` is served.
    fn send(&self, file: &str, to: &str, may: bool) -> Option<Intent> {
        if !may || self.manifest.find(to).is_some() {
            return None;
        }
        let there = self.at(to, false)?;
        (Some(there) == self.serve(file)).then(|| Intent::Redirect(to.to_owned()))
    }

    /// `redirects`: whether the answer may be one.
    fn at(&self, path: &str, redirects: bool) -> Option<Intent> {
        match self.handling {
            HtmlHandling::None => self.serve(path),
            HtmlHandling::Auto => self.auto(path, redirects),
            HtmlHandling::Force => self.force(path, redirects),
            HtmlHandling::Drop => self.drop(path, redirects),
        }
    }

    fn auto(&self, path: &str, may: bool) -> Option<Intent> {
        let send = |file: String, to: String| self.send(&file, &to, may);
        if let Some(folder) = path.strip_suffix("/index") {
            if let Some(exact) = self.serve(path) {
                return Some(exact);
            }
            let sent = send(format!("{path}.html"), format!("{folder}/"))
                .or_else(|| send(format!("{folder}.html"), folder.to_owned()));
            if sent.is_some() {
                return sent;
            }
        } else if let Some(folder) = path.strip_suffix("/index.html") {
            let sent = send(path.to_owned(), format!("{folder}/"))
                .or_else(|| send(format!("{folder}.html"), folder.to_owned()));
            if sent.is_some() {
                return sent;
            }
        } else if let Some(file) = path.strip_suffix('/') {
            let found = self
                .serve(&format!("{path}index.html"))
                .or_else(|| send(format!("{file}.html"), file.to_owned()));
            if found.is_some() {
                return found;
            }
        } else if let Some(file) = path.strip_suffix(".html") {
            let sent = send(path.to_owned(), file.to_owned())
                .or_else(|| send(format!("{file}/index.html"), format!("{file}/")));
            if sent.is_some() {
                return sent;
            }
        }
        self.serve(path)
            .or_else(|| self.serve(&format!("{path}.html")))
            .or_else(|| send(format!("{path}/index.html"), format!("{path}/")))
    }

    fn force(&self, path: &str, may: bool) -> Option<Intent> {
        let send = |file: String, to: String| self.send(&file, &to, may);
        if let Some(folder) = path.strip_suffix("/index") {
            if let Some(exact) = self.serve(path) {
                return Some(exact);
            }
            let to = format!("{folder}/");
            let sent = send(format!("{path}.html"), to.clone())
                .or_else(|| send(format!("{folder}.html"), to));
            if sent.is_some() {
                return sent;
            }
        } else if let Some(folder) = path.strip_suffix("/index.html") {
            let to = format!("{folder}/");
            let sent =
                send(path.to_owned(), to.clone()).or_else(|| send(format!("{folder}.html"), to));
            if sent.is_some() {
                return sent;
            }
        } else if let Some(file) = path.strip_suffix('/') {
            let found = self
                .serve(&format!("{path}index.html"))
                .or_else(|| self.serve(&format!("{file}.html")));
            if found.is_some() {
                return found;
            }
        } else if let Some(file) = path.strip_suffix(".html") {
            let sent = send(path.to_owned(), format!("{file}/"))
                .or_else(|| self.serve(path))
                .or_else(|| send(format!("{file}/index.html"), format!("{file}/")));
            if sent.is_some() {
                return sent;
            }
        }
        self.serve(path)
            .or_else(|| send(format!("{path}.html"), format!("{path}/")))
            .or_else(|| send(format!("{path}/index.html"), format!("{path}/")))
    }

    fn drop(&self, path: &str, may: bool) -> Option<Intent> {
        let send = |file: String, to: &str| self.send(&file, to, may);
        if let Some(folder) = path.strip_suffix("/index") {
            if let Some(exact) = self.serve(path) {
                return Some(exact);
            }
            let sent = if folder.is_empty() {
                send("/index.html".to_owned(), "/")
            } else {
                send(format!("{folder}.html"), folder)
                    .or_else(|| send(format!("{path}.html"), folder))
            };
            if sent.is_some() {
                return sent;
            }
        } else if let Some(folder) = path.strip_suffix("/index.html") {
            let sent = if folder.is_empty() {
                send(path.to_owned(), "/")
            } else {
                send(path.to_owned(), folder)
                    .or_else(|| self.serve(path))
                    .or_else(|| send(format!("{folder}.html"), folder))
            };
            if sent.is_some() {
                return sent;
            }
        } else if let Some(file) = path.strip_suffix('/') {
            let found = if file.is_empty() {
                self.serve("/index.html")
            } else {
                send(format!("{file}.html"), file)
                    .or_else(|| send(format!("{file}/index.html"), file))
            };
            if found.is_some() {
                return found;
            }
        } else if let Some(file) = path.strip_suffix(".html") {
            let sent =
                send(path.to_owned(), file).or_else(|| send(format!("{file}/index.html"), file));
            if sent.is_some() {
                return sent;
            }
        }
        self.serve(path)
            .or_else(|| self.serve(&format!("{path}.html")))
            .or_else(|| self.serve(&format!("{path}/index.html")))
    }
}
