//! Whom to believe: a server's chain of certificates, its name, its time, and what its key is
//! for. One verdict, whichever library speaks TLS.

use super::algorithms;
use super::roots::Roots;
use postern_crypto::signatures::{self, DIGITAL_SIGNATURE, KEY_CERT_SIGN};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::time::{Duration, SystemTime};
use webpki::{EndEntityCert, Error, KeyUsage, VerifiedPath};

/// The clock cannot be right before this: 1 January 2026.
const CLOCK_MIN: u64 = 1_767_225_600;
/// Certificates of a chain, the server's own included.
const CHAIN_MAX: usize = 10;
/// Names of a certificate that a message tells.
const NAMES_SHOWN: usize = 4;

/// Why a server is not believed. What is shown says what is wrong and what helps.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// Without the time no certificate can be judged.
    #[error(
        "this device's clock is not set (it says {0} s since 1970), so no certificate can be checked; set it, for instance with NTP"
    )]
    ClockNotSet(u64),
    /// There is nobody to believe.
    #[error(
        "there are no root certificates to check its certificate with: {0}; install the system's bundle (ca-certificates) or set outbound.tls.roots"
    )]
    NoRoots(String),
    /// It was valid once.
    #[error(
        "its certificate expired {0} s ago; its operator has to renew it, if this device's clock is right"
    )]
    Expired(u64),
    /// It will be.
    #[error("its certificate is valid only in {0} s; check this device's clock")]
    NotYet(u64),
    /// It is another's.
    #[error(
        "its certificate is for another host ({0}); ask by a name that it is for, or have it issued for this one"
    )]
    WrongName(String),
    /// It has signed itself, and is not one of the roots.
    #[error(
        "its certificate is self-signed; if that is meant to be so, add it to outbound.tls.roots"
    )]
    SelfSigned,
    /// Nobody knows who has signed it.
    #[error(
        "its certificate is signed by an authority that is not among the trusted roots, or an intermediate certificate is missing; its operator has to send the whole chain, or add the root to outbound.tls.roots"
    )]
    UnknownIssuer,
    /// A certificate that may not has signed another.
    #[error("its certificate is signed by one that is not an authority's; do not trust it")]
    LeafAsIssuer,
    /// An authority's certificate is used by a server.
    #[error(
        "its certificate is an authority's and not a server's; its operator has to issue one for the server (CA:FALSE)"
    )]
    AuthorityAsServer,
    /// Its key is for something else.
    #[error(
        "its certificate is not for servers ({0}); its operator has to have one issued that is (extendedKeyUsage serverAuth)"
    )]
    WrongUse(&'static str),
    /// A signature does not fit.
    #[error("a signature {0} is wrong; somebody may be between this device and the server")]
    Signature(&'static str),
    /// It cannot be read, or not judged.
    #[error("its certificate cannot be checked ({0}); its operator has to have another one issued")]
    Other(String),
}

/// What is believed, and since when it is now.
#[derive(Clone)]
pub struct Trust {
    roots: Result<std::sync::Arc<Roots>, String>,
    now: fn() -> SystemTime,
}

impl Trust {
    /// Believes in these roots.
    pub fn new(roots: Result<std::sync::Arc<Roots>, String>, now: fn() -> SystemTime) -> Self {
        Self { roots, now }
    }

    /// Whether anything can be judged at all: asked before a connection is made.
    pub fn ready(&self) -> Result<(), Distrust> {
        self.time()?;
        match &self.roots {
            Ok(_) => Ok(()),
            Err(why) => Err(Distrust::NoRoots(why.clone())),
        }
    }

    fn time(&self) -> Result<UnixTime, Distrust> {
        let since = (self.now)()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        if since.as_secs() < CLOCK_MIN {
            return Err(Distrust::ClockNotSet(since.as_secs()));
        }
        Ok(UnixTime::since_unix_epoch(since))
    }

    /// Judges a server's certificate, with those that it sent to lead to a root.
    pub fn judge(
        &self,
        host: &ServerName<'_>,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
    ) -> Result<(), Distrust> {
        let time = self.time()?;
        let roots = self.roots.as_ref();
        let roots = roots.map_err(|why| Distrust::NoRoots(why.clone()))?;
        if others.len() >= CHAIN_MAX {
            let len = others.len() + 1;
            return Err(Distrust::Other(format!(
                "the chain has {len} certificates, the limit is {CHAIN_MAX}"
            )));
        }
        let certificate = EndEntityCert::try_from(own).map_err(|error| distrust(&error))?;
        let said = signatures::certificate(own)
            .ok_or_else(|| Distrust::Other("it cannot be read".to_owned()))?;
        let path = certificate.verify_for_usage(
            algorithms::ALL,
            roots.anchors(),
            others,
            time,
            KeyUsage::server_auth(),
            None,
            Some(&may_sign),
        );
        path.map_err(|error| match error {
            Error::UnknownIssuer if said.is_own_issuer => Distrust::SelfSigned,
            other => distrust(&other),
        })?;
        if said
            .key_usage
            .is_some_and(|uses| uses & DIGITAL_SIGNATURE == 0)
        {
            return Err(Distrust::WrongUse("keyUsage is without digitalSignature"));
        }
        certificate
            .verify_is_valid_for_subject_name(host)
            .map_err(|error| distrust(&error))
    }

    /// Judges the signature under a handshake of TLS 1.3, by the number of its scheme.
    pub fn signature(
        own: &CertificateDer<'_>,
        scheme: u16,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Distrust> {
        let algorithm = algorithms::of_handshake(scheme)
            .ok_or_else(|| Distrust::Other(format!("it signs with scheme {scheme:#06x}")))?;
        EndEntityCert::try_from(own)
            .and_then(|own| own.verify_signature(algorithm, message, signature))
            .map_err(|_| Distrust::Signature("of the handshake"))
    }

    /// Judges the signature under a handshake of TLS 1.2.
    #[cfg(feature = "rustls-outbound")]
    pub fn old_signature(
        own: &CertificateDer<'_>,
        scheme: u16,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Distrust> {
        let own = EndEntityCert::try_from(own).map_err(|error| distrust(&error))?;
        let fits = |algorithm: &&dyn rustls_pki_types::SignatureVerificationAlgorithm| {
            own.verify_signature(*algorithm, message, signature).is_ok()
        };
        if algorithms::of_old_handshake(scheme).iter().any(fits) {
            return Ok(());
        }
        Err(Distrust::Signature("of the handshake"))
    }
}

/// Whether those between the server and the root may sign certificates, by what their keys are
/// said to be for; the rest of a path was checked before.
fn may_sign(path: &VerifiedPath<'_>) -> Result<(), Error> {
    let all = path.intermediate_certificates().all(|one| {
        signatures::certificate(&one.der())
            .is_some_and(|it| it.key_usage.is_none_or(|uses| uses & KEY_CERT_SIGN != 0))
    });
    if all {
        Ok(())
    } else {
        Err(Error::EndEntityUsedAsCa)
    }
}

fn distrust(error: &Error) -> Distrust {
    let apart = |one: &UnixTime, other: &UnixTime| one.as_secs().abs_diff(other.as_secs());
    match error {
        Error::CertExpired { time, not_after } => Distrust::Expired(apart(time, not_after)),
        Error::CertNotValidYet { time, not_before } => Distrust::NotYet(apart(time, not_before)),
        Error::CertNotValidForName(context) => {
            let mut names = context.presented.clone();
            let more = names.len().saturating_sub(NAMES_SHOWN);
            names.truncate(NAMES_SHOWN);
            let mut shown = names.join(", ");
            shown.truncate(shown.floor_char_boundary(512));
            if names.is_empty() {
                shown = "it names none".to_owned();
            } else if more > 0 {
                shown = format!("{shown} and {more} more");
            }
            Distrust::WrongName(shown)
        }
        Error::UnknownIssuer => Distrust::UnknownIssuer,
        Error::EndEntityUsedAsCa | Error::PathLenConstraintViolated => Distrust::LeafAsIssuer,
        Error::CaUsedAsEndEntity => Distrust::AuthorityAsServer,
        Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => {
            Distrust::WrongUse("extendedKeyUsage is for something else")
        }
        Error::InvalidSignatureForPublicKey | Error::SignatureAlgorithmMismatch => {
            Distrust::Signature("in its chain")
        }
        other => Distrust::Other(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::fuzz::{certificates, drive};
    use crate::outbound::tls::roots::RootSource;

    /// A server is believed with the kept certificate alone, whatever else is made of its chain.
    #[test]
    fn fuzz_certificates_of_servers() {
        let (_dir, path) = certificates::authority();
        let roots = Roots::load(&[RootSource::File(path)]).unwrap();
        let trust = Trust::new(Ok(roots.into()), certificates::now);
        let good = certificates::first("server");
        let name = ServerName::try_from("www.example.test").unwrap();
        let other = ServerName::try_from("example.com").unwrap();
        let kept = std::fs::read(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../tests/fuzz/certificates/server"
        ));
        let kept = kept.unwrap();
        let kept = certificates::chain(&kept);
        assert_eq!(trust.judge(&name, &good, &kept[1..]), Ok(()));
        drive("certificates", |bytes| {
            let chain = certificates::chain(bytes);
            let Some((own, others)) = chain.split_first() else {
                return;
            };
            match trust.judge(&name, own, others) {
                Ok(()) => assert_eq!(own, &good, "another is believed"),
                Err(distrust) => assert!(!distrust.to_string().is_empty()),
            }
            assert!(trust.judge(&other, own, others).is_err());
            // Those of the kept chain beside whatever came: it does not become an authority.
            if trust.judge(&name, own, &kept[1..]).is_ok() {
                assert_eq!(own, &good, "another is believed");
            }
            let scheme = bytes.iter().fold(0, |sum: u16, byte| {
                sum.rotate_left(5).wrapping_add((*byte).into())
            });
            for scheme in [scheme, 0x0403, 0x0804, 0x0807] {
                let signature = &bytes[bytes.len() / 2..];
                assert!(Trust::signature(own, scheme, b"hello", signature).is_err());
                #[cfg(feature = "rustls-outbound")]
                assert!(Trust::old_signature(own, scheme, b"hello", signature).is_err());
            }
        });
    }
}
