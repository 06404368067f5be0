//! The kernel's news of devices, to wait for one without asking again and again.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::netlink::{KOBJECT_UEVENT, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// News from when it is opened on.
pub(super) struct Uevents(OwnedFd);

impl Uevents {
    pub(super) fn open() -> rustix::io::Result<Self> {
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::DGRAM,
            SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
            Some(KOBJECT_UEVENT),
        )?;
        // Group 1 is the kernel.
        bind(&socket, &SocketAddrNetlink::new(0, 1))?;
        Ok(Self(socket))
    }

    /// Asks `look` now and after each piece of news, until it finds something or time is up.
    pub(super) fn wait<T>(
        &self,
        patience: Duration,
        mut look: impl FnMut() -> Option<T>,
    ) -> Option<T> {
        let end = Instant::now() + patience;
        loop {
            if let Some(found) = look() {
                return Some(found);
            }
            let left = end.checked_duration_since(Instant::now())?;
            let timeout = Timespec::try_from(left).ok()?;
            let mut fds = [PollFd::new(&self.0, PollFlags::IN)];
            // Interrupted or told: look again either way.
            let _ = poll(&mut fds, Some(&timeout));
            let mut buffer = [0; 4096];
            while recv(&self.0, &mut buffer, RecvFlags::empty()).is_ok() {}
        }
    }
}
