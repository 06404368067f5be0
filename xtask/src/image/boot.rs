//! What lies on the boot partition: the script by which U-Boot chooses the slot, and for the Raspberry
//! Pis what their own loader reads before it.

use super::Plan;
use crate::debian::Debian;
use crate::{step, workspace};
use anyhow::{Context, Result, bail};
use postern_board::{Architecture, BootMethod};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a Raspberry Pi's firmware must bring.
const PI_FIRMWARE: &[&str] = &["start", "fixup"];
/// And may bring.
const PI_MORE: &[&str] = &["bootcode.bin", "bcm27", "overlays", "LICENCE.broadcom"];

/// Fills the folder that the boot partition is made from.
pub fn stage(plan: &Plan, folder: &Path) -> Result<()> {
    let source = plan.folder.join("boot.cmd");
    std::fs::write(&source, script(plan)).context("cannot write boot.cmd")?;
    let mut command = Command::new("mkimage");
    command
        // The time in its header, for the same bytes each time.
        .env("SOURCE_DATE_EPOCH", super::EPOCH.to_string())
        .args(["-T", "script", "-A", "arm", "-C", "none"])
        .args(["-n", "Postern: choose the slot", "-d"])
        .arg(&source)
        .arg(folder.join("boot.scr"));
    step::quiet_command("boot.scr", &mut command)?;
    if plan.board.boot.method == BootMethod::RaspberryPi {
        raspberry_pi(plan, folder)?;
    }
    Ok(())
}

/// The script. Numbers in it are hexadecimal, as U-Boot has them.
pub fn script(plan: &Plan) -> String {
    let [kernel, initramfs, tree] =
        plan.hardware
            .addresses
            .unwrap_or(match plan.board.boot.method {
                BootMethod::RaspberryPi => ["${kernel_addr_r}", "${ramdisk_addr_r}", "${fdt_addr}"],
                _ => ["${kernel_addr_r}", "${ramdisk_addr_r}", "${fdtcontroladdr}"],
            });
    let own_tree =
        plan.hardware.device_tree.is_some() && plan.board.boot.method != BootMethod::RaspberryPi;
    let load_tree = if own_tree {
        "load ${devtype} ${devnum}:${ps_part} ${ps_tree} /boot/board.dtb; "
    } else {
        ""
    };
    let start = match plan.board.architecture {
        Architecture::Arm => "bootz",
        _ => "booti",
    };
    let console = plan.hardware.console;
    format!(
        r#"# Chooses the slot to start, as docs/firmware.md tells. Made by `cargo xtask image`.
setenv ps_kernel {kernel}
setenv ps_initramfs {initramfs}
setenv ps_tree {tree}

# The boot state: two copies, 64 KiB apart. The whole one with the higher serial number counts.
${{devtype}} dev ${{devnum}}
setenv ps_counts none
setenv slot
setenv try
setenv tries
setenv serial
setenv reason
if part start ${{devtype}} ${{devnum}} state ps_first; then
  setexpr ps_second ${{ps_first}} + 80
  setexpr ps_copy ${{ps_kernel}} + 2000
  ${{devtype}} read ${{ps_kernel}} ${{ps_first}} 8
  ${{devtype}} read ${{ps_copy}} ${{ps_second}} 8
  if env import -c ${{ps_kernel}} 1000 serial; then
    setenv ps_counts first
    setenv ps_serial ${{serial}}
  fi
  if env import -c ${{ps_copy}} 1000 serial; then
    if test ${{ps_counts}} = none; then
      setenv ps_counts second
    elif itest 0x${{serial}} -gt 0x${{ps_serial}}; then
      setenv ps_counts second
    fi
  fi
  setenv serial
  if test ${{ps_counts}} = first; then
    env import -c ${{ps_kernel}} 1000 slot try tries serial reason
    setenv ps_other ${{ps_second}}
  fi
  if test ${{ps_counts}} = second; then
    env import -c ${{ps_copy}} 1000 slot try tries serial reason
    setenv ps_other ${{ps_first}}
  fi
fi
if test -z "${{slot}}"; then setenv slot a; fi

# A slot on trial is started as often as it has attempts left; each is written down before.
setenv ps_slot ${{slot}}
setenv ps_trial 0
if test -n "${{try}}" -a -n "${{tries}}"; then
  if itest 0x${{tries}} -gt 0; then
    setexpr tries 0x${{tries}} - 1
    setexpr serial 0x${{serial}} + 1
    env export -c -s 1000 ${{ps_kernel}} slot try tries serial reason
    if ${{devtype}} write ${{ps_kernel}} ${{ps_other}} 8; then
      setenv ps_slot ${{try}}
      setenv ps_trial 1
    fi
  fi
fi
if test ${{ps_slot}} = a; then setenv ps_next b; else setenv ps_next a; fi

# The slot, or the other one if it cannot be loaded.
for ps_it in ${{ps_slot}} ${{ps_next}}; do
  echo "Postern: slot ${{ps_it}}, trial ${{ps_trial}}"
  if part number ${{devtype}} ${{devnum}} slot-${{ps_it}} ps_part; then
    if load ${{devtype}} ${{devnum}}:${{ps_part}} ${{ps_kernel}} /boot/vmlinuz; then
      {load_tree}if load ${{devtype}} ${{devnum}}:${{ps_part}} ${{ps_initramfs}} /boot/initramfs; then
        setenv bootargs "console={console} gpt panic=5 loglevel=4 postern.slot=${{ps_it}} postern.trial=${{ps_trial}}"
        {start} ${{ps_kernel}} ${{ps_initramfs}}:${{filesize}} ${{ps_tree}}
      fi
    fi
  fi
  setenv ps_trial 0
done
echo "Postern: no slot can be started; flash the image again"
"#
    )
}

/// The Pi's loader reads `config.txt` and starts U-Boot in place of a kernel.
fn raspberry_pi(plan: &Plan, folder: &Path) -> Result<()> {
    let Some(firmware) = &plan.firmware else {
        return Ok(());
    };
    let mut found: Vec<PathBuf> = std::fs::read_dir(firmware)
        .with_context(|| format!("cannot list {}", firmware.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    found.sort();
    let begins = |path: &Path, prefix: &str| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(prefix))
    };
    for wanted in PI_FIRMWARE {
        if !found.iter().any(|path| begins(path, wanted)) {
            bail!(
                "{} has no {wanted}*; name the folder `boot` of the Raspberry Pi firmware",
                firmware.display()
            );
        }
    }
    for path in found {
        let wanted = PI_FIRMWARE.iter().chain(PI_MORE);
        if wanted.clone().any(|prefix| begins(&path, prefix)) {
            step::quiet_command(
                "the Pi's firmware",
                Command::new("cp").arg("-r").arg(&path).arg(folder),
            )?;
        }
    }
    let loader = Debian::new("arm64").unpack("u-boot-rpi")?;
    let loader = loader.join("usr/lib/u-boot/rpi_arm64/u-boot.bin");
    std::fs::copy(&loader, folder.join("u-boot.bin"))
        .with_context(|| format!("cannot copy {}", workspace::shown(&loader)))?;
    std::fs::write(
        folder.join("config.txt"),
        "arm_64bit=1\nenable_uart=1\nkernel=u-boot.bin\n",
    )
    .context("cannot write config.txt")
}
