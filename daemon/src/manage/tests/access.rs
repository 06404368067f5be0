//! Who may do what: every route with every role, the audit log, and tokens that end.

use super::*;
use crate::catalog::name::ACCOUNT;
use crate::manage::roles::{ROLES, Role, covers, needs};
use crate::manage::tokens::{Grant, create};
use http::Method;

/// A desk whose calls have another token.
fn with(desk: &Desk, grant: Grant) -> String {
    block_on(create(desk.manage.catalog.store(), "other", grant))
        .unwrap()
        .1
}

fn ask(desk: &Desk, token: &str, method: &str, path: &str, body: &str) -> Got {
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {token}"));
    desk.raw(
        request
            .body(Payload::whole(body.as_bytes().to_vec()))
            .unwrap(),
    )
}

#[test]
fn every_route_asks_for_its_role() {
    let desk = Desk::new();
    let of = |role, namespace: Option<&str>, tag: Option<&str>| {
        let grant = Grant {
            role,
            namespace: namespace.map(str::to_owned),
            tag: tag.map(str::to_owned),
            ..Grant::default()
        };
        (grant.clone(), with(&desk, grant))
    };
    let mut tokens: Vec<_> = ROLES.into_iter().map(|role| of(role, None, None)).collect();
    tokens.push(of(Role::Deploy, Some("staging"), None));
    tokens.push(of(Role::Deploy, Some("staging"), Some("customer-1")));
    tokens.push(of(Role::Deploy, None, Some("customer-1")));
    let mut refused = 0;
    for (base, method, pattern) in Manage::<TestWorker>::all_routes_there_are() {
        let path = pattern
            .replace("{ns}", "production")
            .replace(['{', '}', '*'], "");
        // They come with their session's token instead.
        if pattern.contains("assets/upload") {
            continue;
        }
        for (grant, token) in &tokens {
            let (role, scope) = (grant.role, grant.scope());
            // Those that name none are about Workers outside of all.
            let named = pattern.contains("{ns}");
            let namespace = if named { "production" } else { ACCOUNT };
            let may = covers(role, scope, (method, pattern), namespace).is_ok();
            if may && *method == Method::DELETE && pattern.starts_with("tokens") {
                continue;
            }
            let got = ask(&desk, token, method.as_str(), &format!("{base}{path}"), "");
            let shown = format!(
                "{method} {base}{path} as {role:?} {scope:?}: {}",
                got.status
            );
            assert_eq!(got.status == 403, !may, "{shown}");
            if !may {
                refused += 1;
                let message = got.json()["errors"][0]["message"]
                    .as_str()
                    .unwrap()
                    .to_owned();
                let told = match (scope.namespace, scope.tag) {
                    (None, Some(_))
                        if needs(method, pattern) <= needs(&Method::PUT, "workers/x") =>
                    {
                        "'customer-1'"
                    }
                    (Some(_), _) if needs(method, pattern) <= needs(&Method::PUT, "workers/x") => {
                        "staging"
                    }
                    _ => "with the role",
                };
                assert!(message.contains(told), "{shown}: {message}");
            }
        }
    }
    assert!(refused > 300, "{refused}");
}

#[test]
fn a_token_of_one_namespace_stays_there() {
    let desk = Desk::new();
    let scripts = |namespace: &str| {
        format!("/client/v4/accounts/x/workers/dispatch/namespaces/{namespace}/scripts")
    };
    let grant = Grant {
        role: Role::Deploy,
        namespace: Some("production".to_owned()),
        ..Grant::default()
    };
    let token = with(&desk, grant);
    assert_eq!(
        ask(&desk, &token, "GET", &scripts("production"), "").status,
        200
    );
    // However the path is written, the namespace is what it names.
    for other in [
        "staging",
        "produc%74ion2",
        "production%2F..%2Fstaging",
        "-",
        "%2D",
    ] {
        let got = ask(&desk, &token, "GET", &scripts(other), "");
        assert!([403, 404].contains(&got.status), "{other}: {}", got.status);
    }
    assert_eq!(
        ask(&desk, &token, "GET", &scripts("produc%74ion"), "").status,
        200
    );
    let namespaces = "/client/v4/accounts/x/workers/dispatch/namespaces";
    assert_eq!(ask(&desk, &token, "GET", namespaces, "").status, 403);
    assert_eq!(
        ask(
            &desk,
            &token,
            "DELETE",
            &format!("{namespaces}/production"),
            ""
        )
        .status,
        403
    );
    assert_eq!(
        ask(
            &desk,
            &token,
            "POST",
            "/postern/v1/tokens",
            r#"{"name":"x"}"#
        )
        .status,
        403
    );
}

#[test]
fn a_bad_token_is_told_as_the_field_does_at_each_path() {
    let desk = Desk::new();
    let check = |path: &str, expect: &[u64]| {
        let got = ask(&desk, "none", "GET", path, "");
        assert_eq!(got.status, 401, "{path}");
        let errors = got.json()["errors"].as_array().unwrap().clone();
        let codes: Vec<u64> = errors
            .iter()
            .map(|it| it["code"].as_u64().unwrap())
            .collect();
        assert_eq!(codes, expect, "{path}");
    };
    check("/client/v4/user/tokens/verify", &[1000, 10000]);
    check("/client/v4/accounts/x/tokens/verify", &[1000, 10000]);
    check("/client/v4/user", &[9109, 10000]);
    check("/client/v4/accounts", &[9109, 10000]);
    check("/client/v4/memberships", &[9109, 10000]);
    check("/client/v4/accounts/x/workers/scripts", &[10000]);
    check("/client/v4/accounts/x/storage/kv/namespaces", &[10000]);
    check("/postern/v1/status", &[10000]);
}

#[test]
fn tokens_are_made_with_what_they_may_and_tell_it() {
    let desk = Desk::new();
    let body = r#"{"name":"ci","role":"deploy","namespace":"production","expires_on":"2099-01-01T00:00:00Z"}"#;
    let path = "/postern/v1/tokens";
    // Within ten years.
    assert_eq!(desk.send("POST", path, None, body.as_bytes()).status, 400);
    let body = body.replace("2099", "2030");
    let made = desk.send("POST", path, None, body.as_bytes()).json()["result"].clone();
    assert_eq!(made["role"], "deploy");
    assert_eq!(made["namespace"], "production");
    let token = made["value"].as_str().unwrap();
    for path in [
        "/client/v4/user/tokens/verify",
        "/client/v4/accounts/x/tokens/verify",
    ] {
        let told = ask(&desk, token, "GET", path, "").json()["result"].clone();
        assert_eq!(told["id"], made["id"]);
        assert_eq!(told["status"], "active");
        assert!(
            told["expires_on"]
                .as_str()
                .unwrap()
                .starts_with("2030-01-01T00:00:00")
        );
    }
    for wrong in [
        r#"{"name":"x","role":"root"}"#,
        r#"{"name":"x","role":"read","namespace":"production"}"#,
        r#"{"name":"x","requests_per_second":0}"#,
        r#"{"name":"x","expires_on":"yesterday"}"#,
        r#"{"name":"x","expires_on":"2001-01-01T00:00:00Z"}"#,
    ] {
        let got = desk.send("POST", path, None, wrong.as_bytes());
        assert_eq!(got.status, 400, "{wrong}");
    }
    let all = desk.send("GET", path, None, b"").json()["result"].clone();
    let used = all
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["id"] == made["id"])
        .unwrap();
    assert!(used["last_used_on"].is_string(), "{all}");
}

#[test]
fn changes_are_in_the_audit_log_and_looking_is_not() {
    let desk = Desk::new();
    let namespaces = "/client/v4/accounts/x/workers/dispatch/namespaces";
    desk.send("POST", namespaces, None, br#"{"name":"staging"}"#);
    desk.send("GET", namespaces, None, b"");
    // The same again is refused.
    desk.send("POST", namespaces, None, br#"{"name":"staging"}"#);
    let secret = r#"{"name":"x","secret":"do not tell"}"#;
    desk.send("POST", "/postern/v1/tokens", None, secret.as_bytes());
    let told = desk.send("GET", "/postern/v1/audit", None, b"").json()["result"].clone();
    let told: Vec<_> = told.as_array().unwrap().clone();
    let calls: Vec<_> = told.iter().map(|it| it["call"].as_str().unwrap()).collect();
    let post = format!("POST {namespaces}");
    assert_eq!(calls, [&post, &post, &post, "POST /postern/v1/tokens"]);
    assert_eq!(told[2]["failed"]["sequence"], 2);
    assert!(told[2]["failed"]["status"].as_u64().unwrap() >= 400);
    assert!(told.iter().all(|it| it["who"] == "test"));
    assert!(!format!("{told:?}").contains("do not tell"));
    let verdict = desk
        .send("GET", "/postern/v1/audit/verify", None, b"")
        .json()["result"]
        .clone();
    assert_eq!(
        (&verdict["whole"], &verdict["entries"]),
        (&json!(true), &json!(4))
    );
    let behind = desk
        .send("GET", "/postern/v1/audit?after=3", None, b"")
        .json()["result"]
        .clone();
    assert_eq!(behind.as_array().unwrap().len(), 1);
}
