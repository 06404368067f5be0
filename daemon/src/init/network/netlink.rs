//! Changes of the kernel's network, asked for by messages of rtnetlink.

use crate::config::Address;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with,
};
use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;

const NEW_LINK: u16 = 16;
const NEW_ADDRESS: u16 = 20;
const DELETE_ADDRESS: u16 = 21;
const NEW_ROUTE: u16 = 24;
const DELETE_ROUTE: u16 = 25;
/// The kind of an answer.
const ERROR: u16 = 2;

const REQUEST: u16 = 0x1;
const ACKNOWLEDGE: u16 = 0x4;
const REPLACE: u16 = 0x100;
const CREATE: u16 = 0x400;

const UP: u32 = 1;
const INET: u8 = 2;
const INET6: u8 = 10;
const MAIN_TABLE: u8 = 254;
const STATIC: u8 = 4;
const LINK_SCOPE: u8 = 253;
const UNICAST: u8 = 1;

/// Attributes of addresses and of routes.
const ADDRESS: u16 = 1;
const LOCAL: u16 = 2;
const BROADCAST: u16 = 4;
const DESTINATION: u16 = 1;
const OUT: u16 = 4;
const GATEWAY: u16 = 5;

/// A connection to the kernel's network.
pub(super) struct Netlink {
    socket: OwnedFd,
    number: u32,
}

impl Netlink {
    /// Opens one.
    pub(super) fn open() -> io::Result<Self> {
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            // The first protocol is routing.
            None,
        )?;
        Ok(Self { socket, number: 0 })
    }

    /// Switches an interface on.
    pub(super) fn up(&mut self, index: u32) -> io::Result<()> {
        let mut body = vec![0; 4];
        body.extend(index.to_ne_bytes());
        body.extend(UP.to_ne_bytes());
        body.extend(UP.to_ne_bytes());
        self.call(NEW_LINK, 0, &body)
    }

    /// Gives an interface an address.
    pub(super) fn add(&mut self, index: u32, address: Address) -> io::Result<()> {
        self.call(NEW_ADDRESS, CREATE | REPLACE, &address_body(index, address))
    }

    /// Takes an address away.
    pub(super) fn remove(&mut self, index: u32, address: Address) -> io::Result<()> {
        self.call(DELETE_ADDRESS, 0, &address_body(index, address))
    }

    /// Sends what is for elsewhere to a gateway.
    pub(super) fn default_route(&mut self, index: u32, gateway: IpAddr) -> io::Result<()> {
        let body = route_body(index, None, Some(gateway));
        self.call(NEW_ROUTE, CREATE | REPLACE, &body)
    }

    /// Has an interface take what is for this address alone: the way for broadcasts while there is
    /// no other.
    pub(super) fn host_route(&mut self, index: u32, host: IpAddr, there: bool) -> io::Result<()> {
        let body = route_body(index, Some(host), None);
        if there {
            self.call(NEW_ROUTE, CREATE | REPLACE, &body)
        } else {
            self.call(DELETE_ROUTE, 0, &body)
        }
    }

    fn call(&mut self, kind: u16, flags: u16, body: &[u8]) -> io::Result<()> {
        self.number += 1;
        let message = message(kind, REQUEST | ACKNOWLEDGE | flags, self.number, body);
        let kernel = SocketAddrNetlink::new(0, 0);
        sendto(&self.socket, &message, SendFlags::empty(), &kernel)?;
        let mut answer = [0; 1024];
        let (length, _) = recv(&self.socket, &mut answer, RecvFlags::empty())?;
        match answered(&answer[..length]) {
            Some(0) => Ok(()),
            Some(code) => Err(io::Error::from_raw_os_error(-code)),
            None => Err(io::Error::other("the kernel answered something else")),
        }
    }
}

fn message(kind: u16, flags: u16, number: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + body.len()).unwrap_or(u32::MAX);
    let mut bytes = Vec::new();
    bytes.extend(length.to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend(number.to_ne_bytes());
    bytes.extend([0; 4]);
    bytes.extend(body);
    bytes
}

/// The code in an answer: 0, or an error's number below 0.
fn answered(answer: &[u8]) -> Option<i32> {
    let kind = u16::from_ne_bytes(answer.get(4..6)?.try_into().ok()?);
    let code = i32::from_ne_bytes(answer.get(16..20)?.try_into().ok()?);
    (kind == ERROR).then_some(code)
}

fn family(ip: IpAddr) -> u8 {
    match ip {
        IpAddr::V4(_) => INET,
        IpAddr::V6(_) => INET6,
    }
}

fn octets(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}

/// An attribute, filled up to a multiple of four bytes.
fn attribute(bytes: &mut Vec<u8>, kind: u16, value: &[u8]) {
    let length = u16::try_from(4 + value.len()).unwrap_or(u16::MAX);
    bytes.extend(length.to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

fn address_body(index: u32, address: Address) -> Vec<u8> {
    let mut body = vec![family(address.ip), address.prefix, 0, 0];
    body.extend(index.to_ne_bytes());
    attribute(&mut body, LOCAL, &octets(address.ip));
    attribute(&mut body, ADDRESS, &octets(address.ip));
    if let Some(broadcast) = address.broadcast() {
        attribute(&mut body, BROADCAST, &broadcast.octets());
    }
    body
}

fn route_body(index: u32, host: Option<IpAddr>, gateway: Option<IpAddr>) -> Vec<u8> {
    let ip = host.or(gateway);
    let bits = host.map_or(0, |host| if host.is_ipv4() { 32 } else { 128 });
    let scope = if gateway.is_some() { 0 } else { LINK_SCOPE };
    let mut body = vec![ip.map_or(INET, family), bits, 0, 0];
    body.extend([MAIN_TABLE, STATIC, scope, UNICAST]);
    body.extend([0; 4]);
    if let Some(host) = host {
        attribute(&mut body, DESTINATION, &octets(host));
    }
    if let Some(gateway) = gateway {
        attribute(&mut body, GATEWAY, &octets(gateway));
    }
    attribute(&mut body, OUT, &index.to_ne_bytes());
    body
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_kernel_understands_and_refuses() {
        // Interface 0 is none: the kernel reads the message, and says so or that only root may.
        let mut netlink = Netlink::open().unwrap();
        let address: Address = "192.0.2.1/24".parse().unwrap();
        for answer in [
            netlink.up(u32::MAX >> 1),
            netlink.add(u32::MAX >> 1, address),
            netlink.default_route(u32::MAX >> 1, "192.0.2.2".parse().unwrap()),
        ] {
            let code = answer.unwrap_err().raw_os_error().unwrap();
            let errno = rustix::io::Errno::from_raw_os_error(code);
            let expected = [
                rustix::io::Errno::PERM,
                rustix::io::Errno::NODEV,
                rustix::io::Errno::NXIO,
                rustix::io::Errno::NETUNREACH,
            ];
            assert!(expected.contains(&errno), "{errno}");
        }
    }

    #[test]
    fn attributes_are_filled_up() {
        let mut bytes = Vec::new();
        attribute(&mut bytes, 7, &[1, 2, 3]);
        assert_eq!(bytes.len(), 8);
        assert_eq!(u16::from_ne_bytes([bytes[0], bytes[1]]), 7);
        assert_eq!(bytes[4..], [1, 2, 3, 0]);
    }

    #[test]
    fn what_is_no_answer_is_none() {
        assert_eq!(answered(&[]), None);
        let mut answer = message(ERROR, 0, 1, &(-1_i32).to_ne_bytes());
        assert_eq!(answered(&answer), Some(-1));
        answer[4..6].copy_from_slice(&NEW_LINK.to_ne_bytes());
        assert_eq!(answered(&answer), None);
    }
}
