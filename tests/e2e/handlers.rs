//! Handlers of emails and of batches of queues, called by the test routes, and modules that listen.

use postern_e2e::api::script;
use postern_e2e::{Form, Request, Setup};
use serde_json::{Value, json};

const SOURCE: &str = r#"
import { EmailMessage } from "cloudflare:email";
export default {
    async email(message, env, ctx) {
        const subject = message.headers.get("subject");
        if (subject === "spam") return message.setReject("no spam");
        if (subject === "throw") throw new TypeError("thrown");
        const text = await new Response(message.raw).text();
        await message.forward("other@example.com", { "X-Size": `${message.rawSize === text.length}` });
        await message.reply(new EmailMessage(message.to, message.from,
            `In-Reply-To: ${message.headers.get("message-id")}\r\n\r\nfrom ${message.from} of ${text.length}`));
    },
    async queue(batch) {
        for (const message of batch.messages) {
            if (message.body.ok) message.ack();
            else message.retry({ delaySeconds: message.attempts * 10 });
        }
        if (batch.queue === "all") batch.ackAll();
        if (batch.queue === "broken") throw new Error("broken");
        console.log(batch.queue, batch.messages.map(({ id, timestamp, body }) => `${id} ${timestamp.toISOString()} ${JSON.stringify(body)}`));
    },
};
"#;

fn start(source: &str) -> postern_e2e::Daemon {
    let daemon = Setup::new().edge("test-routes = true").start();
    daemon.api().production();
    let metadata = json!({"main_module": "index.js", "compatibility_date": "2026-01-01"});
    let form = Form::new().metadata(&metadata).part(
        "index.js",
        Some("index.js"),
        Some("application/javascript+module"),
        source,
    );
    daemon.api().form("PUT", &script("post"), form).ok();
    daemon
}

const EMAIL: &str = "/post/cdn-cgi/handler/email?from=a@example.com&to=b@example.com";

#[test]
fn emails_reach_their_handler() {
    let daemon = start(SOURCE);
    let send = |path: &str, email: &str| daemon.send(&Request::post(path, email));
    let told = send(EMAIL, "Message-ID: <1@x>\r\nSubject: hello\r\n\r\ntext").expect(200);
    assert_eq!(told.text(), "Worker successfully processed email");
    let email = "Message-ID: <1@x>\r\nSubject: folded\r\n more\r\n\r\ntext";
    let told = send(&format!("{EMAIL}&format=json"), email).expect(200);
    let told: Value = serde_json::from_str(told.text()).unwrap();
    assert_eq!(
        told["forwarded"],
        json!([{"to": "other@example.com", "headers": {"x-size": "true"}}])
    );
    assert_eq!(told["replies"][0]["to"], "a@example.com");
    let raw = told["replies"][0]["raw"].as_str().unwrap();
    assert!(raw.ends_with(&format!("of {}", email.len())), "{raw}");

    let told = send(EMAIL, "Message-ID: <1@x>\r\nSubject: spam\r\n\r\n").expect(400);
    assert_eq!(
        told.text(),
        "Worker rejected email with the following reason: no spam"
    );
    send(EMAIL, "Message-ID: <1@x>\r\nSubject: throw\r\n\r\n").expect(500);
    let told = send(EMAIL, "Subject: no id\r\n\r\n").expect(400);
    assert!(told.text().contains("no message id"), "{}", told.text());
    let told = send("/post/cdn-cgi/handler/email?from=a@example.com", "x").expect(400);
    assert!(told.text().starts_with("Invalid email."), "{}", told.text());
}

#[test]
fn batches_reach_their_handler() {
    let daemon = start(SOURCE);
    let send = |batch: &Value| {
        daemon.send(&Request::post(
            "/post/cdn-cgi/handler/queue",
            batch.to_string(),
        ))
    };
    let messages = json!([
        {"id": "one", "timestamp": 1_700_000_000_000_u64, "body": {"ok": true}},
        {"id": "two", "attempts": 3, "body": "text", "contentType": "text"},
        {"body": "AQI=", "contentType": "bytes"},
    ]);
    let told = send(&json!({"queue": "orders", "messages": messages})).expect(200);
    let told: Value = serde_json::from_str(told.text()).unwrap();
    assert_eq!(told["outcome"], "ok");
    assert_eq!(told["explicitAcks"], json!(["one"]));
    assert_eq!(
        told["retryMessages"][0],
        json!({"msgId": "two", "delaySeconds": 30})
    );
    assert_eq!(told["retryMessages"].as_array().map(Vec::len), Some(2));
    assert_eq!(told["retryBatch"], json!({"retry": false}));

    let told = send(&json!({"queue": "all", "messages": []})).expect(200);
    assert!(told.text().contains("\"ackAll\":true"), "{}", told.text());
    send(&json!({"queue": "broken", "messages": []})).expect(500);
    for bad in [json!(5), json!({"messages": [{"contentType": "v8"}]})] {
        send(&bad).expect(400);
    }
}

#[test]
fn who_has_no_handler_is_not_asked() {
    let daemon = start("export default { fetch: () => new Response('fetched') };");
    daemon.send(&Request::post(EMAIL, "x")).expect(500);
    daemon
        .send(&Request::post("/post/cdn-cgi/handler/queue", "{}"))
        .expect(500);
    assert_eq!(daemon.get("/post/").expect(200).text(), "fetched");
}

#[test]
fn what_an_event_waits_for_decides_how_it_ended() {
    let daemon = start(
        "const wait = (kind, ctx) => {
             if (kind === 'rejects') ctx.waitUntil(scheduler.wait(1).then(() => Promise.reject(new Error('no'))));
             if (kind === 'throws') { setTimeout(() => { throw new Error('no'); }); ctx.waitUntil(scheduler.wait(5)); }
             if (kind === 'forgets') Promise.reject(new Error('of nobody'));
         };
         export default {
             scheduled(controller, env, ctx) { wait(controller.cron, ctx); },
             queue(batch, env, ctx) {
                 wait(batch.queue, ctx);
                 ctx.waitUntil(scheduler.wait(1).then(() => batch.ackAll()));
             },
             fetch(request, env, ctx) { wait(new URL(request.url).pathname.split('/').pop(), ctx); return new Response('fetched'); },
         };",
    );
    for (kind, status) in [("rejects", 500), ("throws", 500), ("forgets", 200)] {
        let path = format!("/post/cdn-cgi/handler/scheduled?cron={kind}");
        assert_eq!(daemon.get(&path).status, status, "{kind}");
        let batch = json!({"queue": kind, "messages": []}).to_string();
        let told = daemon.send(&Request::post("/post/cdn-cgi/handler/queue", batch));
        assert_eq!(told.status, status, "{kind}");
        if status == 200 {
            assert!(told.text().contains("\"ackAll\":true"), "{}", told.text());
        }
        // A request's answer is out by then.
        daemon.get(&format!("/post/{kind}")).expect(200);
    }
}

#[test]
fn a_module_without_a_default_export_listens() {
    let daemon = start(
        "export const other = {}; addEventListener('fetch', (event) => event.respondWith(new Response('heard')));",
    );
    assert_eq!(daemon.get("/post/").expect(200).text(), "heard");
}

#[test]
fn what_a_handler_rejects_with_is_no_unhandled_rejection() {
    let daemon = start(
        "const heard = [];
         addEventListener('unhandledrejection', (event) => heard.push(event.reason.message));
         export default {
             async fetch(request) {
                 const { pathname } = new URL(request.url);
                 if (pathname.endsWith('/told')) return Response.json(heard);
                 if (pathname.endsWith('/later')) await 1;
                 throw new Error(pathname);
             },
         };",
    );
    for path in ["/post/at-once", "/post/later"] {
        assert_eq!(daemon.get(path).status, 500);
    }
    assert_eq!(daemon.get("/post/told").expect(200).json(), json!([]));
}
