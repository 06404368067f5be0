//! The network: loopback, one interface, addresses as configured or by DHCP, names' servers.

mod dhcp;
mod netlink;

use super::{console, places, read_line};
use crate::config::{Address, Network};
use netlink::Netlink;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

/// Where the kernel lists interfaces.
const CLASS: &str = "/sys/class/net";
/// How long an interface may take to appear.
const PATIENCE: Duration = Duration::from_secs(30);

/// The name of a machine that is given none.
const HOSTNAME: &str = "postern";

/// An interface of the kernel's.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Interface {
    name: String,
    index: u32,
    mac: [u8; 6],
}

/// Sets it up on a thread of its own, which goes on for as long as a lease must be renewed: the
/// daemon need not wait for a cable.
pub(super) fn start(network: Network) {
    if let Err(error) = loopback() {
        console::note("loopback", &error);
    }
    // Without one the kernel calls it `(none)`, and so would bundles and receipts.
    let name = match network.hostname.as_str() {
        "" => HOSTNAME,
        name => name,
    };
    if let Err(error) = rustix::system::sethostname(name.as_bytes()) {
        console::note("the host's name", &error);
    }
    let thread = std::thread::Builder::new()
        .name("network".to_owned())
        .stack_size(256 << 10)
        .spawn(move || {
            if let Err(error) = run(&network) {
                console::note("the network", &error);
            }
        });
    if let Err(error) = thread {
        console::note("the network", &error);
    }
}

fn loopback() -> std::io::Result<()> {
    // Its number is 1 in every kernel; it has its addresses once it is up.
    Netlink::open()?.up(1)
}

fn run(network: &Network) -> std::io::Result<()> {
    let news = super::uevents::Uevents::open()?;
    let wanted = (!network.interface.is_empty()).then_some(network.interface.as_str());
    let found = news.wait(PATIENCE, || find(Path::new(CLASS), wanted));
    let Some(interface) = found else {
        return Err(std::io::Error::other(format!(
            "no interface {} appeared within {} s",
            wanted.unwrap_or("for Ethernet"),
            PATIENCE.as_secs()
        )));
    };
    let mut netlink = Netlink::open()?;
    netlink.up(interface.index)?;
    write_resolv(&network.nameservers)?;
    if network.address.is_empty() {
        dhcp::run(&interface, &mut netlink, network)
    } else {
        for address in &network.address {
            netlink.add(interface.index, *address)?;
            console::say(&format!("{} has {address}", interface.name));
        }
        if let Some(gateway) = network.gateway {
            netlink.default_route(interface.index, gateway)?;
        }
        Ok(())
    }
}

/// The interface of this name, or the first one for Ethernet that belongs to a device.
fn find(class: &Path, wanted: Option<&str>) -> Option<Interface> {
    let mut names: Vec<String> = std::fs::read_dir(class)
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| match wanted {
            Some(wanted) => name == wanted,
            None => class.join(name).join("device").exists(),
        })
        .collect();
    names.sort();
    names.into_iter().find_map(|name| {
        let read = |field: &str| read_line(class.join(&name).join(field));
        // 1 is Ethernet, and what looks like it.
        if read("type")? != "1" {
            return None;
        }
        Some(Interface {
            index: read("ifindex")?.parse().ok()?,
            mac: parse_mac(&read("address")?)?,
            name,
        })
    })
}

fn parse_mac(text: &str) -> Option<[u8; 6]> {
    let mut mac = [0; 6];
    let mut parts = text.split(':');
    for byte in &mut mac {
        *byte = u8::from_str_radix(parts.next()?, 16).ok()?;
    }
    parts.next().is_none().then_some(mac)
}

/// Writes where names are asked for.
fn write_resolv(servers: &[IpAddr]) -> std::io::Result<()> {
    let fresh = format!("{}.new", places::RESOLV);
    std::fs::write(&fresh, resolv(servers))?;
    std::fs::rename(fresh, places::RESOLV)
}

fn resolv(servers: &[IpAddr]) -> String {
    // More than three are not read.
    servers
        .iter()
        .take(3)
        .map(|server| format!("nameserver {server}\n"))
        .collect()
}

impl Address {
    /// The address that reaches all of an IPv4 network.
    fn broadcast(self) -> Option<std::net::Ipv4Addr> {
        let IpAddr::V4(ip) = self.ip else {
            return None;
        };
        let hosts = u32::MAX.checked_shr(u32::from(self.prefix)).unwrap_or(0);
        Some((u32::from(ip) | hosts).into())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn interface(class: &Path, name: &str, kind: &str, device: bool) {
        let folder = class.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        for (field, value) in [
            ("type", kind),
            ("ifindex", "7"),
            ("address", "52:54:00:12:34:56"),
        ] {
            std::fs::write(folder.join(field), format!("{value}\n")).unwrap();
        }
        if device {
            std::fs::create_dir(folder.join("device")).unwrap();
        }
    }

    #[test]
    fn the_first_ethernet_of_a_device_is_taken() {
        let class = tempfile::tempdir().unwrap();
        interface(class.path(), "lo", "772", false);
        interface(class.path(), "bridge", "1", false);
        assert_eq!(find(class.path(), None), None);
        interface(class.path(), "eth1", "1", true);
        interface(class.path(), "eth0", "1", true);
        let found = find(class.path(), None).unwrap();
        assert_eq!((found.name.as_str(), found.index), ("eth0", 7));
        assert_eq!(found.mac, [0x52, 0x54, 0, 0x12, 0x34, 0x56]);
        assert_eq!(find(class.path(), Some("eth1")).unwrap().name, "eth1");
        assert_eq!(find(class.path(), Some("bridge")).unwrap().name, "bridge");
        assert_eq!(find(class.path(), Some("eth2")), None);
    }

    #[test]
    fn servers_are_written_as_every_resolver_reads_them() {
        let servers = ["10.0.2.3", "::1"].map(|text| text.parse().unwrap());
        assert_eq!(resolv(&servers), "nameserver 10.0.2.3\nnameserver ::1\n");
    }

    #[test]
    fn broadcast_addresses() {
        for (address, broadcast) in [
            ("10.0.2.15/24", "10.0.2.255"),
            ("10.1.2.3/32", "10.1.2.3"),
            ("10.1.2.3/0", "255.255.255.255"),
        ] {
            let address: Address = address.parse().unwrap();
            assert_eq!(address.broadcast(), Some(broadcast.parse().unwrap()));
        }
        assert_eq!("::1/64".parse::<Address>().unwrap().broadcast(), None);
    }
}
