//! Analytics Engine: from a Worker's data points to the answer of a query.

use postern_e2e::api::{ACCOUNT, script};
use postern_e2e::{Daemon, Form, Request};
use serde_json::{Value, json};

const SOURCE: &str = "
    export default {
        fetch(request, env) {
            const url = new URL(request.url);
            const count = Number(url.searchParams.get('n') ?? 1);
            for (let i = 0; i < count; i++) {
                env.POINTS.writeDataPoint({ blobs: [url.pathname, null, new TextEncoder().encode('bytes')], doubles: [i, 2.5], indexes: [request.method] });
            }
            // What breaks a limit is dropped, and what is no point throws.
            env.POINTS.writeDataPoint({ blobs: Array(21).fill('x') });
            env.POINTS.writeDataPoint({ indexes: ['a', 'b'] });
            let thrown = '';
            for (const wrong of [5, { blobs: 'x' }, { doubles: 1 }]) {
                try { env.POINTS.writeDataPoint(wrong); } catch (error) { thrown += `${error.name} `; }
            }
            return new Response(`${env.POINTS.writeDataPoint()} ${Object.prototype.toString.call(env.POINTS)} ${thrown}`);
        },
    };
";

#[track_caller]
fn ask(daemon: &Daemon, query: &str) -> Value {
    let request = daemon
        .api()
        .request("POST", &format!("{ACCOUNT}/analytics_engine/sql"))
        .body(query);
    daemon.api().raw(&request).unwrap().expect(200).json()
}

#[test]
fn points_are_asked_in_sql_and_survive_a_restart() {
    let mut daemon = Daemon::plain();
    let api = daemon.api();
    api.production();
    let metadata = json!({
        "main_module": "index.js", "compatibility_date": "2026-01-01",
        "bindings": [{"type": "analytics_engine", "name": "POINTS", "dataset": "views"}],
    });
    let form = Form::new().metadata(&metadata).part(
        "index.js",
        Some("index.js"),
        Some("application/javascript+module"),
        SOURCE,
    );
    api.form("PUT", &script("writer"), form).ok();
    let shown = api.get(&format!("{}/bindings", script("writer"))).ok();
    assert_eq!(shown[0]["dataset"], "views");
    let answer = daemon.get("/writer/a").expect(200);
    assert_eq!(
        answer.text(),
        "undefined [object AnalyticsEngine] TypeError TypeError TypeError "
    );
    daemon.get("/writer/b?n=3").expect(200);
    daemon.send(&Request::post("/writer/b", "x")).expect(200);
    let query = "SELECT blob1 AS path, SUM(_sample_interval) AS views, max(double1) AS most, blob3 FROM views
        WHERE timestamp > NOW() - INTERVAL '1' HOUR AND blob1 != '' GROUP BY path, blob3 ORDER BY views DESC LIMIT 10";
    let answer = ask(&daemon, query);
    let expect = json!([
        {"path": "/b", "views": 4, "most": 2, "blob3": "bytes"},
        {"path": "/a", "views": 1, "most": 0, "blob3": "bytes"},
    ]);
    assert_eq!(answer["data"], expect);
    assert_eq!(answer["meta"][0], json!({"name": "path", "type": "String"}));
    // 250 a request, and no more.
    daemon.get("/writer/many?n=400").expect(200);
    let many = ask(
        &daemon,
        "SELECT count() AS n FROM views WHERE blob1 = '/many'",
    );
    assert_eq!(many["data"][0]["n"], 250);
    daemon.restart();
    assert_eq!(ask(&daemon, query)["data"][2], expect[1]);
    let tables = ask(&daemon, "SHOW TABLES");
    assert_eq!(tables["data"][0]["dataset"], "views");
    let wrong = daemon
        .api()
        .request("POST", &format!("{ACCOUNT}/analytics_engine/sql"))
        .body("SELECT nothing FROM views");
    let (status, _, message) = daemon.api().send(&wrong).refused();
    assert_eq!(status, 400);
    assert!(message.contains("unknown column 'nothing'"), "{message}");
}

#[test]
fn sums_over_invocations_are_asked_as_the_documents_do() {
    let daemon = Daemon::plain();
    let api = daemon.api();
    api.production();
    api.push("hello", &postern_e2e::guests::hello("hi"), &json!({}));
    for _ in 0..3 {
        daemon.get("/hello/").expect(200);
    }
    let query = "query { viewer { accounts(filter: {accountTag: $accountId}) {
        workersInvocationsAdaptive(filter: {dispatchNamespaceName: \"production\"}) { sum { requests errors cpuTime } } } } }";
    let answered = postern_e2e::eventually("invocations are counted", || {
        let request = daemon
            .api()
            .request("POST", "/client/v4/graphql")
            .body(json!({ "query": query }).to_string());
        let answer = daemon.api().raw(&request).unwrap().expect(200).json();
        let sum =
            answer["data"]["viewer"]["accounts"][0]["workersInvocationsAdaptive"][0]["sum"].clone();
        (sum["requests"] == 3).then_some(sum)
    });
    assert_eq!(answered["errors"], 0);
    assert!(answered["cpuTime"].is_u64());
}
