//! TLS on the management port: certificates that the configuration names or the device's own, taken over
//! again on SIGHUP, and renewed while the daemon runs.

use super::listening;
use super::selftest::SelfTest;
use super::status::Status;
use crate::config::{ClientCertificate, Config, ManageTls, Minimum};
use crate::manage::Manage;
use crate::tls::device::{self, Names};
use crate::tls::{Acceptor, Clients, Dialer, Identity, TlsError, TlsOptions, Trust};
use async_io::Timer;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;

/// Between two looks at whether the device's certificate is about to expire.
const EVERY: Duration = Duration::from_secs(86_400);

/// Whoever is to know of the management port's certificate.
pub(super) struct Sealing {
    manage: Arc<Manage>,
    selftest: Arc<SelfTest>,
    status: Arc<Status>,
    config: Mutex<Config>,
}

impl Sealing {
    /// Has the port speak TLS, if the configuration has it; `None` if it has not.
    pub(super) fn begin(
        config: &Config,
        manage: &Arc<Manage>,
        selftest: &Arc<SelfTest>,
        status: &Arc<Status>,
    ) -> Result<Option<Arc<Self>>, TlsError> {
        if config.manage.tls.is_none() {
            return Ok(None);
        }
        let this = Self {
            manage: manage.clone(),
            selftest: selftest.clone(),
            status: status.clone(),
            config: Mutex::new(config.clone()),
        };
        this.seal(config)?;
        Ok(Some(Arc::new(this)))
    }

    /// Takes over what another configuration says. Without TLS in it nothing changes: that wants a restart.
    pub(super) fn reload(&self, config: &Config) {
        if config.manage.tls.is_none() {
            return;
        }
        match self.seal(config) {
            Ok(()) => *self.config.lock() = config.clone(),
            Err(error) => {
                log::error!("the management port's certificates stay as they were: {error}");
            }
        }
    }

    /// Makes the device's certificate anew before it expires.
    pub(super) async fn upkeep(self: Arc<Self>) {
        loop {
            Timer::after(EVERY).await;
            let (this, config) = (self.clone(), self.config.lock().clone());
            postern_task::unblock(move || this.reload(&config)).await;
        }
    }

    fn seal(&self, config: &Config) -> Result<(), TlsError> {
        let Some(tls) = &config.manage.tls else {
            return Ok(());
        };
        let identities = identities(config, tls)?;
        let options = TlsOptions {
            only_1_3: tls.minimum == Minimum::Tls13,
            // The management port's own server speaks HTTP/1.1 alone.
            http2: false,
            clients: tls.client_ca.as_ref().map(|path| Clients {
                authorities: path.clone(),
                is_required: tls.client_certificate != Some(ClientCertificate::Optional),
            }),
            identities,
        };
        let acceptor = Acceptor::new(&options)?;
        // There is one at least: the device's own.
        if let (Some(own), Some(known)) = (options.identities.first(), acceptor.fingerprint()) {
            let trust = Trust {
                anchors: Vec::new(),
                known: Some(known),
            };
            self.selftest
                .manage_is_sealed(Dialer::new(trust, Some(own))?);
            listening::write_seal(&config.data_dir, own, known)?;
            let known = known.to_string();
            let mut told = self.status.certificate.write();
            if told.as_ref() != Some(&known) {
                log::info!("management port's certificate: {known}");
                *told = Some(known);
            }
        }
        self.manage.set_acceptor(acceptor);
        Ok(())
    }
}

/// Who the port is.
fn identities(config: &Config, tls: &ManageTls) -> Result<Vec<Identity>, TlsError> {
    if tls.certificates.is_empty() {
        let (own, _) = device::ensure(&config.data_dir, &names(config, tls))?;
        return Ok(vec![own]);
    }
    let given = tls.certificates.iter().map(|it| Identity {
        chain: it.chain.clone(),
        key: it.key.clone(),
        ocsp: it.ocsp.clone(),
    });
    Ok(given.collect())
}

/// Whom the device's own certificate is for: the machine by its names and addresses, as far as they are known.
fn names(config: &Config, tls: &ManageTls) -> Names {
    let mut must = tls.names.clone();
    let listen = config.manage.listen.ip();
    if !listen.is_unspecified() && !listen.is_loopback() {
        must.push(listen.to_string());
    }
    let system = rustix::system::uname();
    let system = system.nodename().to_string_lossy().to_lowercase();
    let configured = config.network.hostname.to_lowercase();
    let is_name = |name: &String| {
        !name.is_empty()
            && name.len() <= 253
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
    };
    let named = [configured, system].into_iter().filter(is_name);
    let loopback = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let addresses = config.network.address.iter().map(|it| it.ip.to_string());
    Names {
        must,
        may: named.chain(loopback).chain(addresses).collect(),
    }
}
