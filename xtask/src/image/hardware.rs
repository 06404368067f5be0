//! What a board's firmware image holds that its board file does not say: which of Debian's kernels,
//! which modules of it, which device tree, where U-Boot puts things.

use anyhow::{Context, Result};

/// One board's.
pub struct Hardware {
    /// The board's name.
    pub board: &'static str,
    /// Debian's package of its kernel.
    pub kernel: &'static str,
    /// Modules, without those that they depend on. One that is built in or does not exist in this
    /// kernel's version is left out.
    pub modules: &'static [&'static str],
    /// Its device tree in the kernel's package; the QEMU machines hand theirs over.
    pub device_tree: Option<&'static str>,
    /// Where the console is.
    pub console: &'static str,
    /// Addresses for kernel, initramfs and device tree, where U-Boot's own do not do.
    pub addresses: Option<[&'static str; 3]>,
    /// What the operator must add before the board starts.
    pub missing: Option<&'static str>,
}

/// What every board's data partition takes, where the kernel has it as modules.
pub const STORAGE: &[&str] = &["crc32c_generic", "ext4"];

const VIRTIO: &[&str] = &[
    "virtio_pci",
    "virtio_mmio",
    "virtio_blk",
    "virtio_net",
    "virtio_rng",
    "softdog",
];

const ALL: &[Hardware] = &[
    Hardware {
        board: "qemu-arm64",
        kernel: "linux-image-cloud-arm64",
        modules: VIRTIO,
        device_tree: None,
        console: "ttyAMA0",
        addresses: None,
        missing: None,
    },
    Hardware {
        board: "qemu-armv7",
        kernel: "linux-image-armmp",
        modules: VIRTIO,
        device_tree: None,
        console: "ttyAMA0",
        // U-Boot's own lie beyond the RAM of a machine with 64 MiB, of which it keeps the upper half
        // for itself. The kernel unpacks itself to the beginning, copied behind what it becomes, and
        // needs less than 28 MiB.
        addresses: Some(["0x40400000", "0x41c00000", "${fdtcontroladdr}"]),
        missing: None,
    },
    Hardware {
        board: "raspberry-pi-4",
        kernel: "linux-image-arm64",
        modules: &[
            "sdhci_iproc",
            "mmc_block",
            "genet",
            "bcmgenet",
            "broadcom",
            "bcm2835_wdt",
            "bcm2835_rng",
        ],
        device_tree: Some("broadcom/bcm2711-rpi-4-b.dtb"),
        console: "ttyS0",
        addresses: None,
        missing: None,
    },
    Hardware {
        board: "raspberry-pi-zero-2-w",
        kernel: "linux-image-arm64",
        modules: &[
            "sdhci_iproc",
            "bcm2835",
            "mmc_block",
            "dwc2",
            "smsc95xx",
            "asix",
            "r8152",
            "bcm2835_wdt",
            "bcm2835_rng",
        ],
        device_tree: Some("broadcom/bcm2837-rpi-zero-2-w.dtb"),
        console: "ttyS1",
        addresses: None,
        missing: None,
    },
    Hardware {
        board: "beaglebone-black",
        kernel: "linux-image-armmp",
        modules: &[
            "omap_hsmmc",
            "sdhci_omap",
            "mmc_block",
            "ti_cpsw",
            "ti_cpsw_new",
            "smsc",
            "omap_wdt",
            "omap_rng",
        ],
        device_tree: Some("am335x-boneblack.dtb"),
        console: "ttyS0",
        addresses: Some(["${kernel_addr_r}", "${ramdisk_addr_r}", "${fdt_addr_r}"]),
        missing: Some(
            "the board's U-Boot, 2020 or later with `setexpr` and `part`, is not part of the image: write MLO and \
             u-boot.img to the eMMC's boot area, or to where the board's manual says",
        ),
    },
];

impl Hardware {
    /// That of a board.
    pub fn of(board: &str) -> Result<&'static Self> {
        ALL.iter()
            .find(|it| it.board == board)
            .with_context(|| {
                let known: Vec<&str> = ALL.iter().map(|it| it.board).collect();
                format!(
                    "no firmware image is made for {board} yet: its kernel is the operator's; known are {}",
                    known.join(", ")
                )
            })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::boards;
    use postern_board::BootMethod;

    #[test]
    fn every_board_here_has_a_file_that_wants_an_image() {
        for hardware in ALL {
            let board = boards::load(hardware.board).unwrap();
            assert!(board.image.is_some(), "{}", board.name);
            assert_ne!(board.boot.method, BootMethod::None);
        }
        assert!(Hardware::of("generic-x86-64").is_err());
    }
}
