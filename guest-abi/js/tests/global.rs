//! The global scope: listeners of classic scripts, what the log gets, what handlers may answer.
#![allow(clippy::unwrap_used)]

use postern_abi::bundle::ModuleKind;
use postern_js::testing::{Answer, Case, serve};

const FLAGS: [&str; 3] = [
    "global_navigator",
    "enable_ctx_exports",
    "allow_eval_during_startup",
];

fn run(kind: ModuleKind, source: &str) -> Result<Answer, String> {
    serve(Case {
        modules: vec![("worker.js".to_owned(), kind, source.as_bytes().to_vec())],
        date: "2026-01-01".to_owned(),
        flags: FLAGS.map(str::to_owned).to_vec(),
        method: "GET".to_owned(),
        url: "http://example.com/".to_owned(),
        ..Case::default()
    })
}

/// Runs a handler that throws, and compares what the host is told.
fn check_fails(source: &str, told: &str) {
    let answer = run(ModuleKind::EsModule, source).unwrap();
    assert_eq!(answer.exception.as_deref(), Some(told));
}

fn body(answer: Answer) -> String {
    assert_eq!(answer.exception, None);
    String::from_utf8(answer.body).unwrap()
}

#[test]
fn a_classic_script_answers() {
    let answer = run(
        ModuleKind::ServiceWorker,
        "addEventListener('fetch', (event) => {
            let twice;
            event.respondWith((async () => (await null, new Response(`${event.type} ${event.request.url} ${twice}`)))());
            try { event.respondWith(new Response('')) } catch (error) { twice = error.name }
        })",
    );
    assert_eq!(
        body(answer.unwrap()),
        "fetch http://example.com/ InvalidStateError"
    );
}

#[test]
fn a_classic_script_that_throws_fails() {
    let answer = run(
        ModuleKind::ServiceWorker,
        "addEventListener('fetch', () => { throw new RangeError('far') })",
    )
    .unwrap();
    assert_eq!(
        answer.exception.as_deref(),
        Some("RangeError: far\nRangeError: far\n    at worker.js:1:41")
    );
}

#[test]
fn what_is_no_response_is_refused() {
    const TOLD: &str = "TypeError: Callback returned incorrect type; expected 'Promise'";
    let source = "export default { fetch() { return 5 } }";
    check_fails(source, &format!("{TOLD}\n{TOLD}"));
}

#[test]
fn a_promise_of_no_response_is_refused() {
    const TOLD: &str =
        "TypeError: Incorrect type for Promise: the Promise did not resolve to 'Response'.";
    let source = "export default { async fetch() { return null } }";
    check_fails(source, &format!("{TOLD}\n{TOLD}"));
}

#[test]
fn an_answer_that_cannot_come_is_an_error() {
    let answer = run(
        ModuleKind::EsModule,
        "export default { fetch() { return new Promise(() => {}) } }",
    );
    let told = answer.unwrap().exception.unwrap();
    assert!(told.contains("would never generate a response"), "{told}");
}

#[test]
fn a_thrown_error_tells_where() {
    check_fails(
        "class Late extends Error {\n  constructor(text) { super(text); this.name = 'Late' }\n}\n\
         function inner() {\n  throw new Late('no');\n}\nexport default { fetch() { inner() } }",
        "Error: no\nLate: no\n    at inner (worker.js:5:9)\n    at Object.fetch (worker.js:7:28)",
    );
}

#[test]
fn an_error_that_is_thrown_again_keeps_its_stack() {
    check_fails(
        "function one() { throw new Error('first') }\n\
         function two() {\n  try { one() } catch (error) { throw error }\n}\n\
         export default { fetch() { two() } }",
        "Error: first\nError: first\n    at one (worker.js:1:24)\n    at two (worker.js:3:9)\n    at Object.fetch (worker.js:5:28)",
    );
}

#[test]
fn a_module_that_cannot_be_read_is_refused_with_its_place() {
    let refused = run(ModuleKind::EsModule, "const a = 1;\nconst b = ;").unwrap_err();
    assert!(refused.starts_with("SyntaxError: "), "{refused}");
    assert!(refused.contains("worker.js:2:11"), "{refused}");
}

#[test]
fn exports_that_are_no_handlers_are_refused() {
    let refused = run(ModuleKind::EsModule, "export const x = 1").unwrap_err();
    assert!(
        refused.starts_with(
            "TypeError: Incorrect type for map entry 'x': the provided value is not of type 'function or ExportedHandler'."
        ),
        "{refused}"
    );
}

#[test]
fn code_from_strings_is_for_startup() {
    let answer = run(
        ModuleKind::EsModule,
        "const early = eval('1 + 1') + new Function('return 7')();
         export default { fetch() {
            let late = [];
            for (const make of [() => eval('1'), () => new Function(''), () => (async () => {}).constructor('')]) {
                try { late.push(make()) } catch (error) { late.push(error.name) }
            }
            return new Response(`${early} ${late} ${(() => {}) instanceof Function}`);
         } }",
    );
    assert_eq!(
        body(answer.unwrap()),
        "9 EvalError,EvalError,EvalError true"
    );
}

#[test]
fn rejections_without_a_handler_are_told() {
    let answer = run(
        ModuleKind::EsModule,
        "addEventListener('unhandledrejection', (event) => console.log(event.type, event.reason));
         addEventListener('rejectionhandled', (event) => console.log(event.type));
         export default { async fetch() {
            const promise = Promise.reject(5);
            await scheduler.wait(1);
            promise.catch(() => {});
            await scheduler.wait(1);
            return new Response('');
         } }",
    )
    .unwrap();
    assert_eq!(answer.logs, ["unhandledrejection 5", "rejectionhandled"]);
}

#[test]
fn the_log_gets_what_nobody_caught() {
    let answer = run(
        ModuleKind::EsModule,
        "export default { async fetch(request, env, ctx) {
            ctx.waitUntil(Promise.reject('left'));
            setTimeout(() => { throw 'timer' }, 0);
            Promise.reject('promise');
            reportError('told');
            await scheduler.wait(2);
            return new Response('');
         } }",
    )
    .unwrap();
    assert_eq!(
        answer.logs,
        [
            "Uncaught told",
            "Uncaught (in promise) promise",
            "Uncaught left",
            "Uncaught timer"
        ]
    );
}
