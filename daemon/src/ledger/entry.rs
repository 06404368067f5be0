//! An account as it is shown: to people as a tree, to machines as JSON.

use super::{Budget, shown};
use serde::{Deserialize, Serialize};

/// One account, with the accounts that it is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What it is called.
    pub name: String,
    /// Bytes that it may have, which nobody else gets.
    pub granted_bytes: u64,
    /// Bytes of RAM that it has, which nothing else has as well.
    pub resident_bytes: u64,
    /// Bytes that it may be granted, where that is bounded for it alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_bytes: Option<u64>,
    /// What it is made of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Self>,
}

impl Entry {
    /// One without parts.
    pub fn new(name: &str, granted: u64, resident: u64, limit: Option<u64>) -> Self {
        Self {
            name: name.to_owned(),
            granted_bytes: granted,
            resident_bytes: resident,
            limit_bytes: limit,
            parts: Vec::new(),
        }
    }

    /// What a budget is, with its parts; `leaves` has what is below one beside them.
    pub fn of(budget: &Budget, leaves: &mut impl FnMut(&Budget) -> Vec<Self>) -> Self {
        let mut parts: Vec<Self> = budget
            .parts()
            .iter()
            .map(|part| Self::of(part, leaves))
            .collect();
        parts.extend(leaves(budget));
        let limit = Some(budget.limit()).filter(|limit| *limit < u64::MAX);
        Self {
            granted_bytes: budget.used(),
            ..Self::sum(budget.name(), limit, parts)
        }
    }

    /// One made of these.
    pub fn sum(name: &str, limit: Option<u64>, parts: Vec<Self>) -> Self {
        Self {
            name: name.to_owned(),
            granted_bytes: parts.iter().map(|it| it.granted_bytes).sum(),
            resident_bytes: parts.iter().map(|it| it.resident_bytes).sum(),
            limit_bytes: limit,
            parts,
        }
    }

    /// The lines of the tree.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "{:<44} {:>10} {:>10} {:>10}",
            "", "resident", "granted", "of"
        )];
        self.draw("", "", &mut lines);
        lines
    }

    fn draw(&self, here: &str, below: &str, lines: &mut Vec<String>) {
        let limit = self.limit_bytes.map(shown).unwrap_or_default();
        let name = format!("{here}{}", self.name);
        let line = format!(
            "{name:<44} {:>10} {:>10} {limit:>10}",
            shown(self.resident_bytes),
            shown(self.granted_bytes)
        );
        lines.push(line.trim_end().to_owned());
        for (at, part) in self.parts.iter().enumerate() {
            let is_last = at + 1 == self.parts.len();
            let (branch, under) = if is_last {
                ("└ ", "  ")
            } else {
                ("├ ", "│ ")
            };
            part.draw(
                &format!("{below}{branch}"),
                &format!("{below}{under}"),
                lines,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_tree_is_drawn() {
        let device = Budget::new("device", 64 << 20);
        let workers = device.part("engine", 28 << 20);
        let worker = workers.part("n/shop", u64::MAX).part("shop", u64::MAX);
        let _share = worker.take(2 << 20).unwrap();
        let leaf = Entry::new("isolate", 2 << 20, 300 << 10, None);
        let tree = Entry::of(&device, &mut |budget| {
            let is_worker = budget.is(&worker);
            is_worker.then(|| leaf.clone()).into_iter().collect()
        });
        let lines = tree.lines();
        assert_eq!(lines.len(), 6, "{lines:#?}");
        assert!(lines[1].starts_with("device ") && lines[1].ends_with("64.0 MiB"));
        assert!(lines[2].starts_with("└ engine "), "{lines:#?}");
        assert!(lines[5].starts_with("      └ isolate "), "{lines:#?}");
        assert_eq!(tree.resident_bytes, 300 << 10);
        assert_eq!(tree.granted_bytes, 2 << 20);
        let json = serde_json::to_value(&tree).unwrap();
        assert_eq!(json["parts"][0]["limit_bytes"], 28 << 20);
        assert_eq!(serde_json::from_value::<Entry>(json).unwrap(), tree);
    }
}
