#![allow(clippy::unwrap_used)]

use super::settings::PARSER_BYTES;
use super::*;
use postern_abi::limits::{REWRITER_OUTPUT_MAX, REWRITER_SELECTOR_DEPTH_MAX};
use postern_abi::rewriter::{HandlerSet, RewriterOpen, TokenCommand, answer, which};

const INPUT: u8 = 0;
const MORE: u8 = 1;
const HANDLER: u8 = 2;
const CONTENT: u8 = 3;
const END: u8 = 4;
const FAILED: u8 = 5;

fn opened(rewriters: &mut Rewriters, selectors: &[&str], set: u8) -> u32 {
    let open = RewriterOpen {
        encoding: "utf-8",
        esi: false,
        handlers: selectors
            .iter()
            .map(|selector| HandlerSet {
                selector: Some(selector.as_bytes()),
                which: set,
            })
            .collect(),
    };
    let mut out = Vec::new();
    let argument = postcard::to_allocvec(&open).unwrap();
    rewriters.open(7, &argument, &mut out).unwrap();
    let handle = u32::from_le_bytes(out[..4].try_into().unwrap());
    assert_ne!(handle, 0, "{}", String::from_utf8_lossy(&out[4..]));
    handle
}

/// A status, a kind, a number, output.
type Step = (u8, u8, u32, Vec<u8>);

fn step(out: &[u8]) -> Step {
    let number = u32::from_le_bytes(out[2..6].try_into().unwrap());
    assert!(out.len() <= 6 + REWRITER_OUTPUT_MAX);
    (out[0], out[1], number, out[6..].to_vec())
}

fn feed(rewriters: &mut Rewriters, handle: u32, input: &[u8], last: bool) -> Step {
    let mut argument = handle.to_le_bytes().to_vec();
    argument.push(u8::from(last));
    argument.extend_from_slice(input);
    let mut out = Vec::new();
    rewriters.feed(&argument, &mut out).unwrap();
    step(&out)
}

fn go_on(rewriters: &mut Rewriters, handle: u32, how: u8, content: &[u8]) -> Step {
    let mut argument = handle.to_le_bytes().to_vec();
    argument.push(how);
    argument.extend_from_slice(content);
    let mut out = Vec::new();
    rewriters.go_on(&argument, &mut out).unwrap();
    step(&out)
}

fn token(
    rewriters: &mut Rewriters,
    handle: u32,
    command: TokenCommand,
    number: u32,
    a: &str,
    b: &str,
) -> Vec<u8> {
    let mut argument = handle.to_le_bytes().to_vec();
    argument.push(command as u8);
    argument.extend_from_slice(&number.to_le_bytes());
    argument.extend_from_slice(&(a.len() as u32).to_le_bytes());
    argument.extend_from_slice(a.as_bytes());
    argument.extend_from_slice(b.as_bytes());
    let mut out = Vec::new();
    rewriters.token(&argument, &mut out).unwrap();
    out
}

/// Lets everything pass; gives the output, and how often a handler was called.
fn pass(rewriters: &mut Rewriters, handle: u32, mut at: Step) -> (Vec<u8>, usize, u8) {
    let (mut all, mut called) = (Vec::new(), 0);
    loop {
        if at.0 == FAILED {
            return (at.3, called, FAILED);
        }
        all.extend_from_slice(&at.3);
        called += usize::from(at.0 == HANDLER);
        match at.0 {
            HANDLER | MORE => at = go_on(rewriters, handle, 0, b""),
            status => return (all, called, status),
        }
    }
}

#[test]
fn a_handler_asks_and_changes_while_the_parser_waits() {
    let mut rewriters = Rewriters::default();
    let handle = opened(&mut rewriters, &["a[href]"], which::ELEMENT);
    let at = feed(&mut rewriters, handle, b"<p>1<a hre", false);
    assert_eq!((at.0, at.3), (INPUT, b"<p>1".to_vec()));
    let at = feed(&mut rewriters, handle, b"f=x>2</a>3", false);
    assert_eq!((at.0, at.1, at.2), (HANDLER, 0, 0));
    // Another one goes on in the meantime.
    let other = opened(&mut rewriters, &["b"], which::ELEMENT);
    assert_eq!(feed(&mut rewriters, other, b"<b>", false).0, HANDLER);
    let told = token(
        &mut rewriters,
        handle,
        TokenCommand::GetAttribute,
        0,
        "href",
        "",
    );
    assert_eq!(told, [&[answer::TEXT][..], b"x"].concat());
    token(
        &mut rewriters,
        handle,
        TokenCommand::SetAttribute,
        0,
        "href",
        "y",
    );
    token(&mut rewriters, handle, TokenCommand::Append, 0, "<", "");
    let told = token(&mut rewriters, handle, TokenCommand::OnEndTag, 9, "", "");
    assert_eq!(told, [answer::NOTHING]);
    let at = go_on(&mut rewriters, handle, 0, b"");
    assert_eq!((at.0, at.1, at.2), (HANDLER, 1, 9));
    token(
        &mut rewriters,
        handle,
        TokenCommand::Before,
        2 | 5 << 2,
        "",
        "",
    );
    let flushed = go_on(&mut rewriters, handle, 4, b"");
    assert_eq!(flushed.3, b"<a href=\"y\">2");
    let at = go_on(&mut rewriters, handle, 0, b"");
    assert_eq!((at.0, at.2), (CONTENT, 5));
    assert_eq!(at.3, b"&lt;");
    assert_eq!(go_on(&mut rewriters, handle, 2, b"&").3, b"&amp;");
    let at = go_on(&mut rewriters, handle, 3, b"");
    assert_eq!((at.0, at.3), (INPUT, b"</a>3".to_vec()));
    assert_eq!(feed(&mut rewriters, handle, b"", true).0, END);
}

#[test]
fn what_does_not_fit_the_moment_is_refused() {
    let mut rewriters = Rewriters::default();
    let handle = opened(&mut rewriters, &["a"], which::ELEMENT);
    let bytes = handle.to_le_bytes();
    let mut out = Vec::new();
    let bad = Err(OpErrorCode::BadArgument);
    assert_eq!(rewriters.go_on(&[&bytes[..], &[0]].concat(), &mut out), bad);
    assert_eq!(rewriters.go_on(&[&bytes[..], &[9]].concat(), &mut out), bad);
    let name = [&bytes[..], &[1], &[0; 8]].concat();
    assert_eq!(rewriters.token(&name, &mut out), bad);
    assert_eq!(feed(&mut rewriters, handle, b"<a>", false).0, HANDLER);
    assert_eq!(rewriters.feed(&[&bytes[..], &[0]].concat(), &mut out), bad);
    for wrong in [&[][..], &[0], &[1, 0, 0], &[200, 0, 0, 0, 0, 0, 0, 0, 0]] {
        let argument = [&bytes[..], wrong].concat();
        assert!(rewriters.token(&argument, &mut out).is_err(), "{wrong:?}");
    }
    // A length that says more than there is.
    let argument = [&bytes[..], &[5, 0, 0, 0, 0, 9, 0, 0, 0, b'x']].concat();
    assert_eq!(rewriters.token(&argument, &mut out), bad);
    // A comment's, asked of an element.
    let argument = [&bytes[..], &[12], &[0; 8]].concat();
    assert_eq!(
        rewriters.token(&argument, &mut out),
        Err(OpErrorCode::Unsupported)
    );
    assert_eq!(
        rewriters.close(&99_u32.to_le_bytes()),
        Err(OpErrorCode::BadArgument)
    );
}

#[test]
fn one_that_waits_can_be_closed() {
    let mut rewriters = Rewriters::default();
    for how in 0..4 {
        let handle = opened(&mut rewriters, &["a"], which::ELEMENT);
        if how > 0 {
            let page = b"<a>1</a>".repeat(5);
            assert_eq!(feed(&mut rewriters, handle, &page, false).0, HANDLER);
        }
        match how {
            2 => {
                token(&mut rewriters, handle, TokenCommand::After, 2, "", "");
                token(&mut rewriters, handle, TokenCommand::Before, 2, "", "");
                assert_eq!(go_on(&mut rewriters, handle, 0, b"").0, CONTENT);
            }
            3 => assert_eq!(go_on(&mut rewriters, handle, 1, b"").0, FAILED),
            _ => {}
        }
        rewriters.close(&handle.to_le_bytes()).unwrap();
    }
    opened(&mut rewriters, &["a"], which::ELEMENT);
    rewriters.forget(7);
    assert_eq!(rewriters.bytes(), 0);
}

#[test]
fn there_are_only_so_many() {
    let mut rewriters = Rewriters::default();
    for _ in 0..REWRITERS_MAX {
        opened(&mut rewriters, &["a"], which::ELEMENT);
    }
    let open = RewriterOpen {
        encoding: "utf-8",
        esi: false,
        handlers: Vec::new(),
    };
    let argument = postcard::to_allocvec(&open).unwrap();
    let mut out = Vec::new();
    assert_eq!(
        rewriters.open(7, &argument, &mut out),
        Err(OpErrorCode::LimitExceeded)
    );
    assert_eq!(
        rewriters.open(7, &[1, 2], &mut out),
        Err(OpErrorCode::LimitExceeded)
    );
}

#[test]
fn output_comes_in_parts_that_fit() {
    let mut rewriters = Rewriters::default();
    let handle = opened(&mut rewriters, &["a"], which::ELEMENT);
    let page = [&b"<a>"[..], &b"text ".repeat(100_000), b"</a>"].concat();
    let at = feed(&mut rewriters, handle, &page, false);
    assert_eq!(at.0, HANDLER);
    token(
        &mut rewriters,
        handle,
        TokenCommand::Before,
        1,
        &"x".repeat(200_000),
        "",
    );
    assert!(rewriters.bytes() > 200_000);
    let at = go_on(&mut rewriters, handle, 0, b"");
    let (all, _, status) = pass(&mut rewriters, handle, at);
    assert_eq!(status, INPUT);
    assert_eq!(all.len(), 200_000 + page.len());
    assert!(rewriters.bytes() < 2_000_000);
}

#[test]
fn text_is_cut_only_where_a_tag_may_begin() {
    let mut rewriters = Rewriters::default();
    let handle = opened(&mut rewriters, &["p"], which::TEXT);
    let page = format!("<p>{}</p>", "long text > ".repeat(20_000)).repeat(3);
    let at = feed(&mut rewriters, handle, page.as_bytes(), true);
    let (all, called, status) = pass(&mut rewriters, handle, at);
    // Each node is one piece and the empty last one.
    assert_eq!((all, called, status), (page.into_bytes(), 6, END));
}

#[test]
fn what_it_remembers_is_bounded() {
    let mut rewriters = Rewriters::default();
    let handle = opened(&mut rewriters, &["a b"], which::ELEMENT);
    let at = feed(&mut rewriters, handle, &b"<i>".repeat(100_000), true);
    let (wrong, _, status) = pass(&mut rewriters, handle, at);
    assert_eq!(status, FAILED);
    assert_eq!(wrong, b"The memory limit has been exceeded.");
    assert!(rewriters.bytes() < PARSER_BYTES as u64 + 1_000_000);
    // A comment that never ends, bit by bit.
    let handle = opened(&mut rewriters, &["a"], which::COMMENTS | which::ELEMENT);
    feed(&mut rewriters, handle, b"<a><!--", false);
    go_on(&mut rewriters, handle, 0, b"");
    let part = vec![b'y'; 65_536];
    let failed = (0..100).find_map(|_| {
        let at = feed(&mut rewriters, handle, &part, false);
        (at.0 == FAILED).then_some(at.3)
    });
    assert_eq!(failed.unwrap(), b"The memory limit has been exceeded.");
}

#[test]
fn selectors_are_mistrusted() {
    assert_eq!(selector_error(b"a > b:not(.c)[d='e' i]"), None);
    assert_eq!(selector_error(b"").unwrap(), "The selector is empty.");
    assert!(
        selector_error(b"\xed\xa0\x80")
            .unwrap()
            .starts_with("invalid utf-8")
    );
    for part in [
        "a ",
        "a>",
        "a/**/>",
        "a/*,*/>",
        "[b=','] ",
        "[b=\"\\\",\"] ",
        "a\\, ",
        "b:not(c,d) ",
        ":not(",
        ":not(a,",
        ":not([a=')'],",
        "(",
        "[",
    ] {
        let long = format!("{}a", part.repeat(100_000));
        assert!(selector_error(long.as_bytes()).is_some(), "{part}");
    }
    let list = "ul > li [title], ".repeat(1000);
    assert_eq!(selector_error(format!("{list}a").as_bytes()), None);
    // The deepest there may be, on the parser's small stack.
    let mut rewriters = Rewriters::default();
    let deep = format!("{}b", "a > ".repeat(REWRITER_SELECTOR_DEPTH_MAX));
    let nots = format!(
        "{}b{}",
        "a:not(".repeat(REWRITER_SELECTOR_DEPTH_MAX),
        ")".repeat(REWRITER_SELECTOR_DEPTH_MAX)
    );
    let handle = opened(&mut rewriters, &[&deep, &nots, "b"], which::ELEMENT);
    let page = format!("{}<b>", "<a>".repeat(200));
    let at = feed(&mut rewriters, handle, page.as_bytes(), true);
    let (all, called, status) = pass(&mut rewriters, handle, at);
    assert_eq!((all, status), (page.into_bytes(), END));
    assert!(called >= 2, "{called}");
}

#[test]
fn thousands_of_handlers_are_served() {
    let mut rewriters = Rewriters::default();
    let selectors: Vec<String> = (0..5000).map(|at| format!("p.c{at}")).collect();
    let selectors: Vec<&str> = selectors.iter().map(String::as_str).collect();
    let handle = opened(&mut rewriters, &selectors, which::ELEMENT);
    let page = b"<p class='c1 c4999 c77'>x</p>".repeat(50);
    let at = feed(&mut rewriters, handle, &page, true);
    let (all, called, status) = pass(&mut rewriters, handle, at);
    assert_eq!((all, called, status), (page, 150, END));
}

/// One whose document is at its end.
fn at_end(rewriters: &mut Rewriters) -> u32 {
    let open = RewriterOpen {
        encoding: "utf-8",
        esi: false,
        handlers: vec![HandlerSet {
            selector: None,
            which: which::END,
        }],
    };
    let mut out = Vec::new();
    let argument = postcard::to_allocvec(&open).unwrap();
    rewriters.open(7, &argument, &mut out).unwrap();
    let handle = u32::from_le_bytes(out[..4].try_into().unwrap());
    let at = feed(rewriters, handle, b"<p>", true);
    assert_eq!((at.0, at.1), (HANDLER, 5));
    handle
}

#[test]
fn much_may_be_added_at_the_end() {
    let mut rewriters = Rewriters::default();
    let handle = at_end(&mut rewriters);
    let text = "x".repeat(REWRITER_OUTPUT_MAX + 5);
    for _ in 0..3 {
        let command = TokenCommand::AppendToEnd;
        let told = token(&mut rewriters, handle, command, 1, &text, "");
        assert_eq!(told, [answer::NOTHING]);
    }
    assert!(rewriters.bytes() > 3 * REWRITER_OUTPUT_MAX as u64);
    let at = go_on(&mut rewriters, handle, 0, b"");
    let (all, _, status) = pass(&mut rewriters, handle, at);
    assert_eq!((status, all.len()), (END, 3 + 3 * text.len()));
}

#[test]
fn what_is_set_in_a_token_is_counted_until_it_is_written() {
    let mut rewriters = Rewriters::default();
    let handle = opened(&mut rewriters, &["a"], which::ELEMENT);
    let at = feed(&mut rewriters, handle, b"<a><a>", true);
    assert_eq!(at.0, HANDLER);
    let before = rewriters.bytes();
    let value = "x".repeat(100_000);
    for at in 0..20 {
        let command = TokenCommand::SetAttribute;
        token(
            &mut rewriters,
            handle,
            command,
            0,
            &format!("a{at}"),
            &value,
        );
    }
    assert!(rewriters.bytes() > before + 1_900_000);
    // What takes the place of another does not add to it.
    for _ in 0..100 {
        let command = TokenCommand::SetAttribute;
        token(&mut rewriters, handle, command, 0, "a0", &value);
    }
    assert!(rewriters.bytes() < before + 3_000_000);
    let at = go_on(&mut rewriters, handle, 0, b"");
    let (all, _, status) = pass(&mut rewriters, handle, at);
    assert_eq!(status, END);
    assert!(all.len() > 2_000_000);
    assert!(rewriters.bytes() < before + 1_000_000);
}

#[test]
fn selectors_are_counted_before_they_are_read() {
    let list = "a,".repeat(100_000);
    assert!(selector_cost(list.as_bytes()) > 50_000_000);
    assert!(selector_cost(b"article.new > p[title]") < 4096);
}

#[test]
fn many_selectors_make_slices_short() {
    let mut rewriters = Rewriters::default();
    let selectors: Vec<String> = (0..1000).map(|at| format!("[a{at}]")).collect();
    let selectors: Vec<&str> = selectors.iter().map(String::as_str).collect();
    let handle = opened(&mut rewriters, &selectors, which::ELEMENT);
    let mut argument = handle.to_le_bytes().to_vec();
    argument.push(1);
    argument.extend_from_slice(&b"<b>".repeat(1000));
    let mut out = Vec::new();
    let work = rewriters.feed(&argument, &mut out).unwrap();
    assert_eq!(out[0], MORE);
    assert!((100_000..300_000).contains(&work), "{work}");
    let (all, _, status) = pass(&mut rewriters, handle, step(&out));
    assert_eq!((all.len(), status), (3000, END));
}
