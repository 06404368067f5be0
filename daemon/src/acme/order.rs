//! One order, from the account to the chain.

use super::account::{self, failed};
use super::carrier::Carrier;
use super::{AcmeError, AcmeOptions, Proof, told};
use crate::tls::challenges::{Challenges, InFlight};
use crate::tls::issued;
use async_io::Timer;
use futures_lite::FutureExt;
use instant_acme::{AuthorizationStatus, ChallengeType, Identifier, NewOrder, Order, OrderStatus};
use std::sync::Arc;
use std::time::Duration;

/// For all of it. Authorities look several times, from several places.
const ORDER_MAX: Duration = Duration::from_secs(300);
/// Between two looks at how far it is; each wait is twice as long as the one before.
const LOOK: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));
/// Characters of a challenge's token.
const TOKEN_MAX: usize = 256;

/// A chain, and the key that it is for, as PEM.
pub(super) async fn place(
    carrier: &Carrier,
    options: &AcmeOptions,
    challenges: &Arc<Challenges>,
) -> Result<(String, String), AcmeError> {
    let late = async {
        Timer::after(ORDER_MAX).await;
        Err(AcmeError::Late(ORDER_MAX))
    };
    obtain(carrier, options, challenges).or(late).await
}

async fn obtain(
    carrier: &Carrier,
    options: &AcmeOptions,
    challenges: &Arc<Challenges>,
) -> Result<(String, String), AcmeError> {
    let account = account::open(carrier, options).await?;
    let wanted: Vec<Identifier> = options
        .domains
        .iter()
        .cloned()
        .map(Identifier::Dns)
        .collect();
    let order = account.new_order(&NewOrder::new(&wanted)).await;
    let mut order = order.map_err(|error| failed("placing an order", options, &error))?;
    let asked = order.state().authorizations.len();
    if asked > options.domains.len() {
        return Err(AcmeError::Unfit(format!(
            "wants {asked} proofs for {} names; one for each is given",
            options.domains.len()
        )));
    }
    let flight = InFlight::new(challenges);
    prove(&mut order, options, &flight).await?;
    ready(&mut order).await?;
    drop(flight);
    let (key, request) = issued::request(&options.domains).map_err(AcmeError::Unfit)?;
    order
        .finalize_csr(&request)
        .await
        .map_err(|error| AcmeError::server("asking for the certificate", &error))?;
    let mut wait = Wait::new();
    loop {
        let chain = order
            .certificate()
            .await
            .map_err(|error| AcmeError::server("fetching the certificate", &error))?;
        if let Some(chain) = chain {
            return Ok((chain, key));
        }
        wait.next().await;
    }
}

/// Answers each challenge of the kind that is wanted, and says so.
async fn prove(
    order: &mut Order,
    options: &AcmeOptions,
    flight: &InFlight,
) -> Result<(), AcmeError> {
    let kind = match options.proof {
        Proof::Http01 => ChallengeType::Http01,
        Proof::TlsAlpn01 => ChallengeType::TlsAlpn01,
    };
    let mut authorizations = order.authorizations();
    while let Some(next) = authorizations.next().await {
        let mut next =
            next.map_err(|error| AcmeError::server("asking what is to be proved", &error))?;
        let name = match next.identifier().identifier {
            Identifier::Dns(name) if options.domains.contains(name) => name.clone(),
            _ => {
                let what = told(&next.identifier().to_string());
                return Err(AcmeError::Unfit(format!(
                    "wants a proof for {what}, which was not asked for"
                )));
            }
        };
        match next.status {
            AuthorizationStatus::Pending => {}
            AuthorizationStatus::Valid => continue,
            other => {
                return Err(AcmeError::Unfit(format!(
                    "has {name} as {other:?} before it looked"
                )));
            }
        }
        let Some(mut challenge) = next.challenge(kind.clone()) else {
            return Err(AcmeError::Unfit(format!(
                "offers no {} for {name}; choose another `edge.tls.acme.challenge`",
                shown(options.proof)
            )));
        };
        let is_token = !challenge.token.is_empty()
            && challenge.token.len() <= TOKEN_MAX
            && challenge
                .token
                .bytes()
                .all(|it| it.is_ascii_alphanumeric() || b"-_".contains(&it));
        if !is_token {
            return Err(AcmeError::Unfit(format!(
                "sent a token for {name} that is none (RFC 8555, 8.3)"
            )));
        }
        let answer = challenge.key_authorization();
        match options.proof {
            Proof::Http01 => flight.answer(&challenge.token, answer.as_str()),
            Proof::TlsAlpn01 => flight.be(&name, answer.digest().as_ref())?,
        }
        challenge
            .set_ready()
            .await
            .map_err(|error| AcmeError::server("saying that it can look", &error))?;
    }
    Ok(())
}

/// Waits until the authority has seen all proofs.
async fn ready(order: &mut Order) -> Result<(), AcmeError> {
    let mut wait = Wait::new();
    loop {
        let state = order
            .refresh()
            .await
            .map_err(|error| AcmeError::server("asking how far the order is", &error))?;
        let why = state.error.as_ref().map(ToString::to_string);
        match state.status {
            OrderStatus::Ready | OrderStatus::Valid | OrderStatus::Processing => return Ok(()),
            OrderStatus::Pending => wait.next().await,
            OrderStatus::Invalid => return Err(refused(order, why).await),
        }
    }
}

/// Why an order was refused: what the authority says of its proofs, or of itself.
async fn refused(order: &mut Order, why: Option<String>) -> AcmeError {
    let mut reasons: Vec<String> = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut next)) = authorizations.next().await {
        let name = next.identifier().to_string();
        let Ok(state) = next.refresh().await else {
            continue;
        };
        let errors = state.challenges.iter().filter_map(|it| it.error.as_ref());
        reasons.extend(errors.map(|error| format!("{name}: {error}")));
    }
    if reasons.is_empty() {
        reasons.extend(why);
    }
    AcmeError::Server {
        what: "the authority refuses the order",
        why: told(&reasons.join("; ")),
    }
}

fn shown(proof: Proof) -> &'static str {
    match proof {
        Proof::Http01 => "http-01",
        Proof::TlsAlpn01 => "tls-alpn-01",
    }
}

/// Waits that grow.
struct Wait(Duration);

impl Wait {
    fn new() -> Self {
        Self(LOOK.0)
    }

    async fn next(&mut self) {
        Timer::after(self.0).await;
        self.0 = (self.0 * 2).min(LOOK.1);
    }
}
