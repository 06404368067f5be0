//! Between the engine, who is told of invocations, and the management port, where their records are read.

use crate::catalog::guard::Watch;
use crate::engine::invocation::Ray;
use crate::engine::{self, Finished, Observer};
use crate::manage::{LogSource, LogStream};
use crate::observe::{self, Filter, Follow, Followed, Observe};
use crate::tune::Tune;
use futures_lite::{StreamExt, stream};
use std::sync::{Arc, OnceLock};

/// Who is told of invocations: those who keep logs and figures, and those who compare versions.
pub(super) struct Told {
    pub(super) observe: Observe,
    pub(super) watch: OnceLock<Arc<Watch>>,
    pub(super) tune: Tune,
}

impl Observer for Told {
    fn finished(&self, finished: &Finished<'_>) {
        self.observe.finished(finished);
        // What was not let in used nothing, and tells nothing of a version.
        if finished.stage == engine::refusal::Stage::Admission {
            return;
        }
        self.tune.finished(finished);
        if let Some(watch) = self.watch.get() {
            watch.finished(finished);
        }
    }

    fn deployed(&self, deployed: &engine::finished::Deployed<'_>) {
        self.observe.deployed(deployed);
    }

    fn refused(&self, namespace: &str, script: &str, limit: &'static str) {
        self.observe.refused(namespace, script, limit);
    }
}

/// Records of invocations for the management port.
pub(super) struct Logs(pub(super) Observe);

impl LogSource for Logs {
    fn recent(&self, namespace: &str, script: &str) -> Vec<Arc<observe::Record>> {
        self.0.recent(namespace, script)
    }

    fn all(&self) -> Vec<Arc<observe::Record>> {
        self.0.all_recent()
    }

    fn kept_bytes(&self) -> usize {
        self.0.kept_bytes()
    }

    fn counts(&self) -> Vec<(String, String, observe::Counts)> {
        self.0.all_counts()
    }

    fn follow(&self, filter: Filter) -> Result<Follow, String> {
        self.0.follow(filter).map_err(|error| error.to_string())
    }

    fn explain(&self, ray: Ray) -> Vec<observe::Failed> {
        self.0.explain(ray)
    }

    fn failures(&self, count: usize) -> Vec<observe::Failed> {
        self.0.failures(count)
    }

    fn logs(&self, namespace: &str, script: &str, follow: bool) -> Result<LogStream, String> {
        let shown = |record: &observe::Record| record.to_json().to_string();
        // Followed first and read then, so that nothing falls between; what is seen twice is
        // told once.
        let following = follow.then(|| {
            self.0.follow(Filter {
                namespace: Some(namespace.to_owned()),
                script: Some(script.to_owned()),
                ..Filter::default()
            })
        });
        let recent = self.0.recent(namespace, script);
        let last = recent.last().map(|record| record.ray);
        let before = stream::iter(
            recent
                .iter()
                .map(|record| shown(record))
                .collect::<Vec<_>>(),
        );
        match following.transpose().map_err(|error| error.to_string())? {
            None => Ok(Box::pin(before)),
            Some(follow) => {
                let after = stream::unfold(follow, |mut follow| async move {
                    let Followed { record, lost } = follow.next().await;
                    Some(((record, lost), follow))
                })
                .skip_while(move |(record, _)| last == Some(record.ray))
                .map(move |(record, lost)| {
                    let mut told = record.to_json();
                    if lost > 0 {
                        told["lost"] = lost.into();
                    }
                    told.to_string()
                });
                Ok(Box::pin(before.chain(after)))
            }
        }
    }
}
