//! Who has how much of the device's memory: budgets, and the tree of them as it is shown.
//!
//! A budget counts what somebody *may* have: the whole memory of an isolate, though most of its pages
//! are its snapshot's, and all of a module's code, though what no request reaches is never translated.
//! So what was granted is there when it is needed. What is *resident* is found out when somebody asks.

mod budget;
mod entry;
#[cfg(debug_assertions)]
mod refusing;

pub use budget::{Budget, Share};
pub use entry::Entry;

/// Bytes for people, with one decimal.
pub fn shown(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..1024 => return format!("{bytes} B"),
        1024..0x10_0000 => (1_u64 << 10, "KiB"),
        0x10_0000..0x4000_0000 => (1 << 20, "MiB"),
        _ => (1 << 30, "GiB"),
    };
    let tenths = u128::from(bytes) * 10 / u128::from(unit);
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

/// What is told to whom there was no room for: what it `needs`, by part and in bytes, what is free of
/// what is `short`, of which `withheld` bytes are for others, and the most that one has there who rests.
/// Names nobody else's Worker: tenants and their clients read it.
pub fn shortage(
    what: &str,
    needs: &[(&str, u64)],
    (short, withheld): (&Budget, u64),
    resting: Option<u64>,
) -> String {
    let all: u64 = needs.iter().map(|(_, bytes)| bytes).sum();
    let parts = needs.iter().filter(|(_, bytes)| *bytes > 0);
    let parts: Vec<String> = parts
        .map(|(name, bytes)| format!("{} {name}", shown(*bytes)))
        .collect();
    let resting = match resting {
        Some(bytes) => format!("largest idle isolate: {}", shown(bytes)),
        None => "no isolate is idle".to_owned(),
    };
    let kept = match withheld {
        0 => String::new(),
        _ => format!(
            ", and {} for tenants who have no more than {}",
            shown(withheld.min(short.free())),
            shown(budget::MODEST)
        ),
    };
    format!(
        "{what}: needs {}: {}; free {} of {} ({}){kept}; {resting}",
        shown(all),
        parts.join(", "),
        shown(short.free().saturating_sub(withheld)),
        shown(short.limit()),
        short.name(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1536, "1.5 KiB"),
            ((1 << 20) - 1, "1023.9 KiB"),
            (3_250_586, "3.1 MiB"),
            (u64::MAX, "17179869183.9 GiB"),
        ] {
            assert_eq!(shown(bytes), text);
        }
    }

    #[test]
    fn what_is_short_is_told_with_its_figures() {
        let budget = Budget::new("Workers", 24 << 20);
        let _taken = budget.take((24 << 20) - 1_468_006);
        let needs = [("code", 943_718), ("memory", 2_306_868), ("tables", 0)];
        assert_eq!(
            shortage(
                "no memory for another isolate",
                &needs,
                (&budget, 0),
                Some(1 << 20)
            ),
            "no memory for another isolate: needs 3.1 MiB: 921.5 KiB code, 2.2 MiB memory; \
             free 1.3 MiB of 24.0 MiB (Workers); largest idle isolate: 1.0 MiB"
        );
        assert!(shortage("x", &needs, (&budget, 0), None).ends_with("no isolate is idle"));
        let told = shortage("x", &needs, (&budget, 6 << 20), None);
        let kept = "free 0 B of 24.0 MiB (Workers), and 1.3 MiB for tenants who have no more than 8.0 MiB;";
        assert!(told.contains(kept), "{told}");
    }
}
