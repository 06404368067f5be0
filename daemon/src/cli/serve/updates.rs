//! The firmware room in a running daemon: what it is told by the configuration, who judges a new
//! system, and the key that programs of this machine ask with.

use super::ServeError;
use super::rooms::room;
use super::selftest::SelfTest;
use super::visitor::Visitor;
use crate::catalog::Catalog;
use crate::config::Config;
use crate::firmware::minisign::PublicKey;
use crate::firmware::slots::Places;
use crate::firmware::{Firmware, FirmwareOptions};
use crate::manage::Manage;
use crate::manage::firmware::HealthKey;
use crate::store::Store;
use std::sync::Arc;
use std::time::Duration;

/// Firmware, and who judges it.
pub struct Updates {
    firmware: Arc<Firmware>,
    /// Looks at the daemon.
    pub selftest: Arc<SelfTest>,
    health_key: HealthKey,
}

impl Updates {
    /// Looks for slots, and has the management port answer for them.
    pub fn open(
        config: &Config,
        catalog: &Arc<Catalog>,
        store: &Store,
        manage: &Manage,
        visitor: &Arc<Visitor>,
    ) -> Result<Self, ServeError> {
        let firmware = Firmware::open(options(config));
        let critical = config.firmware.critical.clone();
        let selftest = SelfTest::new(visitor.clone(), catalog.clone(), store.clone(), critical);
        let selftest = Arc::new(selftest);
        firmware.check_by(selftest.clone());
        let health_key = HealthKey::random().map_err(room("manage"))?;
        manage.with_firmware(firmware.clone(), health_key.clone());
        Ok(Self {
            firmware,
            selftest,
            health_key,
        })
    }

    /// What programs of this machine ask with how the daemon is.
    pub fn health_key(&self) -> &str {
        self.health_key.text()
    }

    /// Finds out how the machine was started, and judges a system that is on trial.
    pub fn judge(&self) -> impl Future<Output = ()> + Send + use<> {
        let firmware = self.firmware.clone();
        async move {
            let beginning = firmware.clone();
            let phase = postern_task::unblock(move || beginning.begin()).await;
            firmware.judge(phase).await;
        }
    }
}

/// Where boot state and slots are, as far as the configuration says so.
pub(super) fn places(config: &Config) -> Places {
    let firmware = &config.firmware;
    Places {
        state: firmware.state.clone(),
        a: firmware.slots.a.clone(),
        b: firmware.slots.b.clone(),
        command_line: firmware.command_line.clone(),
    }
}

fn options(config: &Config) -> FirmwareOptions {
    let firmware = &config.firmware;
    // Checked when the configuration was.
    let keys = firmware.keys.iter();
    FirmwareOptions {
        keys: keys.filter_map(|key| PublicKey::parse(key).ok()).collect(),
        places: places(config),
        board: config.board.name.clone(),
        tries: firmware.tries,
        deadline: Duration::from_secs(firmware.deadline_s),
        reboot: firmware.reboot.clone(),
        records: config.data_dir.join("firmware.json"),
        // Where there is none, no start is told from another.
        run: std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default(),
    }
}
