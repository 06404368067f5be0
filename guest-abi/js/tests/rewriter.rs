//! `HTMLRewriter`: what facts compared with workerd (`tests/compare/htmlrewriter`) do not show.
#![allow(clippy::unwrap_used)]

use postern_abi::bundle::ModuleKind;
use postern_js::testing::{Case, load, request};

fn case(source: &str) -> Case {
    Case {
        modules: vec![(
            "worker.js".to_owned(),
            ModuleKind::EsModule,
            source.as_bytes().to_vec(),
        )],
        date: "2026-01-01".to_owned(),
        method: "GET".to_owned(),
        url: "http://example.com/".to_owned(),
        ..Case::default()
    }
}

/// More than an isolate may have open at once.
const MANY: usize = 100;

fn check(source: &str, body: &str) {
    let mut case = case(source);
    load(&mut case).unwrap();
    for _ in 0..MANY {
        let answer = request(&case).unwrap();
        assert_eq!(answer.exception, None);
        assert_eq!(String::from_utf8(answer.body).unwrap(), body);
    }
}

#[test]
fn rewriters_wait_for_their_handlers_and_are_closed() {
    check(
        "const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
        const rewriter = new HTMLRewriter().on('a', {
            async element(element) {
                await wait(2);
                element.append(new Response(`<${await new Response('x').text()}>`));
            },
        });
        const page = () => rewriter.transform(new Response('<a>1</a><a>2</a>'));
        export default { async fetch() {
            const texts = await Promise.all([page().text(), page().text()]);
            if (texts[0] !== texts[1]) throw new Error(texts);
            return page();
        } }",
        "<a>1&lt;x&gt;</a><a>2&lt;x&gt;</a>",
    );
}

#[test]
fn rewriters_that_fail_or_are_not_read_to_the_end_are_closed() {
    check(
        "const page = (element) => new HTMLRewriter().on('a', { element }).transform(new Response('<a>1</a>'));
        export default { async fetch() {
            const thrown = await page(() => { throw new RangeError('no'); }).text().catch(String);
            const reader = page(async () => { await new Promise((resolve) => setTimeout(resolve, 1)); }).body.getReader();
            await reader.cancel();
            const wrong = await new HTMLRewriter().on('a b', {}).on('a b', { element() {} })
                .transform(new Response('<i>'.repeat(20000))).text().catch(String);
            return new Response([thrown, wrong].join());
        } }",
        "RangeError: no,TypeError: Parser error: The memory limit has been exceeded.",
    );
}
