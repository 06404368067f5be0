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

#[test]
fn a_long_part_of_an_answer_goes_out_in_parts() {
    let answer = check(
        "export default { fetch() {
            const start = (controller) => {
                controller.enqueue(new Uint8Array(3000000).fill(97));
                controller.close();
            };
            return new Response(new ReadableStream({ start }));
        } }",
    );
    assert_eq!(answer.exception, None);
    assert_eq!(answer.body.len(), 3_000_000);
}

/// An answer to be in a coding: what its header says of that then, and its body.
fn coded(coding: &str, how: &str, body: &str) -> (Option<String>, Vec<u8>) {
    let source = format!(
        "const streamed = (text) => new Response(text).body;
        export default {{ fetch() {{
            const headers = {{ 'content-encoding': '{coding}', 'content-length': '5' }};
            return new Response({body}, {{ headers, encodeBody: '{how}' }});
        }} }}"
    );
    // A thread has one engine.
    let answer = std::thread::spawn(move || check(&source)).join().unwrap();
    assert_eq!(answer.exception, None);
    let field = |name: &str| {
        let mut all = answer.headers.iter();
        all.find(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
    };
    if answer.body.starts_with(&[0x1f, 0x8b]) {
        assert_eq!(field("content-length"), None);
    }
    (field("content-encoding"), answer.body)
}

#[test]
fn an_answer_is_put_into_the_coding_that_it_names() {
    for body in [
        "'hello'",
        "new TextEncoder().encode('hello')",
        "streamed('hello')",
    ] {
        let (coding, bytes) = coded("gzip", "automatic", body);
        assert_eq!(coding.as_deref(), Some("gzip"), "{body}");
        assert_eq!(bytes[..2], [0x1f, 0x8b], "{body}");
        let (coding, bytes) = coded("gzip", "manual", body);
        assert_eq!((coding.as_deref(), &*bytes), (Some("gzip"), &b"hello"[..]));
        // What is unknown is the Worker's to do, and so is Brotli without the flag for it.
        for other in ["deflate", "GZIP", "gzip, br", "br"] {
            let (coding, bytes) = coded(other, "automatic", body);
            assert_eq!((coding.as_deref(), &*bytes), (Some(other), &b"hello"[..]));
        }
    }
    let (coding, bytes) = coded("gzip", "automatic", "null");
    assert_eq!((coding.as_deref(), &*bytes), (Some("gzip"), &b""[..]));
}
