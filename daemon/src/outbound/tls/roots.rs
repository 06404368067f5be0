//! The roots that are believed: read when HTTPS is first asked for, and again when the
//! configuration is.

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, TrustAnchor};
use std::io::Read;
use std::path::{Path, PathBuf};
use webpki::anchor_from_trusted_cert;

/// Where systems have their bundle.
const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
/// Bytes of a file of roots.
const FILE_MAX: u64 = 4 << 20;
/// Roots of all files.
const ROOTS_MAX: usize = 4096;

/// Where roots come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RootSource {
    /// The bundle of the system.
    System,
    /// Those in the binary.
    BuiltIn,
    /// A file of PEM.
    File(PathBuf),
}

/// Roots that are believed.
#[derive(Debug, Default)]
pub struct Roots(Vec<TrustAnchor<'static>>);

impl Roots {
    /// Reads them.
    ///
    /// # Errors
    /// Why there are none, or a file cannot be read.
    pub fn load(sources: &[RootSource]) -> Result<Self, String> {
        let mut roots = Self::default();
        for source in sources {
            match source {
                RootSource::System => {
                    let bundle = BUNDLES.iter().map(Path::new).find(|path| path.is_file());
                    let bundle = bundle.ok_or_else(|| {
                        format!("the system has no bundle at {}", BUNDLES.join(" or "))
                    })?;
                    roots.read(bundle)?;
                }
                RootSource::BuiltIn => roots.built_in()?,
                RootSource::File(path) => roots.read(path)?,
            }
        }
        if roots.0.is_empty() {
            return Err("the configured files hold none".to_owned());
        }
        Ok(roots)
    }

    /// As the checker of chains wants them.
    pub fn anchors(&self) -> &[TrustAnchor<'static>] {
        &self.0
    }

    #[cfg(feature = "built-in-roots")]
    #[allow(clippy::unnecessary_wraps)] // it is not with other features
    fn built_in(&mut self) -> Result<(), String> {
        self.0.extend_from_slice(webpki_roots::TLS_SERVER_ROOTS);
        Ok(())
    }

    #[cfg(not(feature = "built-in-roots"))]
    #[allow(clippy::unused_self)] // it is not with other features
    fn built_in(&mut self) -> Result<(), String> {
        Err("this build has no built-in roots (cargo feature built-in-roots)".to_owned())
    }

    fn read(&mut self, path: &Path) -> Result<(), String> {
        let shown = path.display();
        let mut text = Vec::new();
        std::fs::File::open(path)
            .and_then(|file| file.take(FILE_MAX + 1).read_to_end(&mut text))
            .map_err(|error| format!("{shown} cannot be read: {error}"))?;
        if text.len() as u64 > FILE_MAX {
            return Err(format!(
                "{shown} has more than the limit of {FILE_MAX} bytes"
            ));
        }
        let before = self.0.len();
        for certificate in CertificateDer::pem_slice_iter(&text) {
            let certificate =
                certificate.map_err(|error| format!("{shown} is no PEM: {error:?}"))?;
            // A bundle may hold some of a kind that nobody can use.
            let Ok(anchor) = anchor_from_trusted_cert(&certificate) else {
                log::debug!("a root in {shown} cannot be used");
                continue;
            };
            if self.0.len() >= ROOTS_MAX {
                return Err(format!(
                    "{shown} has too many roots, the limit is {ROOTS_MAX}"
                ));
            }
            self.0.push(anchor.to_owned());
        }
        if self.0.len() == before {
            return Err(format!("{shown} holds no certificate"));
        }
        Ok(())
    }
}
