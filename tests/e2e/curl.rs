//! curl as the field's documents use it, line for line but for host, account and token.

use postern_e2e::{Daemon, Setup};
use serde_json::{Value, json};
use std::process::{Command, Stdio};

const SCRIPTS: &str = "$API/accounts/$ACCOUNT_ID/workers/dispatch/namespaces/$NAMESPACE/scripts";

struct Stage {
    daemon: Daemon,
    kv: String,
}

impl Stage {
    fn new() -> Self {
        let daemon = Setup::new().start();
        let api = daemon.api();
        api.production();
        let kv = api.kv_namespace("things");
        let source = "export default {
            async fetch(request, env, ctx) {
                return new Response('Hello from user Worker!');
            },
        };";
        std::fs::write(daemon.dir().join("worker.mjs"), source).unwrap();
        Self { daemon, kv }
    }

    /// Runs a line in a shell; the status, and the envelope.
    #[track_caller]
    fn run(&self, line: &str) -> (u16, Value) {
        let script = format!(
            "curl() {{ command curl -sS -w '\\n%{{http_code}}' \"$@\"; }}\n{}",
            line.replace("$SCRIPTS", SCRIPTS)
        );
        let output = Command::new("bash")
            .args(["-euc", &script])
            .current_dir(self.daemon.dir())
            .env("API", format!("http://{}/client/v4", self.daemon.manage()))
            .env("ACCOUNT_ID", "edge")
            .env("API_TOKEN", self.daemon.token())
            .env("NAMESPACE", "production")
            .env("SCRIPT_NAME", "customer")
            .env("KV_NAMESPACE_ID", &self.kv)
            .env("D1_DATABASE_ID", "11111111-2222-3333-4444-555555555555")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let (body, status) = text.rsplit_once('\n').unwrap_or_else(|| {
            panic!("{line}: {text} {}", String::from_utf8_lossy(&output.stderr))
        });
        (status.parse().unwrap(), serde_json::from_str(body).unwrap())
    }

    #[track_caller]
    fn ok(&self, line: &str) -> Value {
        let (status, envelope) = self.run(line);
        assert_eq!(status / 100, 2, "{line}: {envelope}");
        assert_eq!(envelope["success"], true, "{line}: {envelope}");
        envelope["result"].clone()
    }

    /// Status, code and message of a line that is refused.
    #[track_caller]
    fn refused(&self, line: &str) -> (u16, u64, String) {
        let (status, envelope) = self.run(line);
        assert_eq!(envelope["success"], false, "{line}: {envelope}");
        let error = &envelope["errors"][0];
        let message = error["message"].as_str().unwrap().to_owned();
        (status, error["code"].as_u64().unwrap(), message)
    }
}

const DEPLOY: &str = r#"curl -X PUT \
  "$SCRIPTS/$SCRIPT_NAME" \
  -H "Authorization: Bearer $API_TOKEN" \
  -F 'metadata={"main_module": "worker.mjs"};type=application/json' \
  -F 'worker.mjs=@worker.mjs;type=application/javascript+module'"#;

const WITH_BINDINGS_AND_TAGS: &str = r#"curl -X PUT \
  "$SCRIPTS/$SCRIPT_NAME" \
  -H "Authorization: Bearer $API_TOKEN" \
  -F 'metadata={
    "main_module": "worker.mjs",
    "bindings": [
      {
        "type": "kv_namespace",
        "name": "MY_KV",
        "namespace_id": "'"$KV_NAMESPACE_ID"'"
      }
    ],
    "tags": ["customer-123", "production", "pro-plan"],
    "compatibility_date": "2024-01-01"
  };type=application/json' \
  -F 'worker.mjs=@worker.mjs;type=application/javascript+module'"#;

const BY_TAG: &str = r#"curl -X DELETE \
  "$SCRIPTS?tags=customer-123%3Ayes" \
  -H "Authorization: Bearer $API_TOKEN""#;

#[test]
fn a_worker_is_deployed_listed_and_deleted() {
    let stage = Stage::new();
    stage.ok(DEPLOY);
    let answer = stage.daemon.get("/customer/").expect(200);
    assert_eq!(answer.text(), "Hello from user Worker!");
    stage.ok(WITH_BINDINGS_AND_TAGS);
    let list = stage.ok(r#"curl "$SCRIPTS" -H "Authorization: Bearer $API_TOKEN""#);
    assert_eq!(list[0]["id"], "customer");
    let delete = r#"curl -X DELETE \
      "$SCRIPTS/$SCRIPT_NAME" \
      -H "Authorization: Bearer $API_TOKEN""#;
    stage.ok(delete);
    assert_eq!(stage.refused(delete).1, 10092);
    stage.ok(WITH_BINDINGS_AND_TAGS);
    assert_eq!(stage.ok(BY_TAG), json!({"deleted": ["customer"]}));
    stage.daemon.get("/customer/").expect(404);
}

#[test]
fn tags_are_read_set_and_filtered() {
    let stage = Stage::new();
    stage.ok(WITH_BINDINGS_AND_TAGS);
    let tags = r#"curl "$SCRIPTS/$SCRIPT_NAME/tags" -H "Authorization: Bearer $API_TOKEN""#;
    assert_eq!(
        stage.ok(tags),
        json!(["customer-123", "production", "pro-plan"])
    );
    stage.ok(r#"curl -X PUT \
      "$SCRIPTS/$SCRIPT_NAME/tags" \
      -H "Authorization: Bearer $API_TOKEN" \
      -H "Content-Type: application/json" \
      -d '["staging", "pro-plan", "production"]'"#);
    stage.ok(r#"curl -X PUT \
      "$SCRIPTS/$SCRIPT_NAME/tags/customer-123" \
      -H "Authorization: Bearer $API_TOKEN""#);
    stage.ok(r#"curl -X DELETE \
      "$SCRIPTS/$SCRIPT_NAME/tags/staging" \
      -H "Authorization: Bearer $API_TOKEN""#);
    let now = json!(["pro-plan", "production", "customer-123"]);
    assert_eq!(stage.ok(tags), now);
    let filter = r#"curl "$SCRIPTS?tags=production%3Ayes" -H "Authorization: Bearer $API_TOKEN""#;
    assert_eq!(stage.ok(filter)[0]["id"], "customer");
    stage.ok(BY_TAG);
    assert_eq!(stage.ok(filter), json!([]));
}

#[test]
fn what_there_is_not_is_named() {
    let stage = Stage::new();
    let all = r#"curl -X PUT \
      "$SCRIPTS/$SCRIPT_NAME" \
      -H "Authorization: Bearer $API_TOKEN" \
      -F 'metadata={
        "main_module": "worker.mjs",
        "bindings": [
          {"type": "kv_namespace", "name": "USER_KV", "namespace_id": "'"$KV_NAMESPACE_ID"'"},
          {"type": "r2_bucket", "name": "USER_STORAGE", "bucket_name": "customer-bucket"},
          {"type": "d1", "name": "DB", "id": "'"$D1_DATABASE_ID"'"}
        ]
      };type=application/json' \
      -F 'worker.mjs=@worker.mjs;type=application/javascript+module'"#;
    let (status, code, message) = stage.refused(all);
    assert_eq!((status, code), (400, 10021));
    assert!(message.contains("r2_bucket"), "{message}");
    stage.ok(WITH_BINDINGS_AND_TAGS);
    // Settings alone keep what they say.
    let keep = |binding: &str| {
        format!(
            r#"curl -X PUT \
          "$SCRIPTS/$SCRIPT_NAME" \
          -H "Authorization: Bearer $API_TOKEN" \
          -F 'metadata={{
            "bindings": [{binding}],
            "keep_bindings": ["kv_namespace", "d1"]
          }}'"#
        )
    };
    let bucket = r#"{"type": "r2_bucket", "name": "STORAGE", "bucket_name": "new-bucket"}"#;
    let (_, code, message) = stage.refused(&keep(bucket));
    assert_eq!(code, 10021, "{message}");
    stage.ok(&keep(r#"{"type": "plain_text", "name": "V", "text": "1"}"#));
    let bindings = r#"curl "$SCRIPTS/$SCRIPT_NAME/bindings" -H "Authorization: Bearer $API_TOKEN""#;
    let bindings = stage.ok(bindings);
    let names: Vec<_> = bindings
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["name"])
        .collect();
    assert_eq!(names, ["V", "MY_KV"]);
}

#[test]
fn assets_are_uploaded() {
    let stage = Stage::new();
    let begun = stage.ok(r#"curl -X POST \
      "$SCRIPTS/$SCRIPT_NAME/assets-upload-session" \
      -H "Authorization: Bearer $API_TOKEN" \
      -H "Content-Type: application/json" \
      --data '{
        "manifest": {
          "/index.html": {
            "hash": "08f1dfda4574284ab3c21666d1ee8c7d4",
            "size": 12
          }
        }
      }'"#);
    assert_eq!(
        begun["buckets"],
        json!([["08f1dfda4574284ab3c21666d1ee8c7d4"]])
    );
    let upload = r#"curl -X POST \
      "$API/accounts/$ACCOUNT_ID/workers/assets/upload?base64=true" \
      -H "Authorization: Bearer $UPLOAD_JWT" \
      -F '08f1dfda4574284ab3c21666d1ee8c7d4=PGgxPjQwPC9oMT4K'"#;
    let upload = upload.replace("$UPLOAD_JWT", begun["jwt"].as_str().unwrap());
    let completion = stage.ok(&upload);
    let deploy = r#"curl -X PUT \
      "$SCRIPTS/$SCRIPT_NAME" \
      -H "Authorization: Bearer $API_TOKEN" \
      -F 'metadata={
        "main_module": "index.js",
        "assets": {
          "jwt": "<COMPLETION_TOKEN>",
          "config": {
            "html_handling": "auto-trailing-slash"
          }
        },
        "bindings": [{"type": "assets", "name": "ASSETS"}]
      };type=application/json' \
      -F 'index.js=export default { async fetch(request, env) { return env.ASSETS.fetch(request)MARK } };type=application/javascript+module'"#;
    let deploy = deploy.replace("<COMPLETION_TOKEN>", completion["jwt"].as_str().unwrap());
    // curl's forms end a value at its first semicolon, and so does the module.
    let (status, code, message) = stage.refused(&deploy.replace("MARK", ";"));
    assert_eq!((status, code), (400, 10021), "{message}");
    stage.ok(&deploy.replace("MARK", ""));
    let home = stage.daemon.get("/customer/").expect(200);
    assert_eq!(home.text(), "<h1>40</h1>\n");
}

#[test]
fn what_the_architecture_calls_is_there() {
    let stage = Stage::new();
    let namespaces = "$API/accounts/$ACCOUNT_ID/workers/dispatch/namespaces";
    let create = format!(
        r#"curl -X POST "{namespaces}" -H "Authorization: Bearer $API_TOKEN" --data '{{
          "name": "production-namespace"
        }}'"#
    );
    let made = stage.ok(&create);
    assert_eq!(made["namespace_name"], "production-namespace");
    let deploy = |more: &str| {
        format!(
            r#"curl -X PUT "$SCRIPTS/$SCRIPT_NAME" -H "Authorization: Bearer $API_TOKEN" \
              -F 'metadata={{
                "main_module": "index.js",
                "bindings": [
                  {{ "type": "kv_namespace", "name": "USER_KV", "namespace_id": "'"$KV_NAMESPACE_ID"'" }}{more}
                ],
                "compatibility_date": "2024-01-01",
                "limits": {{ "cpu_ms": 50, "subrequests": 10 }}
              }}' \
              -F 'index.js=@worker.mjs;type=application/javascript+module'"#
        )
    };
    let bucket = r#", { "type": "r2_bucket", "name": "USER_BUCKET", "bucket_name": "x" }"#;
    let (_, code, message) = stage.refused(&deploy(bucket));
    assert_eq!(code, 10021);
    assert!(message.contains("r2_bucket"), "{message}");
    stage.ok(&deploy(""));
    stage.ok(
        r#"curl -X PUT "$SCRIPTS/$SCRIPT_NAME/tags" -H "Authorization: Bearer $API_TOKEN" --data '{
          "tags": ["customer-123", "tier-free", "environment-staging", "project-api"]
        }'"#,
    );
    let filter = r#"curl "$SCRIPTS?tags=tier-free,environment-staging" -H "Authorization: Bearer $API_TOKEN""#;
    assert_eq!(stage.ok(filter)[0]["id"], "customer");
    let config = |destination: &str| {
        format!(
            r#"curl -X POST "{namespaces}/$NAMESPACE/logs/config" -H "Authorization: Bearer $API_TOKEN" --data '{{
              "enabled": true,
              "logpush": {{ "destination": "{destination}" }}
            }}'"#
        )
    };
    let (_, _, message) = stage.refused(&config("r2://logs-bucket/workers-logs/"));
    assert!(message.contains("http://"), "{message}");
    stage.ok(&config("http://127.0.0.1:9/workers-logs/"));
}

#[test]
fn bindings_that_there_are_not_are_named() {
    let stage = Stage::new();
    for binding in [
        r#"{"type": "d1", "name": "B", "id": "x"}"#,
        r#"{"type": "r2_bucket", "name": "B", "bucket_name": "x"}"#,
        r#"{"type": "queue", "name": "B", "queue_name": "x"}"#,
        r#"{"type": "vectorize", "name": "B", "index_name": "x"}"#,
        r#"{"type": "hyperdrive", "name": "B", "id": "x"}"#,
        r#"{"type": "durable_object_namespace", "name": "B", "class_name": "X"}"#,
        r#"{"type": "workflow", "name": "B", "workflow_name": "x", "class_name": "X"}"#,
        r#"{"type": "pipelines", "name": "B", "pipeline": "x"}"#,
        r#"{"type": "ai", "name": "B"}"#,
        r#"{"type": "browser", "name": "B"}"#,
        r#"{"type": "mtls_certificate", "name": "B", "certificate_id": "x"}"#,
        r#"{"type": "secrets_store_secret", "name": "B", "store_id": "x", "secret_name": "y"}"#,
        r#"{"type": "images", "name": "B"}"#,
        r#"{"type": "send_email", "name": "B"}"#,
    ] {
        let line = DEPLOY.replace(
            r#""main_module": "worker.mjs""#,
            &format!(r#""main_module": "worker.mjs", "bindings": [{binding}]"#),
        );
        let (status, code, message) = stage.refused(&line);
        assert_eq!((status, code), (400, 10021), "{binding}: {message}");
        let kind: Value = serde_json::from_str(binding).unwrap();
        let kind = kind["type"].as_str().unwrap();
        assert!(message.contains(kind), "{kind}: {message}");
    }
}
