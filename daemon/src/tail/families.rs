//! Invocations of one request that are told together: a dispatch Worker's, and those that it caused
//! in other namespaces.

use super::shares::{Shares, Tenant};
use super::{Consumer, Traced};
use crate::engine::invocation::Ray;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Requests whose invocations are kept together.
const FAMILIES_MAX: usize = 256;
/// Invocations of one request.
const MEMBERS_MAX: usize = 32;
/// Bytes of all of them.
const BYTES_MAX: usize = 1024 * 1024;
/// What a family counts for beside its bytes, of a tenant's share: as much as one of
/// [`FAMILIES_MAX`] is of [`BYTES_MAX`].
const FAMILY_COST: usize = BYTES_MAX / FAMILIES_MAX;

/// One invocation of a family.
pub(super) struct Member {
    pub traced: Traced,
    pub namespace: String,
}

/// A family that is to be told.
pub(super) struct Complete {
    pub consumers: Arc<[Consumer]>,
    pub items: Vec<Traced>,
    pub depth: u8,
}

/// Families that are not told yet. Where there are too many, the oldest of the tenant that has the
/// most goes first, and is told as far as it is known.
#[derive(Default)]
pub(super) struct Families {
    by_origin: HashMap<Ray, Family>,
    order: VecDeque<Ray>,
    bytes: usize,
    shares: Shares,
}

struct Family {
    /// Whose it is: whoever was over first.
    tenant: Tenant,
    bytes: usize,
    children: Vec<Member>,
    /// Children that were reported, those left out included.
    reported: usize,
    root: Option<Root>,
}

struct Root {
    member: Member,
    consumers: Arc<[Consumer]>,
    expected: usize,
    depth: u8,
}

impl Families {
    /// An invocation that another caused is over. Gives what is to be told now.
    pub fn child(&mut self, origin: Ray, member: Member) -> Vec<Complete> {
        let mut told = self.make_room(origin, &member);
        let bytes = member.traced.bytes();
        let Some(family) = self.by_origin.get_mut(&origin) else {
            return told;
        };
        family.reported += 1;
        if family.children.len() < MEMBERS_MAX {
            family.children.push(member);
            self.grow(origin, bytes);
        }
        told.extend(self.complete(origin));
        told
    }

    /// The invocation that a request from outside began is over; it caused `expected` others.
    pub fn root(
        &mut self,
        origin: Ray,
        member: Member,
        consumers: Arc<[Consumer]>,
        expected: usize,
        depth: u8,
    ) -> Vec<Complete> {
        let mut told = self.make_room(origin, &member);
        let bytes = member.traced.bytes();
        if let Some(family) = self.by_origin.get_mut(&origin) {
            family.root = Some(Root {
                member,
                consumers,
                expected,
                depth,
            });
            self.grow(origin, bytes);
        }
        told.extend(self.complete(origin));
        told
    }

    /// Forgets what an invocation caused of which nobody is told.
    pub fn forget(&mut self, origin: Ray) {
        self.remove(origin);
    }

    /// Takes a family out as it is.
    pub fn give_up(&mut self, origin: Ray) -> Option<Complete> {
        let family = self.remove(origin)?;
        let root = family.root?;
        let own = root.member.namespace;
        let others = family.children.into_iter();
        // Workers of the same namespace are called by service bindings, and told by their own
        // consumers alone.
        let others = others.filter(|child| child.namespace != own);
        Some(Complete {
            consumers: root.consumers,
            items: std::iter::once(root.member.traced)
                .chain(others.map(|child| child.traced))
                .collect(),
            depth: root.depth,
        })
    }

    /// Whether a family waits for more of it.
    pub fn has(&self, origin: Ray) -> bool {
        self.by_origin.contains_key(&origin)
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.by_origin.len()
    }

    /// Takes a family out if all of it is known.
    fn complete(&mut self, origin: Ray) -> Option<Complete> {
        let family = self.by_origin.get(&origin)?;
        let root = family.root.as_ref()?;
        (family.reported >= root.expected)
            .then(|| self.give_up(origin))
            .flatten()
    }

    /// Makes room for a member, and a family for it.
    fn make_room(&mut self, origin: Ray, member: &Member) -> Vec<Complete> {
        let mut told = Vec::new();
        if self.by_origin.contains_key(&origin) {
            return told;
        }
        let tenant = Tenant::of(std::slice::from_ref(&member.traced));
        while self.order.len() >= FAMILIES_MAX || (self.bytes > BYTES_MAX && !self.order.is_empty())
        {
            let most = self.shares.more_than(&tenant, 0);
            let most = most.as_ref().unwrap_or(&tenant);
            let of_most = |it: &&Ray| self.by_origin.get(it).is_some_and(|it| it.tenant == *most);
            // Without one of its own it has the least of all who have as much.
            let oldest = self.order.iter().find(of_most).or(self.order.front());
            match oldest.copied() {
                Some(oldest) => told.extend(self.give_up(oldest)),
                None => break,
            }
        }
        self.order.push_back(origin);
        self.shares.add(&tenant, FAMILY_COST);
        self.by_origin.insert(
            origin,
            Family {
                tenant,
                bytes: 0,
                children: Vec::new(),
                reported: 0,
                root: None,
            },
        );
        told
    }

    fn grow(&mut self, origin: Ray, bytes: usize) {
        if let Some(family) = self.by_origin.get_mut(&origin) {
            family.bytes += bytes;
            self.bytes += bytes;
            self.shares.add(&family.tenant, bytes);
        }
    }

    fn remove(&mut self, origin: Ray) -> Option<Family> {
        let family = self.by_origin.remove(&origin)?;
        self.order.retain(|it| *it != origin);
        self.bytes -= family.bytes;
        self.shares.take(&family.tenant, FAMILY_COST + family.bytes);
        Some(family)
    }
}
