//! TLS at the edge: certificates that the configuration names and the one that an authority issues, taken over again on
//! SIGHUP and when there is another.

use super::options::tls_options;
use super::routes::Running;
use crate::config::Config;
use crate::edge::Edge;
use crate::tls::{Acceptor, TlsError, TlsOptions};
use async_executor::Executor;
use parking_lot::Mutex;
use std::sync::Arc;

#[cfg(feature = "acme")]
use super::options::{acme_options, acme_outbound};
#[cfg(feature = "acme")]
use crate::acme::{Carrier, Keeper};
#[cfg(feature = "acme")]
use crate::outbound::Outbound;
#[cfg(feature = "acme")]
use crate::tls::challenges::Challenges;
#[cfg(feature = "acme")]
use std::path::PathBuf;

/// Who the edge is to clients of HTTPS.
pub(super) struct Certifying {
    edge: Arc<Edge<Running>>,
    config: Mutex<Config>,
    #[cfg(feature = "acme")]
    issued: Option<Issued>,
}

/// Who has a certificate issued, and what answers whom the authority sends to look.
#[cfg(feature = "acme")]
type Issued = (Arc<Keeper>, Arc<Challenges>);

impl Certifying {
    /// Has the edge speak TLS, if the configuration has it; `None` if it has not.
    pub(super) fn begin(
        config: &Config,
        edge: &Arc<Edge<Running>>,
        executor: &Arc<Executor<'static>>,
    ) -> Result<Option<Arc<Self>>, TlsError> {
        if config.edge.tls.is_none() {
            return Ok(None);
        }
        let this = Arc::new(Self {
            edge: edge.clone(),
            config: Mutex::new(config.clone()),
            #[cfg(feature = "acme")]
            issued: issued(config, executor)?,
        });
        #[cfg(not(feature = "acme"))]
        let _ = executor;
        this.seal(config)?;
        #[cfg(feature = "acme")]
        if let Some((keeper, challenges)) = &this.issued {
            edge.answer_challenges(challenges.clone());
            let weak = Arc::downgrade(&this);
            keeper.on_change(move || {
                let Some(this) = weak.upgrade() else { return };
                let config = this.config.lock().clone();
                if let Err(error) = this.seal(&config) {
                    log::error!("certificates stay as they were: {error}");
                }
            });
        }
        Ok(Some(this))
    }

    /// Takes over what another configuration says of certificates, and has one asked for at once that waits for its next
    /// attempt.
    pub(super) fn reload(&self, config: &Config) {
        if config.edge.tls.is_some() {
            match self.seal(config) {
                Ok(()) => *self.config.lock() = config.clone(),
                Err(error) => log::error!("certificates stay as they were: {error}"),
            }
        }
        #[cfg(feature = "acme")]
        if let Some((keeper, _)) = &self.issued {
            keeper.try_again();
        }
    }

    /// Who has the certificate renewed, if somebody issues one.
    #[cfg(feature = "acme")]
    pub(super) fn keeper(&self) -> Option<Arc<Keeper>> {
        self.issued.as_ref().map(|(keeper, _)| keeper.clone())
    }

    fn seal(&self, config: &Config) -> Result<(), TlsError> {
        if let Some(options) = tls_options(config) {
            self.edge.set_acceptor(self.acceptor(options)?);
        }
        Ok(())
    }

    #[cfg(feature = "acme")]
    fn acceptor(&self, mut options: TlsOptions) -> Result<Acceptor, TlsError> {
        let Some((keeper, challenges)) = &self.issued else {
            return Acceptor::new(&options);
        };
        options.identities.extend(keeper.identity());
        Acceptor::challenged(&options, challenges.clone())
    }

    #[cfg(not(feature = "acme"))]
    fn acceptor(&self, options: TlsOptions) -> Result<Acceptor, TlsError> {
        Acceptor::new(&options)
    }
}

/// Who issues a certificate, if the configuration names somebody.
#[cfg(feature = "acme")]
fn issued(config: &Config, executor: &Arc<Executor<'static>>) -> Result<Option<Issued>, TlsError> {
    let Some(options) = acme_options(config) else {
        return Ok(None);
    };
    let outbound = Outbound::new(acme_outbound(config), executor.clone());
    let carrier = Carrier::new(outbound, &options.directory).ok_or_else(|| TlsError::Content {
        path: PathBuf::from(&options.directory),
        what: "is no https URL".to_owned(),
    })?;
    let challenges = Arc::new(Challenges::default());
    let keeper = Keeper::open(options, carrier, challenges.clone());
    Ok(Some((keeper, challenges)))
}
