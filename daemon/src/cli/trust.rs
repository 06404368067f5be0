//! `postern trust`, and whom the other commands believe over HTTPS: whom a root vouches for, and whom the user
//! has said to trust. Nobody is trusted because he was the first to answer.

use super::args::{Remote, Trust as Args};
use super::client::{Base, Client, ClientError};
use super::error::CliError;
use super::gateways::Gateways;
use super::output::Output;
use crate::outbound::{RootSource, Roots};
use crate::tls::{Dialer, Identity, Trust};
use serde_json::json;
use std::time::Duration;

/// How a gateway is spoken to over HTTPS.
pub fn dialer(base: &Base, remote: &Remote) -> Result<Dialer, CliError> {
    let known = Gateways::of_user()?.known(base.name());
    let source = match &remote.ca {
        Some(path) => RootSource::File(path.clone()),
        None => RootSource::System,
    };
    let anchors = match Roots::load(&[source]) {
        Ok(roots) => roots.anchors().to_vec(),
        // A machine without a bundle still knows whom its user trusts.
        Err(_) if remote.ca.is_none() => Vec::new(),
        Err(reason) => return Err(CliError::Usage(format!("--ca: {reason}"))),
    };
    let own = remote.client_cert.as_ref().map(|chain| Identity {
        chain: chain.clone(),
        key: remote.client_key.as_ref().unwrap_or(chain).clone(),
        ocsp: None,
    });
    let dialer = Dialer::new(Trust { anchors, known }, own.as_ref());
    dialer.map_err(|error| CliError::Usage(format!("--client-cert: {error}")))
}

/// Runs `postern trust`.
pub async fn run(args: &Args, out: Output) -> Result<(), CliError> {
    let base = Base::parse(&args.url)?;
    if !base.is_secure() {
        return Err(CliError::Usage(
            "there is no certificate at http://; give the https:// address".to_owned(),
        ));
    }
    let mut gateways = Gateways::of_user()?;
    let (name, known) = (base.name().to_owned(), gateways.known(base.name()));
    if args.forget {
        if known.is_none() {
            return Err(CliError::NotFound(format!("{name} is not trusted")));
        }
        gateways.set(&name, None)?;
        let told = json!({"gateway": name, "fingerprint": null});
        return out.result(&told, || format!("{name} is not trusted any more\n"));
    }
    if let (Some(known), Some(wanted), false) = (known, args.fingerprint, args.replace)
        && known != wanted
    {
        return Err(CliError::Usage(format!(
            "{name} is trusted by another certificate, {known}; if you know why it has a new one, say --replace"
        )));
    }
    // Without a word it is asked who it is, and nobody is believed.
    let trust = Trust {
        anchors: Vec::new(),
        known: args.fingerprint.or(known),
    };
    let failed = |error: crate::tls::TlsError| CliError::Usage(error.to_string());
    let dialer = Dialer::new(trust, None).map_err(failed)?;
    let patience = Duration::from_secs(args.timeout);
    let client = Client::new(base, None, patience).sealed(dialer);
    match (client.greet().await, args.fingerprint) {
        (Err(ClientError::Changed { fingerprint, .. }), Some(wanted)) => {
            Err(CliError::Usage(format!(
                "{name} has the certificate {fingerprint}, and not {wanted}; nothing was changed"
            )))
        }
        (Err(error), _) => Err(error.into()),
        (Ok(()), None) => {
            let known = known.map(|it| it.to_string());
            let told = json!({"gateway": name, "fingerprint": known});
            out.result(&told, || match &known {
                Some(known) => format!("{name} is trusted already, by {known}\n"),
                None => format!("{name} is trusted already\n"),
            })
        }
        (Ok(()), Some(wanted)) => {
            let path = gateways.set(&name, Some(wanted))?.display().to_string();
            let told = json!({"gateway": name, "fingerprint": wanted.to_string(), "file": path});
            out.result(&told, || {
                format!("{name} is trusted by {wanted}, which is kept in {path}\n")
            })
        }
    }
}
