//! What the screen shows and what keys do to it; it knows neither a terminal nor a port.

use super::super::args::TuneSort;
use super::terminal::Key;
use super::{SHOWN, describe, grouped, named, sentence, sort};
use crate::cli::output::{member, printable};
use serde_json::{Map, Value};

/// The least that it fits into.
pub const SIZE_MIN: (usize, usize) = (80, 24);
/// Lines that are not the list.
const AROUND: usize = 13;

/// What is asked for beside showing something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    Stay,
    /// An end.
    Quit,
    /// Figures of another window, or anew.
    Refresh,
    /// What the proposed limits would have done.
    WhatIf,
    /// Limits that are suggested for the tenant.
    Suggest,
    /// The proposed limits, for this reason.
    Apply(String),
    /// What was applied stays.
    Confirm,
    /// The last change is taken back.
    Undo,
}

/// What the lower half is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    Tenants,
    History,
}

/// A trial under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// Its number.
    pub number: u64,
    /// Seconds until what was before holds again.
    pub left_s: u64,
}

/// Everything that is shown.
pub struct View {
    /// Tenants, as the port told them.
    pub usage: Value,
    /// Limits there are.
    pub limits: Vec<(String, u64, u64, u64)>,
    /// The history.
    pub history: Value,
    /// What the proposed limits would have done.
    pub effect: Option<Value>,
    /// What went wrong last, or was done.
    pub message: String,
    /// What waits to be confirmed.
    pub trial: Option<Trial>,
    /// The window.
    pub window: &'static str,
    sort: TuneSort,
    selected: usize,
    page: Page,
    limit: usize,
    proposed: Map<String, Value>,
    everyone: bool,
    typing: Option<String>,
}

const SORTS: [(TuneSort, &str); 7] = [
    (TuneSort::Requests, "requests"),
    (TuneSort::Cpu, "CPU"),
    (TuneSort::Memory, "memory"),
    (TuneSort::Wall, "wall time"),
    (TuneSort::Subrequests, "subrequests"),
    (TuneSort::Cut, "cut"),
    (TuneSort::Name, "name"),
];

impl View {
    /// Nothing is known yet. Limits: key, default, least, ceiling.
    pub fn new(limits: Vec<(String, u64, u64, u64)>) -> Self {
        Self {
            usage: Value::Null,
            limits,
            history: Value::Null,
            effect: None,
            message: String::new(),
            trial: None,
            window: "24h",
            sort: TuneSort::Requests,
            selected: 0,
            page: Page::Tenants,
            limit: 0,
            proposed: Map::new(),
            everyone: false,
            typing: None,
        }
    }

    /// Takes new figures; what was selected stays so.
    pub fn set_usage(&mut self, mut usage: Value) {
        let before = self.tenant();
        sort(&mut usage["tenants"], self.sort);
        self.usage = usage;
        let same = |it: &Value| {
            before
                .as_ref()
                .is_some_and(|(n, t)| it["namespace"] == **n && it["tenant"] == **t)
        };
        let at = self.tenants().iter().position(same);
        self.selected = at
            .unwrap_or(self.selected)
            .min(self.tenants().len().saturating_sub(1));
    }

    fn tenants(&self) -> &[Value] {
        self.usage["tenants"].as_array().map_or(&[], Vec::as_slice)
    }

    /// The tenant that is selected: namespace and name.
    pub fn tenant(&self) -> Option<(String, String)> {
        let it = self.tenants().get(self.selected)?;
        let (namespace, tenant) = (member(it, "namespace"), member(it, "tenant"));
        (!tenant.is_empty()).then_some((namespace, tenant))
    }

    /// Whose the proposed limits are: the namespace, and the tenant unless everyone is meant.
    pub fn whose(&self) -> Option<(String, Option<String>)> {
        let (namespace, tenant) = self.tenant()?;
        Some((namespace, (!self.everyone).then_some(tenant)))
    }

    /// The limits that are proposed.
    pub fn proposed(&self) -> &Map<String, Value> {
        &self.proposed
    }

    /// Takes what is suggested for the tenant as what is proposed.
    pub fn set_suggested(&mut self, told: &Value) {
        self.proposed.clear();
        let mut why = Vec::new();
        for it in told["suggestions"].as_array().into_iter().flatten() {
            if it["suggested"].is_u64() {
                self.proposed
                    .insert(member(it, "limit"), it["suggested"].clone());
            }
            why.push(format!("{}: {}", member(it, "limit"), member(it, "reason")));
        }
        self.message = why
            .into_iter()
            .next()
            .unwrap_or_else(|| "nothing is suggested".into());
    }

    /// What a key does.
    pub fn key(&mut self, key: Key) -> Action {
        if let Some(why) = &mut self.typing {
            return match key {
                Key::Enter => Action::Apply(self.typing.take().unwrap_or_default()),
                Key::Escape | Key::Stop => {
                    self.typing = None;
                    self.message = "nothing was applied".into();
                    Action::Stay
                }
                Key::Back => {
                    why.pop();
                    Action::Stay
                }
                Key::Char(it) if why.len() < 200 => {
                    why.push(it);
                    Action::Stay
                }
                _ => Action::Stay,
            };
        }
        match key {
            Key::Char('q') | Key::Stop => Action::Quit,
            Key::Escape if self.page == Page::History => self.turn_to(Page::Tenants),
            Key::Escape => Action::Quit,
            Key::Up => self.select(-1),
            Key::Down => self.select(1),
            Key::PageUp => self.select(-10),
            Key::PageDown => self.select(10),
            Key::Tab => {
                self.limit = (self.limit + 1) % self.limits.len().max(1);
                Action::Stay
            }
            Key::Left => self.slide(false),
            Key::Right => self.slide(true),
            Key::Back | Key::Char('x') => {
                if let Some((key, ..)) = self.limits.get(self.limit) {
                    self.proposed.remove(key);
                }
                self.what_if()
            }
            Key::Char('n') => {
                self.everyone = !self.everyone;
                self.what_if()
            }
            Key::Char('w') => {
                self.window = if self.window == "24h" { "1h" } else { "24h" };
                Action::Refresh
            }
            Key::Char('r') => Action::Refresh,
            Key::Char('s') => {
                let at = SORTS
                    .iter()
                    .position(|(it, _)| *it == self.sort)
                    .unwrap_or(0);
                self.sort = SORTS[(at + 1) % SORTS.len()].0;
                sort(&mut self.usage["tenants"], self.sort);
                self.selected = 0;
                Action::Stay
            }
            Key::Char('h') => {
                let other = match self.page {
                    Page::Tenants => Page::History,
                    Page::History => Page::Tenants,
                };
                self.turn_to(other)
            }
            Key::Char('g') if self.tenant().is_some() => Action::Suggest,
            Key::Char('a') if self.proposed.is_empty() || self.tenant().is_none() => {
                self.message =
                    "propose a limit first: Tab chooses one, left and right set it".into();
                Action::Stay
            }
            Key::Char('a') => {
                self.typing = Some(String::new());
                Action::Stay
            }
            Key::Char('y') if self.trial.is_some() => Action::Confirm,
            Key::Char('u') => Action::Undo,
            _ => Action::Stay,
        }
    }

    fn turn_to(&mut self, page: Page) -> Action {
        self.page = page;
        Action::Refresh
    }

    fn select(&mut self, by: isize) -> Action {
        let most = self.tenants().len().saturating_sub(1);
        let before = self.selected;
        self.selected = self.selected.saturating_add_signed(by).min(most);
        if before == self.selected || self.everyone {
            return Action::Stay;
        }
        self.what_if()
    }

    fn what_if(&mut self) -> Action {
        if self.proposed.is_empty() {
            self.effect = None;
            return Action::Stay;
        }
        Action::WhatIf
    }

    /// A quarter more or less of the limit, in two digits or pages of wasm, within what it can be.
    fn slide(&mut self, up: bool) -> Action {
        let Some((key, default, least, ceiling)) = self.limits.get(self.limit).cloned() else {
            return Action::Stay;
        };
        let now = self.proposed.get(&key).and_then(Value::as_u64);
        let now = now.unwrap_or(default);
        let next = match up {
            true => now.saturating_mul(5).div_ceil(4).max(now.saturating_add(1)),
            false => now.saturating_mul(4) / 5,
        };
        let unit = match key.ends_with("-bytes") {
            true => 64 << 10,
            false => 10u64.pow(next.max(1).ilog10().saturating_sub(1)),
        };
        let next = match up {
            true => next.div_ceil(unit).saturating_mul(unit),
            false => next / unit * unit,
        };
        self.proposed.insert(key, next.clamp(least, ceiling).into());
        self.what_if()
    }

    /// As lines for a screen of this size.
    pub fn lines(&self, (columns, rows): (usize, usize)) -> Vec<String> {
        if columns < SIZE_MIN.0 || rows < SIZE_MIN.1 {
            let text = format!("{} x {} is too small; 80 x 24 is needed", columns, rows);
            return vec![fit(&text, columns)];
        }
        let mut lines = Vec::with_capacity(rows);
        lines.push(reversed(&fit(&self.title(), columns)));
        let room = rows - AROUND;
        match self.page {
            Page::Tenants => self.list(&mut lines, columns, room),
            Page::History => self.changes(&mut lines, columns, room),
        }
        lines.push("─".repeat(columns));
        self.sliders(&mut lines, columns);
        lines.push(fit(&self.told(), columns));
        let message = match (&self.typing, &self.trial) {
            (Some(why), _) => format!("why? {why}_   (Enter applies, Escape does not)"),
            (None, Some(trial)) => format!(
                "TRIAL {}: returns in {} s unless you press y. {}",
                trial.number, trial.left_s, self.message
            ),
            (None, None) => self.message.clone(),
        };
        lines.push(String::new());
        lines.push(bold(&fit(&printable(&message), columns)));
        lines.push(String::new());
        let help = "↑↓ tenant  Tab ←→ limit  x clear  n namespace/tenant  g suggest  a apply";
        lines.push(fit(help, columns));
        lines.push(fit(
            "y confirm  u undo  h history  s sort  w 1h/24h  r refresh  q quit",
            columns,
        ));
        lines
    }

    fn title(&self) -> String {
        let requests: u64 = self
            .tenants()
            .iter()
            .filter_map(|it| it["requests"].as_u64())
            .sum();
        let by = SORTS
            .iter()
            .find(|(it, _)| *it == self.sort)
            .map_or("", |it| it.1);
        format!(
            "postern tune   {}   {} tenants, {} requests   by {by}   {} fuel/ms",
            self.window,
            self.tenants().len(),
            grouped(requests),
            grouped(self.usage["fuel_per_ms"].as_u64().unwrap_or(0))
        )
    }

    fn list(&self, lines: &mut Vec<String>, columns: usize, room: usize) {
        let name = columns - 56;
        lines.push(bold(&fit(
            &format!(
                "{:<name$} {:>9} {:>6} {:>7} {:>7} {:>7} {:>7} {:>6}",
                "TENANT", "REQUESTS", "CUT", "CPU P99", "CPUms", "MEMORY", "WALL", "SUBREQ"
            ),
            columns,
        )));
        let first = self.selected.saturating_sub(room.saturating_sub(1));
        for at in first..first + room {
            let Some(it) = self.tenants().get(at) else {
                let empty = at == 0 && self.tenants().is_empty();
                lines.push(if empty {
                    "nothing was recorded".into()
                } else {
                    String::new()
                });
                continue;
            };
            let max = |measure: usize| {
                let (key, show) = SHOWN[measure];
                show(&it[key]["max"])
            };
            let row = format!(
                "{} {:>9} {:>6} {:>7} {:>7} {:>7} {:>7} {:>6}",
                fit(&printable(&named(it)), name),
                grouped(it["requests"].as_u64().unwrap_or(0)),
                grouped(it["cut"].as_u64().unwrap_or(0)),
                SHOWN[0].1(&it["cpu_ms"]["p99"]),
                max(0),
                max(1),
                max(2),
                max(3),
            );
            let row = fit(&row, columns);
            lines.push(if at == self.selected {
                reversed(&row)
            } else {
                row
            });
        }
    }

    fn changes(&self, lines: &mut Vec<String>, columns: usize, room: usize) {
        lines.push(bold(&fit("NO    WHEN        WHO      WHAT", columns)));
        let all = self.history.as_array().map_or(&[][..], Vec::as_slice);
        for at in 0..room {
            let Some(it) = all.get(at) else {
                let empty = at == 0;
                lines.push(if empty {
                    "no changes".into()
                } else {
                    String::new()
                });
                continue;
            };
            // Month to minute: 80 columns have no room for more.
            let at = member(it, "at");
            let at = at.get(5..16).unwrap_or(&at).replace('T', " ");
            let row = format!(
                "{:<5} {} {} {}: {}. {}",
                member(it, "number"),
                fit(&printable(&at), 11),
                fit(&printable(&member(it, "who")), 8),
                printable(&member(it, "of")),
                describe(&it["before"], &it["after"]),
                printable(&member(it, "why")),
            );
            lines.push(fit(&row, columns));
        }
    }

    fn sliders(&self, lines: &mut Vec<String>, columns: usize) {
        for (at, (key, default, least, ceiling)) in self.limits.iter().enumerate() {
            let proposed = self.proposed.get(key).and_then(Value::as_u64);
            let value = proposed.unwrap_or(*default);
            let width = columns.saturating_sub(54).max(10);
            let bar = bar(value, *least, *ceiling, width);
            let cut = self.effect.as_ref().filter(|_| proposed.is_some());
            let cut = cut.map(|it| it["by_limit"][key].as_u64().unwrap_or(0));
            let row = format!(
                "{} {key:<13} {} {:>11} {:<10}",
                if at == self.limit { ">" } else { " " },
                bar,
                match proposed {
                    Some(value) => value.to_string(),
                    None => "as it is".into(),
                },
                cut.map_or(String::new(), |it| format!("cuts {}", grouped(it))),
            );
            let row = fit(&row, columns);
            lines.push(if at == self.limit { bold(&row) } else { row });
        }
    }

    fn told(&self) -> String {
        let whose = match self.whose() {
            Some((namespace, Some(tenant))) => format!("{namespace}/{tenant}"),
            Some((namespace, None)) => format!("all of {namespace}"),
            None => return "select a tenant".into(),
        };
        let whose = printable(&whose);
        match &self.effect {
            Some(effect) => format!("{whose}: {}", sentence(effect)),
            None => format!("{whose}: no limit is proposed"),
        }
    }
}

/// A bar on a logarithmic scale.
fn bar(value: u64, least: u64, ceiling: u64, width: usize) -> String {
    let log = |number: u64| (number.max(1) as f64).ln();
    let span = (log(ceiling) - log(least)).max(f64::MIN_POSITIVE);
    let share = ((log(value) - log(least)) / span).clamp(0.0, 1.0);
    let at = (share * (width - 1) as f64).round() as usize;
    let mut bar: Vec<char> = vec!['─'; width];
    if let Some(place) = bar.get_mut(at) {
        *place = '●';
    }
    bar.into_iter().collect()
}

/// A text in exactly so many columns. Wide characters are rare in names and may shift a line.
fn fit(text: &str, columns: usize) -> String {
    let mut fit: String = text.chars().take(columns).collect();
    let missing = columns - fit.chars().count();
    fit.extend(std::iter::repeat_n(' ', missing));
    fit
}

fn reversed(text: &str) -> String {
    format!("\x1b[7m{text}")
}

fn bold(text: &str) -> String {
    format!("\x1b[1m{text}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn limits() -> Vec<(String, u64, u64, u64)> {
        vec![
            ("cpu-ms".into(), 50, 1, 30_000),
            ("memory-bytes".into(), 16 << 20, 64 << 10, 128 << 20),
            ("wall-ms".into(), 30_000, 10, 300_000),
            ("subrequests".into(), 50, 0, 1000),
        ]
    }

    fn view(count: usize) -> View {
        let spread = json!({"p50": 1, "p95": 2, "p99": 3, "max": 4});
        let tenants: Vec<Value> = (0..count)
            .map(|at| {
                json!({
                    "namespace": "production", "tenant": format!("tenant-{at}\u{1b}[2J"), "requests": 1_000 * at, "cut": 0,
                    "exact": true, "fuel": spread, "cpu_ms": spread, "memory_bytes": spread, "wall_us": spread,
                    "subrequests": spread,
                })
            })
            .collect();
        let mut view = View::new(limits());
        view.set_usage(json!({"fuel_per_ms": 1_500_000, "minutes": 60, "tenants": tenants}));
        view
    }

    /// What a person sees of a line.
    fn seen(line: &str) -> String {
        line.replace("\x1b[7m", "").replace("\x1b[1m", "")
    }

    #[test]
    fn it_fits_every_size_from_80_by_24_on() {
        for (columns, rows) in [(80, 24), (81, 30), (200, 60)] {
            for count in [0, 1, 50] {
                let mut view = view(count);
                for key in [
                    Key::Down,
                    Key::Right,
                    Key::Char('h'),
                    Key::Char('h'),
                    Key::Char('a'),
                ] {
                    view.key(key);
                    let lines = view.lines((columns, rows));
                    assert!(lines.len() <= rows, "{} lines of {rows}", lines.len());
                    for line in lines {
                        let line = seen(&line);
                        assert!(line.chars().count() <= columns, "{line:?}");
                        assert!(!line.contains('\x1b'), "{line:?}");
                    }
                }
            }
        }
        assert_eq!(view(3).lines((79, 24)).len(), 1);
        assert_eq!(view(3).lines((1, 1)), ["1"]);
    }

    #[test]
    fn tenants_are_selected_and_limits_proposed() {
        let mut view = view(50);
        assert_eq!(
            view.tenant().map(|it| it.1).as_deref(),
            Some("tenant-49\u{1b}[2J")
        );
        assert_eq!(view.key(Key::Down), Action::Stay);
        assert_eq!(view.key(Key::Right), Action::WhatIf);
        assert_eq!(Value::from(view.proposed().clone()), json!({"cpu-ms": 63}));
        view.key(Key::Left);
        view.key(Key::Left);
        assert_eq!(view.proposed()["cpu-ms"], 40);
        assert_eq!(view.key(Key::Down), Action::WhatIf, "of another tenant");
        view.effect = Some(
            json!({"tenants": 1, "tenants_cut": 1, "tenants_cut_at_most": 1, "requests": 9,
            "requests_cut": 2, "requests_cut_at_most": 2, "minutes": 1440, "by_limit": {"cpu-ms": 2}}),
        );
        let text = view.lines((80, 24)).join("\n");
        assert!(text.contains("cuts 2"), "{text}");
        assert!(
            text.contains("1 of 1 tenants would have been cut"),
            "{text}"
        );
        // The selection stays with its tenant when others come.
        let before = view.tenant();
        let mut usage = view.usage.clone();
        usage["tenants"][0]["requests"] = 1.into();
        view.set_usage(usage);
        assert_eq!(view.tenant(), before);
        for _ in 0..200 {
            view.key(Key::Left);
        }
        assert_eq!(view.proposed()["cpu-ms"], 1, "never below what it can be");
        for _ in 0..500 {
            view.key(Key::Right);
        }
        assert_eq!(view.proposed()["cpu-ms"], 30_000, "nor above the ceiling");
        view.key(Key::Char('x'));
        assert!(view.proposed().is_empty());
    }

    #[test]
    fn what_is_applied_has_a_reason_and_is_confirmed() {
        let mut view = view(2);
        assert_eq!(view.key(Key::Char('a')), Action::Stay);
        assert!(view.message.contains("propose a limit"));
        assert_eq!(view.key(Key::Char('y')), Action::Stay, "nothing waits");
        view.key(Key::Right);
        view.key(Key::Char('a'));
        for key in [Key::Char('q'), Key::Char('x'), Key::Back] {
            assert_eq!(view.key(key), Action::Stay);
        }
        assert_eq!(view.key(Key::Enter), Action::Apply("q".into()));
        view.trial = Some(Trial {
            number: 7,
            left_s: 42,
        });
        let text = view.lines((80, 24)).join("\n");
        assert!(
            text.contains("TRIAL 7: returns in 42 s unless you press y"),
            "{text}"
        );
        assert_eq!(view.key(Key::Char('y')), Action::Confirm);
        view.key(Key::Char('a'));
        assert_eq!(view.key(Key::Escape), Action::Stay);
        assert_eq!(view.key(Key::Char('n')), Action::WhatIf);
        assert_eq!(view.whose(), Some(("production".into(), None)));
        assert_eq!(view.key(Key::Char('w')), Action::Refresh);
        assert_eq!(view.window, "1h");
        assert_eq!(view.key(Key::Stop), Action::Quit);
    }

    #[test]
    fn suggestions_become_proposals() {
        let mut view = view(1);
        view.set_suggested(&json!({"suggestions": [
            {"limit": "cpu-ms", "suggested": 45, "reason": "of 1000 requests"},
            {"limit": "wall-ms", "suggested": null, "reason": "fits"},
        ]}));
        assert_eq!(Value::from(view.proposed().clone()), json!({"cpu-ms": 45}));
        assert_eq!(view.message, "cpu-ms: of 1000 requests");
    }
}
