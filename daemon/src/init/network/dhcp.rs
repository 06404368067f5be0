//! DHCP for one interface: a lease is asked for, kept, renewed at half its time, and given up when
//! it ends.

use super::{Interface, netlink::Netlink, write_resolv};
use crate::config::{Address, Network};
use crate::init::console;
use edge_dhcp::{DhcpOption, MessageType, Options, Packet};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// Where a client listens and a server does.
const CLIENT: u16 = 68;
const SERVER: u16 = 67;
/// Bytes of a message; servers send no more to a client that asks for no more.
const MESSAGE: usize = 1500;
/// How long an answer may take at first, and at most.
const PATIENCE_MIN: Duration = Duration::from_secs(1);
const PATIENCE_MAX: Duration = Duration::from_secs(32);
/// What a lease lasts that does not say.
const LEASE: u32 = 3600;
/// The shortest lease that is renewed in time.
const LEASE_MIN: u32 = 60;
/// What is asked for: mask, router, names' servers, domain, lease time.
const WANTED: &[u8] = &[1, 3, 6, 51];

/// What a server granted.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Lease {
    address: Address,
    server: Ipv4Addr,
    gateway: Option<Ipv4Addr>,
    nameservers: Vec<IpAddr>,
    lasts: Duration,
}

/// Keeps a lease for ever.
pub(super) fn run(
    interface: &Interface,
    netlink: &mut Netlink,
    network: &Network,
) -> io::Result<()> {
    let mut held: Option<Lease> = None;
    loop {
        let everyone = IpAddr::V4(Ipv4Addr::BROADCAST);
        netlink.host_route(interface.index, everyone, true)?;
        let (lease, since) = ask(interface, held.as_ref())?;
        netlink.host_route(interface.index, everyone, false)?;
        match lease {
            Some(lease) => {
                if held.as_ref() != Some(&lease) {
                    take(interface, netlink, network, held.as_ref(), &lease)?;
                }
                let half = lease.lasts / 2;
                held = Some(lease);
                std::thread::sleep(half.saturating_sub(since.elapsed()));
            }
            // It was refused or ran out: from the beginning, without an address.
            None => {
                if let Some(old) = held.take() {
                    netlink.remove(interface.index, old.address)?;
                    console::say(&format!("{} has lost {}", interface.name, old.address));
                }
            }
        }
    }
}

fn take(
    interface: &Interface,
    netlink: &mut Netlink,
    network: &Network,
    old: Option<&Lease>,
    new: &Lease,
) -> io::Result<()> {
    if let Some(old) = old
        && old.address != new.address
    {
        netlink.remove(interface.index, old.address)?;
    }
    netlink.add(interface.index, new.address)?;
    if let Some(gateway) = new.gateway {
        netlink.default_route(interface.index, gateway.into())?;
    }
    if network.nameservers.is_empty() {
        write_resolv(&new.nameservers)?;
    }
    console::say(&format!("{} has {} by DHCP", interface.name, new.address));
    Ok(())
}

/// Asks until there is a lease or the held one is refused or has ended; and since when it counts.
fn ask(interface: &Interface, held: Option<&Lease>) -> io::Result<(Option<Lease>, Instant)> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, CLIENT))?;
    socket.set_broadcast(true)?;
    let servers = SocketAddr::from((Ipv4Addr::BROADCAST, SERVER));
    // The held lease's second half is left for renewing it.
    let end = held.map(|lease| Instant::now() + lease.lasts / 2);
    let mut patience = PATIENCE_MIN;
    loop {
        let number = random()?;
        let start = Instant::now();
        let mut exchange = Exchange::new(interface.mac, number, held);
        loop {
            // The cable may be out: what cannot be sent is sent again later.
            let _ = socket.send_to(&exchange.message()?, servers);
            match hear(&socket, &mut exchange, patience)? {
                Heard::Offer => {}
                Heard::Lease(lease) => return Ok((Some(lease), start)),
                Heard::Refusal => return Ok((None, start)),
                Heard::Nothing => break,
            }
        }
        patience = (patience * 2).min(PATIENCE_MAX);
        if end.is_some_and(|end| Instant::now() > end) {
            return Ok((None, start));
        }
    }
}

enum Heard {
    Offer,
    Lease(Lease),
    Refusal,
    Nothing,
}

fn hear(socket: &UdpSocket, exchange: &mut Exchange, patience: Duration) -> io::Result<Heard> {
    let end = Instant::now() + patience;
    let mut buffer = [0; MESSAGE];
    loop {
        let Some(left) = end
            .checked_duration_since(Instant::now())
            .filter(|left| !left.is_zero())
        else {
            return Ok(Heard::Nothing);
        };
        socket.set_read_timeout(Some(left))?;
        if let Ok((length, _)) = socket.recv_from(&mut buffer)
            && let Some(heard) = exchange.hear(&buffer[..length])
        {
            return Ok(heard);
        }
    }
}

fn random() -> io::Result<u32> {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(u32::from_ne_bytes(bytes))
}

/// One exchange: a discovery and a request, or the request of what is held.
struct Exchange {
    mac: [u8; 6],
    number: u32,
    /// What is asked for, and of whom.
    request: Option<(Ipv4Addr, Option<Ipv4Addr>)>,
}

impl Exchange {
    fn new(mac: [u8; 6], number: u32, held: Option<&Lease>) -> Self {
        let request = held.and_then(|lease| match lease.address.ip {
            IpAddr::V4(ip) => Some((ip, None)),
            IpAddr::V6(_) => None,
        });
        Self {
            mac,
            number,
            request,
        }
    }

    /// The next message to send.
    fn message(&self) -> io::Result<Vec<u8>> {
        let mut options = vec![
            DhcpOption::MessageType(match self.request {
                Some(_) => MessageType::Request,
                None => MessageType::Discover,
            }),
            DhcpOption::ParameterRequestList(WANTED),
        ];
        if let Some((ip, server)) = self.request {
            options.push(DhcpOption::RequestedIpAddress(ip));
            options.extend(server.map(DhcpOption::ServerIdentifier));
        }
        let options = Options::new(&options);
        let packet = Packet::new_request(self.mac, self.number, 0, None, true, options);
        let mut buffer = [0; MESSAGE];
        let length = packet
            .encode(&mut buffer)
            .map_err(|error| io::Error::other(error.to_string()))?
            .len();
        // The library sets the lowest bit of the flags' second byte for "answer to all"; it is the
        // highest of the first. Without it a server answers to an address that nobody has yet.
        buffer[10..12].copy_from_slice(&[0x80, 0]);
        Ok(buffer[..length].to_vec())
    }

    /// What an answer means, if it is one to this exchange.
    fn hear(&mut self, message: &[u8]) -> Option<Heard> {
        let packet = Packet::decode(message).ok()?;
        if !packet.is_for_us(&self.mac, self.number) {
            return None;
        }
        let kind = packet.options.iter().find_map(|option| match option {
            DhcpOption::MessageType(kind) => Some(kind),
            _ => None,
        })?;
        match (kind, self.request) {
            (MessageType::Offer, None) => {
                let lease = lease(&packet)?;
                self.request = Some((packet.yiaddr, Some(lease.server)));
                Some(Heard::Offer)
            }
            (MessageType::Ack, Some(_)) => lease(&packet).map(Heard::Lease),
            (MessageType::Nak, Some(_)) => Some(Heard::Refusal),
            _ => None,
        }
    }
}

/// What a packet grants, if it is something to live with.
fn lease(packet: &Packet<'_>) -> Option<Lease> {
    let mut server = packet.siaddr;
    let mut prefix = 24;
    let mut gateway = None;
    let mut nameservers = Vec::new();
    let mut lasts = LEASE;
    for option in packet.options.iter() {
        match option {
            DhcpOption::ServerIdentifier(ip) => server = ip,
            DhcpOption::SubnetMask(mask) => prefix = mask_bits(mask)?,
            DhcpOption::Router(ips) => gateway = ips.iter().next(),
            DhcpOption::DomainNameServer(ips) => {
                nameservers = ips.iter().take(3).map(IpAddr::V4).collect();
            }
            DhcpOption::IpAddressLeaseTime(seconds) => lasts = seconds,
            _ => {}
        }
    }
    let ip = packet.yiaddr;
    if ip.is_unspecified() || ip.is_broadcast() || ip.is_multicast() || ip.is_loopback() {
        return None;
    }
    Some(Lease {
        address: Address {
            ip: ip.into(),
            prefix,
        },
        server,
        gateway,
        nameservers,
        lasts: Duration::from_secs(u64::from(lasts.max(LEASE_MIN))),
    })
}

/// The ones of a mask that has no zeros before them.
fn mask_bits(mask: Ipv4Addr) -> Option<u8> {
    let bits = u32::from(mask);
    let ones = bits.leading_ones();
    (bits.checked_shl(ones).unwrap_or(0) == 0)
        .then(|| u8::try_from(ones).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
    const IP: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 15);
    const SERVER_IP: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 2);

    fn answer(asked: &[u8], kind: MessageType, mask: [u8; 4]) -> Vec<u8> {
        let asked = Packet::decode(asked).unwrap();
        let options = [
            DhcpOption::MessageType(kind),
            DhcpOption::ServerIdentifier(SERVER_IP),
            DhcpOption::SubnetMask(mask.into()),
            DhcpOption::IpAddressLeaseTime(600),
        ];
        let packet = asked.new_reply(Some(IP), Options::new(&options));
        let mut buffer = [0; MESSAGE];
        packet.encode(&mut buffer).unwrap().to_vec()
    }

    #[test]
    fn a_lease_takes_two_exchanges() {
        let mut exchange = Exchange::new(MAC, 7, None);
        let discover = exchange.message().unwrap();
        assert_eq!(discover[10..12], [0x80, 0]);
        let offer = answer(&discover, MessageType::Offer, [255, 255, 255, 0]);
        assert!(matches!(exchange.hear(&offer), Some(Heard::Offer)));
        let request = exchange.message().unwrap();
        let options: Vec<DhcpOption<'_>> =
            Packet::decode(&request).unwrap().options.iter().collect();
        assert!(options.contains(&DhcpOption::RequestedIpAddress(IP)));
        assert!(options.contains(&DhcpOption::ServerIdentifier(SERVER_IP)));
        let ack = answer(&request, MessageType::Ack, [255, 255, 252, 0]);
        let Some(Heard::Lease(lease)) = exchange.hear(&ack) else {
            panic!("no lease");
        };
        assert_eq!(lease.address.to_string(), "10.0.2.15/22");
        assert_eq!(lease.lasts, Duration::from_secs(600));
        let mut renewal = Exchange::new(MAC, 8, Some(&lease));
        let refused = answer(&renewal.message().unwrap(), MessageType::Nak, [255; 4]);
        assert!(matches!(renewal.hear(&refused), Some(Heard::Refusal)));
    }

    #[test]
    fn answers_to_others_and_nonsense_are_not_heard() {
        let mut exchange = Exchange::new(MAC, 7, None);
        let discover = exchange.message().unwrap();
        let other = Exchange::new(MAC, 8, None).message().unwrap();
        let others = answer(&other, MessageType::Offer, [255; 4]);
        assert!(exchange.hear(&others).is_none());
        let early = answer(&discover, MessageType::Ack, [255; 4]);
        assert!(exchange.hear(&early).is_none());
        let mask = answer(&discover, MessageType::Offer, [255, 0, 255, 0]);
        assert!(exchange.hear(&mask).is_none());
        for length in 0..discover.len() {
            assert!(exchange.hear(&discover[..length]).is_none());
        }
    }

    #[test]
    fn masks_are_counted() {
        assert_eq!(mask_bits(Ipv4Addr::new(255, 255, 255, 255)), Some(32));
        assert_eq!(mask_bits(Ipv4Addr::new(255, 255, 240, 0)), Some(20));
        assert_eq!(mask_bits(Ipv4Addr::new(0, 0, 0, 0)), Some(0));
        assert_eq!(mask_bits(Ipv4Addr::new(255, 0, 255, 0)), None);
    }
}
