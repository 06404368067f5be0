//! `postern trust`.

use crate::tls::Fingerprint;
use clap::Args;

/// `postern trust`.
#[derive(Clone, Debug, Args)]
pub struct Trust {
    /// The management port's address: https://HOST:PORT.
    #[arg(value_name = "URL")]
    pub url: String,
    /// What its certificate must be, as `postern serve` and `postern status` print it on the gateway:
    /// sha256:… Without it: tells what it is, and trusts nobody.
    #[arg(long, value_name = "SHA256")]
    pub fingerprint: Option<Fingerprint>,
    /// Trust this certificate in the place of another that was trusted.
    #[arg(long, requires = "fingerprint")]
    pub replace: bool,
    /// Trust the gateway no more.
    #[arg(long, conflicts_with_all = ["fingerprint", "replace"])]
    pub forget: bool,
    /// Seconds without any progress after which it is given up.
    #[arg(
        long,
        default_value_t = 60,
        value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(1..=3600)
    )]
    pub timeout: u64,
}
