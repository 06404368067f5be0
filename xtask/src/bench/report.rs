//! The report: figures, what they are compared with, and whether a goal is met, as Markdown.

use crate::machine;
use std::fmt;

/// A measured value with its unit.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub enum Figure {
    /// In a second.
    PerSecond(f64),
    /// In a second of the server's CPU.
    PerCpuSecond(f64),
    /// Milliseconds.
    Ms(f64),
    /// Nanoseconds; shown in the unit that fits.
    Ns(f64),
    /// Bytes.
    Bytes(u64),
}

impl Figure {
    fn value(self) -> f64 {
        match self {
            Self::PerSecond(value) | Self::PerCpuSecond(value) => value,
            Self::Ms(value) | Self::Ns(value) => value,
            // Sizes here are far below 2^52.
            Self::Bytes(bytes) => bytes as f64,
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::PerSecond(rate) => write!(f, "{rate:.0} /s"),
            Self::PerCpuSecond(rate) => write!(f, "{rate:.0} /CPU-s"),
            Self::Ms(ms) => write!(f, "{ms:.2} ms"),
            Self::Ns(ns) if ns < 1e3 => write!(f, "{ns:.1} ns"),
            Self::Ns(ns) if ns < 1e6 => write!(f, "{:.2} µs", ns / 1e3),
            Self::Ns(ns) => write!(f, "{:.2} ms", ns / 1e6),
            Self::Bytes(bytes) if bytes < 1 << 20 => {
                write!(f, "{:.1} KiB", bytes as f64 / 1024.0)
            }
            Self::Bytes(bytes) => write!(f, "{:.2} MiB", bytes as f64 / 1_048_576.0),
        }
    }
}

/// What a row promises.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Goal {
    AtMost(Figure),
    RatioAtLeast(f64),
    RatioAtMost(f64),
}

/// One line of the report.
#[derive(Clone, Debug)]
pub struct Row {
    what: String,
    figure: Figure,
    peer: Option<(String, Figure)>,
    goal: Option<Goal>,
}

impl Row {
    /// A figure for itself.
    pub fn new(what: impl Into<String>, figure: Figure) -> Self {
        Self {
            what: what.into(),
            figure,
            peer: None,
            goal: None,
        }
    }

    /// Compares it with something measured in the same run.
    pub fn against(mut self, peer: impl Into<String>, figure: Figure) -> Self {
        self.peer = Some((peer.into(), figure));
        self
    }

    /// It shall be no more than this.
    pub fn at_most(mut self, bound: Figure) -> Self {
        self.goal = Some(Goal::AtMost(bound));
        self
    }

    /// Divided by what it is compared with, it shall be no less than this.
    pub fn ratio_at_least(mut self, bound: f64) -> Self {
        self.goal = Some(Goal::RatioAtLeast(bound));
        self
    }

    /// Divided by what it is compared with, it shall be no more than this.
    pub fn ratio_at_most(mut self, bound: f64) -> Self {
        self.goal = Some(Goal::RatioAtMost(bound));
        self
    }

    fn ratio(&self) -> Option<f64> {
        let (_, peer) = self.peer.as_ref()?;
        Some(self.figure.value() / peer.value())
    }

    /// The goal and whether it is met.
    fn verdict(&self) -> String {
        let (goal, met) = match (self.goal, self.ratio()) {
            (None, _) => return String::new(),
            (Some(Goal::AtMost(bound)), _) => (format!("≤ {bound}"), self.figure <= bound),
            (Some(Goal::RatioAtLeast(bound)), ratio) => (
                format!("ratio ≥ {bound}"),
                ratio.is_some_and(|ratio| ratio >= bound),
            ),
            (Some(Goal::RatioAtMost(bound)), ratio) => (
                format!("ratio ≤ {bound}"),
                ratio.is_some_and(|ratio| ratio <= bound),
            ),
        };
        format!("{goal}: {}", if met { "met" } else { "**missed**" })
    }
}

/// All of it.
pub fn text(command: &str, load: &str, whole: &[Row], parts: &[Row]) -> String {
    let mut text = format!(
        "# Benchmarks\n\nAs measured, whatever they are. `{command}` writes this file.\n\n\
         - date: {}\n- load before it began: {load}\n- commit: {}\n",
        machine::date(),
        machine::commit()
    );
    for (name, value) in machine::facts() {
        text.push_str(&format!("- {name}: {value}\n"));
    }
    text.push_str(
        "\nA server has one core for itself, the load generator the others; on a machine with one \
         core they share it. `/CPU-s` is by second of the server's own CPU, user and system. A ratio \
         compares two servers in one run, in turn; the median of the rounds counts.\n\n\
         workerd is npm's, on one core as well, with the same Workers. Its KV namespace is a Worker in \
         the same process that answers from memory; Postern's is the store on the disk. What JavaScript \
         does many times in a request is told by the daemon's CPU for one of them.\n",
    );
    table(&mut text, "The whole", whole);
    table(&mut text, "The parts (criterion)", parts);
    text
}

fn table(text: &mut String, title: &str, rows: &[Row]) {
    if rows.is_empty() {
        return;
    }
    text.push_str(&format!(
        "\n## {title}\n\n| what | measured | compared with | ratio | goal |\n| --- | ---: | ---: | ---: | --- |\n"
    ));
    for row in rows {
        let peer = row
            .peer
            .as_ref()
            .map(|(name, figure)| format!("{name}: {figure}"))
            .unwrap_or_default();
        let ratio = row.ratio().map(|ratio| format!("{ratio:.2}"));
        text.push_str(&format!(
            "| {} | {} | {peer} | {} | {} |\n",
            row.what,
            row.figure,
            ratio.unwrap_or_default(),
            row.verdict()
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_whether_its_goal_is_met() {
        let check = |row: Row, wanted: &str| assert_eq!(row.verdict(), wanted);
        let rate = Row::new("hello", Figure::PerCpuSecond(60.0));
        let bare = Figure::PerCpuSecond(100.0);
        check(rate.clone(), "");
        check(
            rate.clone().against("bare", bare).ratio_at_least(0.6),
            "ratio ≥ 0.6: met",
        );
        check(
            rate.clone().against("bare", bare).ratio_at_least(0.7),
            "ratio ≥ 0.7: **missed**",
        );
        check(
            rate.clone().against("bare", bare).ratio_at_most(0.6),
            "ratio ≤ 0.6: met",
        );
        check(rate.ratio_at_least(0.1), "ratio ≥ 0.1: **missed**");
        let size = Row::new("size", Figure::Bytes(7 << 20));
        check(
            size.at_most(Figure::Bytes(6 << 20)),
            "≤ 6.00 MiB: **missed**",
        );
    }

    #[test]
    fn figures_are_shown_in_the_unit_that_fits() {
        let check = |figure: Figure, wanted: &str| assert_eq!(figure.to_string(), wanted);
        check(Figure::Ns(12.34), "12.3 ns");
        check(Figure::Ns(300_000.0), "300.00 µs");
        check(Figure::Ns(2.5e6), "2.50 ms");
        check(Figure::Bytes(2048), "2.0 KiB");
        check(Figure::Bytes(8 << 20), "8.00 MiB");
        check(Figure::PerSecond(1234.5), "1234 /s");
    }
}
