//! Requests to other servers that are aborted: before, while the answer or its body is waited for,
//! while a body is sent, and when the answer is the client's already.

use postern_e2e::api::script;
use postern_e2e::{Daemon, Form, Setup};
use serde_json::json;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

/// Whether the origin may end what it began.
type Released = Arc<(Mutex<bool>, Condvar)>;

/// A server on loopback that keeps things waiting.
fn origin() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let released = Released::default();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let released = released.clone();
            std::thread::spawn(move || serve(stream, &released));
        }
    });
    address
}

fn serve(mut write: TcpStream, released: &Released) -> Option<()> {
    let mut read = BufReader::new(write.try_clone().ok()?);
    let mut line = String::new();
    read.read_line(&mut line).ok()?;
    let mut field = String::new();
    while read.read_line(&mut field).ok()? > 2 {
        field.clear();
    }
    match line.split(' ').nth(1)? {
        "/whole" => write
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello"),
        "/release" => {
            *released.0.lock().ok()? = true;
            released.1.notify_all();
            write.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        }
        "/begun" => {
            write
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\nhello ")
                .ok()?;
            let guard = released.0.lock().ok()?;
            drop(released.1.wait_while(guard, |released| !*released).ok()?);
            write.write_all(b"there")
        }
        path => {
            if path == "/held" {
                write
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhello")
                    .ok()?;
            }
            // Whatever is sent is taken, until the other side goes.
            loop {
                let length = read
                    .fill_buf()
                    .ok()
                    .filter(|bytes| !bytes.is_empty())?
                    .len();
                read.consume(length);
            }
        }
    }
    .ok()
}

const WORKER: &str = "
    const say = (error) => `${error?.constructor?.name} ${error?.name}: ${error?.message}`;
    const told = async (work) => {
        try {
            return await work();
        } catch (error) {
            return typeof error === 'string' ? error : say(error);
        }
    };
    const soon = (controller, reason) => setTimeout(() => controller.abort(reason), 1);
    const reading = (origin, how, reason) => told(async () => {
        const controller = new AbortController();
        const response = await fetch(origin + '/held', { signal: controller.signal });
        if (how.length === 1) soon(controller, reason);
        return how(response, controller);
    });
    const sending = (origin, readable, signal) => told(() => fetch(origin + '/taken', { method: 'POST', body: readable, signal }));
    export default {
        async fetch(request, env, ctx) {
            const origin = 'http://' + env.ORIGIN;
            const controller = new AbortController();
            const { signal } = controller;
            switch (new URL(request.url).pathname.split('/').pop()) {
                case 'passed': {
                    const response = await fetch(origin + '/begun', { signal });
                    ctx.waitUntil(new Promise((resolve) => setTimeout(() => {
                        controller.abort();
                        resolve(fetch(origin + '/release'));
                    }, 0)));
                    return response;
                }
                case 'ended': {
                    const response = await fetch(origin + '/held', { signal });
                    controller.abort();
                    return response;
                }
            }
            const facts = {
                before: await told(() => fetch(origin, { signal: AbortSignal.abort('why') })),
                head: await told(() => {
                    soon(controller);
                    return fetch(origin + '/never', { signal });
                }),
                headReason: await told(() => {
                    const controller = new AbortController();
                    soon(controller, 'why');
                    return fetch(origin + '/never', { signal: controller.signal });
                }),
                text: await reading(origin, (response) => response.text()),
                reason: await reading(origin, (response) => response.arrayBuffer(), new RangeError('why')),
                clone: await reading(origin, async (response) => {
                    const other = response.clone();
                    return [await told(() => response.text()), await told(() => other.text())];
                }),
                pipe: await reading(origin, (response) => new Response(response.body.pipeThrough(new TransformStream())).text()),
                reader: await reading(origin, async (response, controller) => {
                    const reader = response.body.getReader();
                    const first = new TextDecoder().decode((await reader.read()).value);
                    soon(controller);
                    return [first, await told(() => reader.read()), await told(() => reader.closed)];
                }),
                timeout: await told(async () => (await fetch(origin + '/held', { signal: AbortSignal.timeout(50) })).text()),
                any: await told(async () => (await fetch(origin + '/held', { signal: AbortSignal.any([new AbortController().signal, AbortSignal.timeout(50)]) })).text()),
                late: await told(async () => {
                    const controller = new AbortController();
                    const response = await fetch(origin + '/held', { signal: controller.signal });
                    controller.abort();
                    await scheduler.wait(1);
                    return response.text();
                }),
                whole: await told(async () => {
                    const controller = new AbortController();
                    const response = await fetch(origin + '/whole', { signal: controller.signal });
                    controller.abort();
                    return response.text();
                }),
                over: await told(async () => {
                    const controller = new AbortController();
                    const response = await fetch(origin + '/whole', { signal: controller.signal });
                    const text = await response.text();
                    controller.abort();
                    return text;
                }),
            };
            const heard = [];
            const uploading = new AbortController();
            const readable = new ReadableStream({
                pull(queue) {
                    queue.enqueue(new Uint8Array(5));
                    if (!uploading.signal.aborted) soon(uploading);
                    return scheduler.wait(1);
                },
                cancel: (reason) => void heard.push(`cancelled ${reason}`),
            });
            heard.push(await sending(origin, readable, uploading.signal));
            facts.upload = heard;
            const { readable: other, writable } = new TransformStream();
            const writing = new AbortController();
            const writer = writable.getWriter();
            const written = (async () => {
                for (;;) {
                    await writer.write(new Uint8Array(10));
                    soon(writing, 'why');
                    await scheduler.wait(1);
                }
            })().catch((reason) => `not written: ${reason}`);
            facts.transform = [await sending(origin, other, writing.signal), await written];
            return Response.json(facts);
        },
    };
";

fn daemon() -> Daemon {
    let tables = "[outbound]\nallow-private = true\n";
    let daemon = Setup::new().tables(tables).start();
    daemon.api().production();
    let bindings = json!([{"type": "plain_text", "name": "ORIGIN", "text": origin().to_string()}]);
    let metadata = json!({
        "main_module": "index.js", "compatibility_date": "2026-01-01", "bindings": bindings,
    });
    let module = Some("application/javascript+module");
    let form = Form::new()
        .metadata(&metadata)
        .part("index.js", Some("index.js"), module, WORKER);
    daemon.api().form("PUT", &script("aborting"), form).ok();
    daemon
}

#[test]
fn what_waits_for_an_aborted_request_is_rejected() {
    let aborted = "DOMException AbortError: The operation was aborted";
    let timed_out = "DOMException TimeoutError: The operation was aborted due to timeout";
    assert_eq!(
        daemon().get("/aborting/facts").expect(200).json(),
        json!({
            "before": "why", "head": aborted, "headReason": "Error Error: why", "text": aborted,
            "reason": "RangeError RangeError: why", "clone": [aborted, aborted], "pipe": aborted,
            "reader": ["hello", aborted, aborted], "timeout": timed_out, "any": timed_out,
            "late": aborted, "whole": aborted, "over": "hello",
            "upload": ["cancelled undefined", aborted],
            "transform": ["Error Error: why", "not written: undefined"],
        })
    );
}

#[test]
fn an_answer_that_is_passed_on_is_not_ended_by_its_requests_signal() {
    let daemon = daemon();
    assert_eq!(
        daemon.get("/aborting/passed").expect(200).text(),
        "hello there"
    );
    daemon.get("/aborting/ended").expect(500);
}
