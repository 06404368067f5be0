//! Pages of lists, by number or by cursor. A page beyond the end is empty: some clients ask on until one is.

use super::call::Call;
use super::envelope::{Handled, Refusal, list};
use serde_json::{Value, json};

/// What is told of a page whose next one begins after `cursor`, empty at the end. Clients look for it in
/// one of two places.
pub fn by_cursor(count: usize, cursor: &str) -> Value {
    json!({"count": count, "cursor": cursor, "cursors": {"after": cursor}})
}

/// Answers with the page that the call asks for; `default` items a page unless it says.
pub fn answer<T>(
    call: &Call,
    items: Vec<T>,
    default: u64,
    show: impl Fn(T) -> Result<Value, Refusal>,
) -> Handled {
    const PER_PAGE_MAX: u64 = 1000;
    let total = items.len() as u64;
    let page = call.number("page")?.unwrap_or(1).max(1);
    let per_page = call
        .number("per_page")?
        .unwrap_or(default)
        .clamp(1, PER_PAGE_MAX);
    let skipped = (page - 1).saturating_mul(per_page);
    let shown: Vec<Value> = items
        .into_iter()
        .skip(usize::try_from(skipped).unwrap_or(usize::MAX))
        .take(usize::try_from(per_page).unwrap_or(usize::MAX))
        .map(show)
        .collect::<Result<_, _>>()?;
    let info = json!({
        "page": page,
        "per_page": per_page,
        "count": shown.len(),
        "total_count": total,
        "total_pages": total.div_ceil(per_page),
    });
    list(shown, info)
}
