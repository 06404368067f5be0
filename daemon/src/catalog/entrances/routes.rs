//! Routes: listing, adding, changing and removing them.

use super::pattern::Pattern;
use super::record::Route;
use super::{EntranceError, ROUTES_MAX};
use crate::catalog::name::{Id, shown};
use crate::catalog::rows::Rows;
use crate::catalog::{Catalog, CatalogError, Result};

/// What a route is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteChange {
    /// Its pattern.
    pub pattern: String,
    /// Where it leads; none hides less specific routes.
    pub script: Option<String>,
}

impl<W: Send + Sync + 'static> Catalog<W> {
    /// All routes, by pattern.
    pub fn routes(&self) -> Result<Vec<Route>> {
        let mut routes: Vec<Route> = self.rows(Route::TABLE, &[])?;
        routes.sort_by(|a, b| a.pattern.cmp(&b.pattern));
        Ok(routes)
    }

    /// The route of this id.
    pub fn route(&self, id: &str) -> Result<Route> {
        let missing = || EntranceError::RouteNotFound(shown(id));
        let id = Id::parse(id).ok_or_else(missing)?;
        Ok(self.row(Route::TABLE, &id.0)?.ok_or_else(missing)?)
    }

    /// Adds a route.
    pub async fn add_route(&self, change: RouteChange) -> Result<Route> {
        let pattern = Pattern::parse(&change.pattern)?;
        let _alone = self.structure.write().await;
        let routes = self.routes()?;
        refuse_twice(&routes, &pattern, None)?;
        if routes.len() >= ROUTES_MAX {
            return Err(too_many());
        }
        if let Some(script) = &change.script {
            self.must_exist(script)?;
        }
        let route = Route {
            id: Id::random(),
            pattern: change.pattern,
            script: change.script,
        };
        let rows = Rows::default().put(Route::TABLE, route.key(), route.clone());
        self.change_gate(rows).await?;
        Ok(route)
    }

    /// Gives a route another pattern, or has it lead elsewhere.
    pub async fn change_route(&self, id: &str, change: RouteChange) -> Result<Route> {
        let pattern = Pattern::parse(&change.pattern)?;
        let _alone = self.structure.write().await;
        let old = self.route(id)?;
        refuse_twice(&self.routes()?, &pattern, Some(old.id))?;
        if let Some(script) = &change.script {
            self.must_exist(script)?;
        }
        let route = Route {
            id: old.id,
            pattern: change.pattern,
            script: change.script,
        };
        let rows = Rows::default().put(Route::TABLE, route.key(), route.clone());
        self.change_gate(rows).await?;
        Ok(route)
    }

    /// Removes a route.
    pub async fn delete_route(&self, id: &str) -> Result<Route> {
        let _alone = self.structure.write().await;
        let route = self.route(id)?;
        let rows = Rows::default().delete(Route::TABLE, route.key());
        self.change_gate(rows).await?;
        Ok(route)
    }

    /// Replaces all routes of a script, in one step. Those that stay keep their ids.
    pub async fn set_routes(&self, script: &str, patterns: Vec<String>) -> Result<Vec<Route>> {
        let patterns: Vec<_> = patterns
            .into_iter()
            .map(|pattern| (pattern, script.to_owned()))
            .collect();
        let parsed = parsed(&patterns)?;
        let _alone = self.structure.write().await;
        self.must_exist(script)?;
        let is_own = |other: &str| other == script;
        let (rows, routes) = self.with_routes(Rows::default(), &is_own, patterns, &parsed)?;
        self.change_gate(rows).await?;
        Ok(routes)
    }

    /// Adds to `rows` that scripts have these routes, each with the script that it leads to, and no
    /// others. `is_own` tells which scripts.
    pub(in crate::catalog) fn with_routes(
        &self,
        mut rows: Rows,
        is_own: &dyn Fn(&str) -> bool,
        patterns: Vec<(String, String)>,
        parsed: &[Pattern],
    ) -> Result<(Rows, Vec<Route>)> {
        let (own, others): (Vec<_>, Vec<_>) = self
            .routes()?
            .into_iter()
            .partition(|route| route.script.as_deref().is_some_and(is_own));
        if others.len() + parsed.len() > ROUTES_MAX {
            return Err(too_many());
        }
        for pattern in parsed {
            refuse_twice(&others, pattern, None)?;
        }
        for route in &own {
            rows = rows.delete(Route::TABLE, route.key());
        }
        let mut routes = Vec::with_capacity(patterns.len());
        for ((text, script), pattern) in patterns.into_iter().zip(parsed) {
            let same = own.iter().find(|route| is(route, pattern));
            let route = Route {
                id: same.map_or_else(Id::random, |route| route.id),
                pattern: text,
                script: Some(script),
            };
            rows = rows.put(Route::TABLE, route.key(), route.clone());
            routes.push(route);
        }
        Ok((rows, routes))
    }
}

/// Patterns, each with the script that it leads to, as they are parsed; each at most once.
pub(in crate::catalog) fn parsed(patterns: &[(String, String)]) -> Result<Vec<Pattern>> {
    let mut parsed: Vec<Pattern> = Vec::with_capacity(patterns.len().min(ROUTES_MAX));
    for (text, script) in patterns {
        let pattern = Pattern::parse(text)?;
        if parsed.len() >= ROUTES_MAX {
            return Err(too_many());
        }
        if let Some(at) = parsed.iter().position(|other| *other == pattern) {
            return Err(EntranceError::RouteExists {
                pattern: shown(text),
                script: match patterns[at].1 == *script {
                    true => "this Worker too".to_owned(),
                    false => format!("Worker '{}'", shown(&patterns[at].1)),
                },
            }
            .into());
        }
        parsed.push(pattern);
    }
    Ok(parsed)
}

fn is(route: &Route, pattern: &Pattern) -> bool {
    Pattern::parse(&route.pattern).as_ref() == Ok(pattern)
}

/// Refuses a pattern that another route has.
fn refuse_twice(routes: &[Route], pattern: &Pattern, but: Option<Id>) -> Result<()> {
    let mut others = routes.iter().filter(|route| Some(route.id) != but);
    match others.find(|route| is(route, pattern)) {
        None => Ok(()),
        Some(route) => Err(EntranceError::RouteExists {
            pattern: shown(&route.pattern),
            script: match &route.script {
                Some(script) => format!("Worker '{script}'"),
                None => "no Worker".to_owned(),
            },
        }
        .into()),
    }
}

fn too_many() -> CatalogError {
    CatalogError::TooMany {
        what: "routes",
        limit: ROUTES_MAX,
    }
}
