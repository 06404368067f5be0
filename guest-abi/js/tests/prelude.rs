//! The engine serves a request.
#![allow(clippy::unwrap_used)]

use postern_abi::bundle::ModuleKind;
use postern_js::testing::{Answer, Case, holds, load, request, serve};

fn check(source: &str) -> Answer {
    let case = Case {
        modules: vec![(
            "worker.js".to_owned(),
            ModuleKind::EsModule,
            source.as_bytes().to_vec(),
        )],
        date: "2026-01-01".to_owned(),
        method: "GET".to_owned(),
        url: "http://example.com/a?b=c".to_owned(),
        headers: vec![("accept".to_owned(), "*/*".to_owned())],
        ..Case::default()
    };
    serve(case).unwrap()
}

#[test]
fn a_worker_answers() {
    let answer = check(
        "export default { async fetch(request) {
            await new Promise((resolve) => setTimeout(resolve, 10));
            console.log('seen', request.method);
            return Response.json({ url: request.url, accept: request.headers.get('Accept') }, { status: 201 });
        } }",
    );
    assert_eq!(answer.exception, None);
    assert_eq!(answer.status, 201);
    assert_eq!(
        String::from_utf8(answer.body).unwrap(),
        r#"{"url":"http://example.com/a?b=c","accept":"*/*"}"#
    );
    assert_eq!(answer.logs, ["seen GET"]);
    assert_eq!(
        answer.headers,
        [("content-type".to_owned(), "application/json".to_owned())]
    );
}

/// Serves many requests; the engine must hold as much as before.
fn leaves_nothing(source: &str) {
    let mut case = Case {
        modules: vec![(
            "worker.js".to_owned(),
            ModuleKind::EsModule,
            source.as_bytes().to_vec(),
        )],
        date: "2026-01-01".to_owned(),
        method: "GET".to_owned(),
        url: "http://example.com/".to_owned(),
        ..Case::default()
    };
    load(&mut case).unwrap();
    let after = |requests: u32| {
        for _ in 0..requests {
            assert_eq!(request(&case).unwrap().status, 200);
        }
        holds()
    };
    after(10);
    let (objects, bytes) = after(10);
    let (objects_later, bytes_later) = after(100);
    assert_eq!(objects, objects_later, "{source}");
    assert!(
        bytes_later - bytes < 4096,
        "{bytes} bytes became {bytes_later}: {source}"
    );
}

#[test]
fn requests_leave_nothing_behind() {
    leaves_nothing("export default { fetch: (request) => new Response(request.url) }");
}

#[test]
fn requests_that_wait_leave_nothing_behind() {
    leaves_nothing(
        "export default { async fetch(request, env, ctx) {
            await new Promise((resolve) => setTimeout(resolve, 1));
            return new Response(request.url);
        } }",
    );
}

#[test]
fn waited_for_promises_leave_nothing_behind() {
    leaves_nothing(
        "export default { async fetch(request, env, ctx) {
            ctx.waitUntil(new Promise((resolve) => setTimeout(resolve, 1)));
            return new Response([...request.headers].join());
        } }",
    );
}

#[test]
fn pairs_of_sockets_leave_nothing_behind() {
    leaves_nothing(
        "export default { async fetch() {
            const [one, other] = Object.values(new WebSocketPair());
            one.accept();
            other.accept();
            other.addEventListener('message', ({ data }) => other.send(`${data}!`));
            const answer = new Promise((resolve) => one.addEventListener('message', resolve));
            one.send('hi');
            const { data } = await answer;
            one.close(1000);
            return new Response(data);
        } }",
    );
}

#[test]
fn sockets_that_talk_for_ever_leave_room_for_timers() {
    let answer = check(
        "export default { async fetch() {
            const [one, other] = Object.values(new WebSocketPair());
            let count = 0;
            for (const socket of [one, other]) {
                socket.accept();
                socket.addEventListener('message', () => { count++; socket.send('again'); });
            }
            one.send('first');
            await new Promise((resolve) => setTimeout(resolve, 0));
            one.close();
            return new Response(count > 100);
        } }",
    );
    assert_eq!(String::from_utf8(answer.body).unwrap(), "true");
}
