//! The account at an authority: made once, kept with its key in one file.

use super::carrier::Carrier;
use super::{AcmeError, AcmeOptions};
use crate::tls::TlsError;
use crate::tls::issued::{file, put};
use instant_acme::{Account, AccountCredentials, Error, NewAccount};
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::PathBuf;

const NAME: &str = "account.json";
/// What an authority says of an account that it does not know.
const UNKNOWN: &str = "urn:ietf:params:acme:error:accountDoesNotExist";

/// The file.
#[derive(Serialize, Deserialize)]
struct Kept {
    directory: String,
    contact: Vec<String>,
    credentials: AccountCredentials,
}

fn path(options: &AcmeOptions) -> PathBuf {
    options.folder.join(NAME)
}

/// The account there is, or a new one. That the configuration agrees to the authority's terms was looked at.
pub(super) async fn open(carrier: &Carrier, options: &AcmeOptions) -> Result<Account, AcmeError> {
    let contact: Vec<String> = options
        .contact
        .iter()
        .map(|it| format!("mailto:{it}"))
        .collect();
    let told: Vec<&str> = contact.iter().map(String::as_str).collect();
    let builder = Account::builder_with_http(Box::new(carrier.clone()));
    if let Some(kept) = read(options)? {
        let has = kept.contact == contact;
        let account = builder
            .from_credentials(kept.credentials)
            .await
            .map_err(|error| AcmeError::server("asking for the directory", &error))?;
        if !has {
            let changed = account.update_contacts(&told).await;
            changed.map_err(|error| failed("telling the contact", options, &error))?;
            // Opened again to be written: the library does not show the key of an account.
            if let Some(kept) = read(options)? {
                write(options, Kept { contact, ..kept })?;
            }
        }
        return Ok(account);
    }
    let new = NewAccount {
        contact: &told,
        terms_of_service_agreed: true,
        only_return_existing: false,
    };
    let (account, credentials) = builder
        .create(&new, options.directory.clone(), None)
        .await
        .map_err(|error| AcmeError::server("asking for an account", &error))?;
    let kept = Kept {
        directory: options.directory.clone(),
        contact,
        credentials,
    };
    write(options, kept)?;
    log::info!("there is an account at {} now", options.directory);
    Ok(account)
}

/// What an authority said. An account that it does not know is forgotten, and another is made next time.
pub(super) fn failed(what: &'static str, options: &AcmeOptions, error: &Error) -> AcmeError {
    if let Error::Api(problem) = error
        && problem.r#type.as_deref() == Some(UNKNOWN)
    {
        let _ = std::fs::remove_file(path(options));
    }
    AcmeError::server(what, error)
}

/// The account that is kept, if it is one at this authority.
fn read(options: &AcmeOptions) -> Result<Option<Kept>, TlsError> {
    let bytes = match file(&path(options)) {
        Ok(bytes) => bytes,
        Err(TlsError::Read { error, .. }) if error.kind() == ErrorKind::NotFound => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    match serde_json::from_slice::<Kept>(&bytes) {
        Ok(kept) => Ok(Some(kept).filter(|it| it.directory == options.directory)),
        Err(error) => {
            log::error!(
                "the account in `{}` cannot be read, and another is made: {error}",
                path(options).display()
            );
            Ok(None)
        }
    }
}

fn write(options: &AcmeOptions, kept: Kept) -> Result<(), AcmeError> {
    let bytes = serde_json::to_vec(&kept).map_err(|error| AcmeError::Unfit(error.to_string()))?;
    Ok(put(&path(options), &bytes)?)
}
