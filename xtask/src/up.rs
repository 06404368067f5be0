//! x
use anyhow::Result;
/// The arguments.
#[derive(clap::Args)]
pub struct Arguments {}
/// x
pub fn run(_: &Arguments) -> Result<()> {
    Ok(())
}
