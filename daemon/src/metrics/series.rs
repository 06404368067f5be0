//! Which Workers have labels of their own: so many as the configuration says, the rest is `other`.
//!
//! A counter must not move from one series to another, or rates would jump. So a Worker keeps its
//! label, or its lack of one, for as long as it is known.

use crate::observe::Counts;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

/// What stands for namespace and script of those without labels of their own.
pub const OTHER: &str = "other";

/// Figures of one Worker, or of all that have no labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The dispatch namespace; empty outside of one.
    pub namespace: String,
    /// The script.
    pub script: String,
    /// Its figures.
    pub counts: Counts,
}

/// Who has labels.
#[derive(Debug)]
pub struct Series {
    max: usize,
    hasher: RandomState,
    named: HashSet<u64>,
    /// Those without labels, and what they had when last asked.
    others: HashMap<u64, Counts>,
    /// What those without labels did that are known no more.
    gone: Counts,
}

impl Series {
    /// Labels for at most `max` Workers.
    pub fn new(max: usize) -> Self {
        Self {
            max,
            hasher: RandomState::new(),
            named: HashSet::new(),
            others: HashMap::new(),
            gone: Counts::default(),
        }
    }

    /// Rows with labels, and last the row of all others, if there are any.
    pub fn rows(&mut self, mut all: Vec<(String, String, Counts)>) -> Vec<Row> {
        let known: HashSet<u64> = all.iter().map(|it| self.key(&it.0, &it.1)).collect();
        self.named.retain(|key| known.contains(key));
        let gone = &mut self.gone;
        self.others.retain(|key, counts| {
            let stays = known.contains(key);
            if !stays {
                gone.add(counts);
            }
            stays
        });
        // Of those that come at the same time, whoever has been asked most is of most interest.
        all.sort_by(|a, b| {
            let by_use = b.2.requests.cmp(&a.2.requests);
            by_use.then_with(|| (&a.0, &a.1).cmp(&(&b.0, &b.1)))
        });
        let mut rows = Vec::new();
        for (namespace, script, counts) in all {
            let key = self.key(&namespace, &script);
            // Those beyond what is counted apart come under no name.
            let has_name = !script.is_empty();
            let is_new = !self.others.contains_key(&key) && self.named.len() < self.max;
            if has_name && (self.named.contains(&key) || is_new) {
                self.named.insert(key);
                // Workers outside of dispatch namespaces are in one that has no name for others.
                let namespace = match namespace.starts_with('(') {
                    true => String::new(),
                    false => namespace,
                };
                rows.push(Row {
                    namespace,
                    script,
                    counts,
                });
                continue;
            }
            if let Some(before) = self.others.insert(key, counts)
                && before.requests > counts.requests
            {
                // It was deleted and made anew meanwhile.
                self.gone.add(&before);
            }
        }
        rows.sort_by(|a, b| (&a.namespace, &a.script).cmp(&(&b.namespace, &b.script)));
        let mut rest = self.gone;
        for counts in self.others.values() {
            rest.add(counts);
        }
        if !self.others.is_empty() || rest != Counts::default() {
            rows.push(Row {
                namespace: OTHER.to_owned(),
                script: OTHER.to_owned(),
                counts: rest,
            });
        }
        rows
    }

    fn key(&self, namespace: &str, script: &str) -> u64 {
        self.hasher.hash_one((namespace, script))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(requests: u64) -> Counts {
        Counts {
            requests,
            fuel: requests * 10,
            ..Counts::default()
        }
    }

    #[track_caller]
    fn check(series: &mut Series, known: &[(&str, u64)], expect: &[(&str, u64)]) {
        let all = known.iter();
        let all =
            all.map(|(name, requests)| ("n".to_owned(), (*name).to_owned(), counts(*requests)));
        let rows = series.rows(all.collect());
        let got: Vec<(&str, u64)> = rows
            .iter()
            .map(|row| (row.script.as_str(), row.counts.requests))
            .collect();
        assert_eq!(got, expect);
    }

    #[test]
    fn who_has_a_label_keeps_it_and_others_never_shrink() {
        let mut series = Series::new(2);
        let s = &mut series;
        check(
            s,
            &[("a", 1), ("b", 5), ("c", 3)],
            &[("b", 5), ("c", 3), (OTHER, 1)],
        );
        // Though it is asked more now.
        check(
            s,
            &[("a", 100), ("b", 5), ("c", 3)],
            &[("b", 5), ("c", 3), (OTHER, 100)],
        );
        // A label that is free goes to who comes next, not to who had none.
        check(
            s,
            &[("a", 100), ("c", 3), ("d", 1)],
            &[("c", 3), ("d", 1), (OTHER, 100)],
        );
        // What those did that are gone stays.
        check(
            s,
            &[("c", 4), ("e", 7)],
            &[("c", 4), ("e", 7), (OTHER, 100)],
        );
        check(
            s,
            &[("c", 4), ("e", 7), ("f", 9)],
            &[("c", 4), ("e", 7), (OTHER, 109)],
        );
        check(
            s,
            &[("c", 4), ("e", 7), ("f", 2)],
            &[("c", 4), ("e", 7), (OTHER, 111)],
        );
        check(&mut Series::new(0), &[("a", 1)], &[(OTHER, 1)]);
        check(&mut Series::new(2), &[], &[]);
    }

    #[test]
    fn what_has_no_name_has_no_label() {
        let mut series = Series::new(9);
        let all = vec![
            (String::new(), String::new(), counts(4)),
            ("(account)".to_owned(), "plain".to_owned(), counts(1)),
        ];
        let rows = series.rows(all);
        assert_eq!(
            (rows[0].namespace.as_str(), rows[0].script.as_str()),
            ("", "plain")
        );
        assert_eq!(
            (rows[1].script.as_str(), rows[1].counts.requests),
            (OTHER, 4)
        );
    }
}
