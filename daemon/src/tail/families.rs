//! Invocations of one request that are told together: a dispatch Worker's, and those that it caused
//! in other namespaces.

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

/// Families that are not told yet, the oldest first to go where there are too many.
#[derive(Default)]
pub(super) struct Families {
    by_origin: HashMap<Ray, Family>,
    order: VecDeque<Ray>,
    bytes: usize,
}

#[derive(Default)]
struct Family {
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
    /// An invocation that another caused is over.
    pub fn child(&mut self, origin: Ray, member: Member) -> Option<Complete> {
        self.make_room(origin);
        self.bytes += member.traced.bytes();
        let family = self.by_origin.entry(origin).or_default();
        family.reported += 1;
        if family.children.len() < MEMBERS_MAX {
            family.children.push(member);
        } else {
            self.bytes -= member.traced.bytes();
        }
        let root = family.root.as_ref()?;
        if family.reported < root.expected {
            return None;
        }
        self.give_up(origin)
    }

    /// The invocation that a request from outside began is over; it caused `expected` others.
    pub fn root(
        &mut self,
        origin: Ray,
        member: Member,
        consumers: Arc<[Consumer]>,
        expected: usize,
        depth: u8,
    ) -> Option<Complete> {
        self.make_room(origin);
        self.bytes += member.traced.bytes();
        let family = self.by_origin.entry(origin).or_default();
        family.root = Some(Root {
            member,
            consumers,
            expected,
            depth,
        });
        if family.reported < expected {
            return None;
        }
        self.give_up(origin)
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

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.by_origin.len()
    }

    fn make_room(&mut self, origin: Ray) {
        if self.by_origin.contains_key(&origin) {
            return;
        }
        while self.order.len() >= FAMILIES_MAX || (self.bytes > BYTES_MAX && !self.order.is_empty())
        {
            if let Some(oldest) = self.order.front().copied() {
                self.remove(oldest);
            }
        }
        self.order.push_back(origin);
    }

    fn remove(&mut self, origin: Ray) -> Option<Family> {
        let family = self.by_origin.remove(&origin)?;
        self.order.retain(|it| *it != origin);
        let root = family.root.iter().map(|root| &root.member);
        let members = family.children.iter().chain(root);
        self.bytes -= members.map(|it| it.traced.bytes()).sum::<usize>();
        Some(family)
    }
}
