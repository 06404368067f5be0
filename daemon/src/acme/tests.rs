//! Orders are tried end to end (tests/e2e/acme.rs); this is what needs no server.

use super::*;

#[test]
fn what_an_authority_says_is_cut_and_moves_no_cursor() {
    let text = told(&format!("no\n\u{1b}[2J{}", "x".repeat(2000)));
    assert!(text.chars().count() <= TOLD_MAX + 1, "{text}");
    assert!(!text.contains(char::is_control), "{text:?}");
    assert!(text.ends_with('…'));
    assert_eq!(told("fine"), "fine");
}
