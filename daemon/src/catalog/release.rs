//! Releases: several scripts, and what belongs to them, that are stored and switched in together or
//! not at all.
//!
//! Everything is judged and started before the first row is written; then one commit has all rows, and
//! one exchange has requests go to all the new versions. A release that is refused, or cut off by a loss of
//! power, leaves everything as it was; files that it wrote are removed, or swept at the next start.

use super::deployments::{Next, Ready};
use super::entrances::routes;
use super::name::{ACCOUNT, ACCOUNT_ID, Id, check_name, shown};
use super::push::{Made, Push, Source};
use super::record::{KvNamespace, Namespace, Script, now_ms};
use super::references::Held;
pub use super::rows::Write;

use super::rows::Rows;
use super::schedules::{expressions, schedules};
use super::services::Coming;
use super::{AssetsChange, Catalog, CatalogError, Change, Result, WantedConsumer, limits};
use crate::assets::{Config, File, content_type_of};
use crate::store::kv::PreparedEntry;
use crate::store::{BlobId, NamespaceId, StoreError};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Bytes of a page of a Worker's memory.
const PAGE: u64 = 64 * 1024;

/// Takes a part of what is read.
pub type Sink<'a> = &'a mut dyn FnMut(&[u8]) -> Result<(), StoreError>;

/// Where the contents of a release come from.
pub trait Parts: Send + Sync {
    /// Hands the content of a part to `sink`, bit by bit. Blocks.
    fn read(&self, part: u32, sink: Sink<'_>) -> Result<()>;
}

/// A script of a release.
pub struct Member {
    /// Its name.
    pub name: String,
    /// Which module starts; empty: it is assets alone.
    pub main_module: String,
    /// Its modules: name, media type, and which part.
    pub modules: Vec<(String, String, u32)>,
    /// Everything else.
    pub change: Change,
    /// Its static assets, paths and parts, and how they are served.
    pub assets: Option<(Vec<(String, u32)>, Config)>,
    /// Its cron triggers.
    pub crons: Vec<String>,
    /// Who is told of its invocations.
    pub consumers: Vec<WantedConsumer>,
}

/// A value of KV.
pub struct Value {
    /// The title of its namespace.
    pub title: String,
    /// Its key.
    pub key: String,
    /// Which part.
    pub part: u32,
}

/// What is to be there afterwards.
pub struct Release {
    /// The name of the dispatch namespace, which is made if there is none; or [`ACCOUNT`].
    pub namespace: String,
    /// The scripts.
    pub members: Vec<Member>,
    /// Scripts of the namespace that go, if they are there.
    pub gone: Vec<String>,
    /// Routes, each with the script that it leads to. All that lead to scripts of the release go.
    pub routes: Vec<(String, String)>,
    /// Values of KV.
    pub values: Vec<Value>,
    /// KV namespaces by title, as [`Catalog::titled`] gave them.
    pub titles: BTreeMap<String, Titled>,
}

/// A KV namespace by its title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Titled {
    /// What bindings refer to.
    pub id: Id,
    /// Whether it comes to be with the release.
    pub is_new: bool,
}

/// What is written in the same commit, which may tell of the scripts as they are then.
pub type Record = Box<dyn FnOnce(&Namespace, &[Script]) -> Write + Send>;

/// A release on its way, whose scripts are made.
struct Prepared<W> {
    rows: Rows,
    ready: Vec<Ready<W>>,
    unneeded: Vec<BlobId>,
}

impl<W: Send + Sync + 'static> Catalog<W> {
    /// The KV namespaces with these titles; those that are not there get an id.
    pub fn titled(&self, titles: BTreeSet<String>) -> Result<BTreeMap<String, Titled>> {
        let all = self.kv_namespaces()?;
        let mut found = BTreeMap::new();
        for title in titles {
            let known = all.iter().find(|namespace| namespace.title == title);
            if known.is_none() {
                super::kv_namespaces::check_title(&title)?;
            }
            let titled = Titled {
                id: known.map_or_else(Id::random, |namespace| namespace.id),
                is_new: known.is_none(),
            };
            found.insert(title, titled);
        }
        Ok(found)
    }

    /// Has all of a release there, or nothing of it. When this returns, it is durable and new requests go to
    /// it. The scripts as they are then.
    pub async fn release(
        &self,
        release: Release,
        parts: Arc<dyn Parts>,
        record: Record,
    ) -> Result<Vec<Script>> {
        let mut held = Vec::new();
        let released = self.release_holding(release, parts, record, &mut held);
        let released = released.await;
        Held::give_back(held).await;
        released
    }

    async fn release_holding(
        &self,
        release: Release,
        parts: Arc<dyn Parts>,
        record: Record,
        held: &mut Vec<Held>,
    ) -> Result<Vec<Script>> {
        let (namespace, is_new) = self.place(&release.namespace)?;
        let kv: Vec<Id> = release.titles.values().map(|it| it.id).collect();
        let scripts: Vec<String> = release.members.iter().map(|it| it.name.clone()).collect();
        let coming = Coming {
            kv: &kv,
            scripts: &scripts,
        };
        let names = names(&release)?;
        // In the order of their names, so that two releases never wait for each other.
        let mut locks = Vec::with_capacity(names.len());
        for name in &names {
            locks.push(self.locks.lock(namespace.id, name).await);
        }
        let patterns = routes::parsed(&release.routes)?;
        let mut made = Vec::with_capacity(release.members.len());
        for member in &release.members {
            expressions(&member.crons)?;
            let subject = member.name.as_str().into();
            let (_, settings) =
                self.prepare(&namespace, &subject, member.change.clone(), false, coming)?;
            drop(settings);
            let push = self.push_of(member, &parts, held).await?;
            let one = self
                .make(&namespace, &subject, push, true, coming, held)
                .await
                .map_err(|error| in_script(&subject, error))?;
            self.runtime
                .check_room(u64::from(one.verdict.pages) * PAGE)
                .map_err(|what| in_script(&member.name, CatalogError::Invalid(what)))?;
            made.push(one);
        }
        let entries = self.entries(&release, &parts).await?;

        let _alone = self.structure.write().await;
        let namespace = match is_new {
            true if self.namespace(&release.namespace).is_ok() => {
                return Err(CatalogError::Meanwhile("the dispatch namespace"));
            }
            true => namespace,
            false => self.namespace_by_id(namespace.id, &release.namespace)?,
        };
        let rows = self.beginning(&namespace, is_new, &release.titles)?;
        let Release {
            members,
            gone,
            routes,
            ..
        } = release;
        let (prepared, consumers) = self.prepared(rows, &namespace, members, made, coming)?;
        let Prepared {
            mut rows,
            ready,
            mut unneeded,
        } = prepared;
        if namespace.id == ACCOUNT_ID {
            let is_own = |script: &str| names.contains(script);
            rows = self.with_routes(rows, &is_own, routes, &patterns)?.0;
        }
        let mut doomed = Vec::new();
        for name in &gone {
            doomed.extend(self.find_script(namespace.id, name)?);
        }
        let (mut rows, blobs) = self.without(rows, &namespace, &doomed)?;
        unneeded.extend(blobs);
        let scripts: Vec<Script> = ready.iter().map(|ready| ready.script.clone()).collect();
        rows = rows.with(record(&namespace, &scripts));

        let counted = ready.iter().flat_map(|it| &it.counted);
        let held = counted.map(|blob| self.references.hold(*blob)).collect();
        self.commit_with(rows, entries, held).await?;
        self.reserve().await;
        if is_new {
            self.serving.call(namespace.id, &namespace.name);
        }
        self.exchange(&namespace, &ready, &doomed)?;
        for ((script, consumers), ready) in scripts.iter().zip(consumers).zip(&ready) {
            let crons = script.schedules.iter().map(|it| it.cron.clone());
            let crons: Vec<_> = crons.collect();
            let key = (namespace.id, script.name.clone());
            self.timetable
                .set(key, expressions(&crons)?, crate::cron::now_ms());
            self.tell_tails(&namespace.name, &script.name, consumers);
            let fuel = ready.script.verdict.startup_fuel;
            self.runtime.deployed(&namespace.name, &script.name, fuel);
        }
        self.references.release(unneeded.iter()).await;
        Ok(scripts)
    }

    /// Where a release goes, and whether that comes to be with it.
    fn place(&self, name: &str) -> Result<(Namespace, bool)> {
        if name != ACCOUNT {
            check_name("dispatch namespace", name)?;
        }
        match self.namespace(name) {
            Ok(namespace) => Ok((namespace, false)),
            Err(CatalogError::NamespaceNotFound(_)) => {
                let now = now_ms();
                let namespace = Namespace {
                    id: Id::random(),
                    name: name.to_owned(),
                    created_ms: now,
                    modified_ms: now,
                    trusted_workers: false,
                };
                Ok((namespace, true))
            }
            Err(error) => Err(error),
        }
    }

    /// What is pushed of a script: its modules in memory, its assets stored.
    async fn push_of(
        &self,
        member: &Member,
        parts: &Arc<dyn Parts>,
        held: &mut Vec<Held>,
    ) -> Result<Push> {
        let mut modules = Vec::with_capacity(member.modules.len());
        for (name, content_type, part) in &member.modules {
            modules.push(Source {
                name: name.clone(),
                content_type: content_type.clone(),
                bytes: bytes(parts, *part).await?,
            });
        }
        let assets = match &member.assets {
            None => AssetsChange::None,
            Some((listed, config)) => {
                let mut files = Vec::with_capacity(listed.len());
                for (path, part) in listed {
                    files.push(self.asset(path, *part, parts, held).await?);
                }
                AssetsChange::Files {
                    files,
                    config: config.clone(),
                }
            }
        };
        Ok(Push {
            main_module: member.main_module.clone(),
            modules,
            change: member.change.clone(),
            keep_settings: false,
            assets,
        })
    }

    async fn asset(
        &self,
        path: &str,
        part: u32,
        parts: &Arc<dyn Parts>,
        held: &mut Vec<Held>,
    ) -> Result<File> {
        let mut writer = self.asset_writer()?;
        let parts = parts.clone();
        let writer = postern_task::unblock(move || {
            parts.read(part, &mut |bytes| writer.write(bytes))?;
            Ok::<_, CatalogError>(writer)
        })
        .await?;
        let len = writer.len();
        let put = self.references.put_written(writer).await?;
        let blob = put.blob();
        held.push(put);
        Ok(File {
            path: path.to_owned(),
            hash: blob.to_string()[..32].to_owned(),
            blob,
            len,
            content_type: Some(content_type_of(path).to_owned()),
        })
    }

    async fn entries(
        &self,
        release: &Release,
        parts: &Arc<dyn Parts>,
    ) -> Result<Vec<(NamespaceId, PreparedEntry)>> {
        let mut entries = Vec::with_capacity(release.values.len());
        for value in &release.values {
            let bytes = bytes(parts, value.part).await?;
            let (kv, key) = (self.store.kv().clone(), value.key.clone());
            let entry = postern_task::unblock(move || kv.prepare(key, bytes)).await?;
            let titled = release.titles.get(&value.title);
            let id = titled.map_or(Id([0; 16]), |titled| titled.id);
            entries.push((NamespaceId(id.0), entry));
        }
        Ok(entries)
    }

    /// The rows of namespaces that come to be with a release.
    fn beginning(
        &self,
        namespace: &Namespace,
        is_new: bool,
        titles: &BTreeMap<String, Titled>,
    ) -> Result<Rows> {
        let mut rows = Rows::default();
        let too_many = |what, limit| Err(CatalogError::TooMany { what, limit });
        if is_new {
            if self.dispatch_namespaces()?.len() >= limits::NAMESPACES_MAX {
                return too_many("dispatch namespaces", limits::NAMESPACES_MAX);
            }
            let key = namespace.id.0.to_vec();
            rows = rows.put(Namespace::TABLE, key, namespace.clone());
        }
        let known = self.kv_namespaces()?;
        for (title, titled) in titles {
            let now = known.iter().find(|it| it.title == *title);
            if now.map(|now| now.id) != (!titled.is_new).then_some(titled.id) {
                return Err(CatalogError::Meanwhile("a KV namespace"));
            }
        }
        let new = titles.iter().filter(|(_, titled)| titled.is_new);
        if known.len() + new.clone().count() > limits::KV_NAMESPACES_MAX {
            return too_many("KV namespaces", limits::KV_NAMESPACES_MAX);
        }
        for (title, titled) in new {
            let namespace = KvNamespace {
                id: titled.id,
                title: title.clone(),
                created_ms: now_ms(),
            };
            rows = rows.put(KvNamespace::TABLE, titled.id.0.to_vec(), namespace);
        }
        Ok(rows)
    }

    /// Starts the new versions, and adds their rows.
    fn prepared(
        &self,
        mut rows: Rows,
        namespace: &Namespace,
        members: Vec<Member>,
        made: Vec<Made>,
        coming: Coming<'_>,
    ) -> Result<(Prepared<W>, Vec<super::tails::TailConsumers>)> {
        let mut scripts = Vec::with_capacity(members.len());
        let mut rest = Vec::with_capacity(members.len());
        let mut new = self.scripts_of(namespace.id)?.len();
        for (member, made) in members.into_iter().zip(made) {
            let change = member.change;
            let note = change.note.clone();
            let (before, settings) = self.prepare(
                namespace,
                &member.name.as_str().into(),
                change,
                false,
                coming,
            )?;
            new += usize::from(before.is_none());
            let settings = (before.as_ref(), settings);
            let mut script = self.version_of(namespace, &member.name, made, settings)?;
            script.schedules =
                schedules(&script, member.crons).map_err(|error| in_script(&member.name, error))?;
            scripts.push(script);
            rest.push((before, note, member.consumers));
        }
        if new > limits::SCRIPTS_MAX {
            return Err(CatalogError::TooMany {
                what: "scripts in this dispatch namespace",
                limit: limits::SCRIPTS_MAX,
            });
        }
        let mut consumers = Vec::with_capacity(scripts.len());
        for (script, (_, _, wanted)) in scripts.iter().zip(&rest) {
            let resolved = self
                .resolve_consumers(namespace, wanted, &scripts)
                .map_err(|error| in_script(&script.name, error))?;
            rows = resolved.rows(rows, namespace.id, &script.name);
            consumers.push(resolved);
        }
        let (mut ready, mut unneeded) = (Vec::with_capacity(scripts.len()), Vec::new());
        for (script, (before, note, _)) in scripts.into_iter().zip(rest) {
            let name = script.name.clone();
            let (more, mut one) = self
                .ready(namespace, before, Next::whole(script, note), rows)
                .map_err(|error| in_script(&name, error))?;
            rows = more;
            unneeded.append(&mut one.unneeded);
            ready.push(one);
        }
        let prepared = Prepared {
            rows,
            ready,
            unneeded,
        };
        Ok((prepared, consumers))
    }

    /// Has requests go to all that is ready, and to nothing that is gone, from one moment on.
    fn exchange(&self, namespace: &Namespace, ready: &[Ready<W>], gone: &[Script]) -> Result<()> {
        for one in ready {
            self.watch
                .set(&one.deployed, namespace.id, &one.script.name);
        }
        let new = ready.iter();
        let new = new.map(|one| (one.script.name.clone(), one.deployed.clone()));
        let names: Vec<String> = gone.iter().map(|script| script.name.clone()).collect();
        let old = self
            .serving
            .exchange(&namespace.name, new.collect(), &names);
        if namespace.id == ACCOUNT_ID {
            self.open_gate()?;
        }
        for old in old {
            self.retire_but(&old, None);
        }
        for one in ready {
            self.arrived(namespace, &one.script);
        }
        for script in gone {
            self.left(namespace, script);
        }
        Ok(())
    }
}

/// The names of all scripts that a release is about, each checked.
fn names(release: &Release) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for member in &release.members {
        check_name("script", &member.name)?;
        if !names.insert(member.name.clone()) {
            return Err(CatalogError::BadMetadata(format!(
                "two scripts are named '{}'",
                shown(&member.name)
            )));
        }
    }
    for (_, script) in &release.routes {
        if !names.contains(script) {
            return Err(CatalogError::BadMetadata(format!(
                "a route leads to '{}', which does not come with it",
                shown(script)
            )));
        }
    }
    names.extend(release.gone.iter().cloned());
    Ok(names)
}

/// All of a part.
async fn bytes(parts: &Arc<dyn Parts>, part: u32) -> Result<Bytes> {
    let parts = parts.clone();
    postern_task::unblock(move || {
        let mut all = Vec::new();
        parts.read(part, &mut |bytes| {
            all.extend_from_slice(bytes);
            Ok(())
        })?;
        Ok(Bytes::from(all))
    })
    .await
}

/// What is wrong, with the script where it is.
fn in_script(name: &str, error: CatalogError) -> CatalogError {
    match error {
        // These are not the script's fault.
        error @ (CatalogError::Store(_) | CatalogError::Vault(_)) => error,
        error => CatalogError::InScript(name.to_owned(), Box::new(error)),
    }
}
