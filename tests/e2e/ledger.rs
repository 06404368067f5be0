//! Who has how much memory: the tree adds up to what the system says.

use postern_e2e::{Daemon, Setup};
use serde_json::Value;
use std::sync::atomic::{AtomicUsize, Ordering};

fn ledger(daemon: &Daemon) -> Value {
    daemon.api().get("/postern/v1/ledger").ok()
}

/// Each account that is made of others has at least what they have.
fn check_sums(entry: &Value) {
    let parts = entry["parts"].as_array().map_or(&[][..], Vec::as_slice);
    for key in ["granted_bytes", "resident_bytes"] {
        let sum: u64 = parts.iter().map(|it| it[key].as_u64().unwrap()).sum();
        let own = entry[key].as_u64().unwrap();
        assert!(parts.is_empty() || own >= sum, "{key}: {entry:#}");
    }
    parts.iter().for_each(check_sums);
}

/// 50 tenants, each of which computes, keeps something and is asked again and again, from eight
/// clients: the tree tells within 15 % what the system counts.
#[test]
fn the_tree_adds_up_to_what_is_in_ram() {
    const TENANTS: usize = 50;
    const REQUESTS: usize = 1000;
    let daemon = Setup::new().start();
    daemon.api().production();
    for n in 0..TENANTS {
        let source = format!(
            "const kept = [];
             export default {{ async fetch() {{
               kept.push('{n}'.repeat(500));
               const rows = Array.from({{ length: 100 }}, (_, at) => ({{ at, name: `row ${{at}}` }}));
               return Response.json(rows);
             }} }};"
        );
        daemon.api().push_javascript(&format!("t{n}"), &source);
    }
    let next = AtomicUsize::new(0);
    let (next, daemon) = (&next, &daemon);
    let mut seen = Vec::new();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(move || {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= REQUESTS {
                        break;
                    }
                    daemon.get(&format!("/t{}/", n % TENANTS)).expect(200);
                }
            });
        }
        // Looked at while they are asked.
        while next.load(Ordering::Relaxed) < REQUESTS {
            if next.load(Ordering::Relaxed) > REQUESTS / 2 {
                seen.push(ledger(daemon));
            }
        }
    });
    seen.push(ledger(daemon));
    for told in &seen {
        check_sums(&told["device"]);
        let [rss, sum] = ["rss_bytes", "told_bytes"].map(|key| told[key].as_u64().unwrap());
        assert!(
            rss.abs_diff(sum) * 100 <= rss * 15,
            "in RAM are {rss} bytes, the tree tells {sum}"
        );
    }
    let last = seen.pop().unwrap();
    let planes = last["device"]["parts"].as_array().unwrap();
    let workers = planes.iter().find(|it| it["name"] == "Workers").unwrap();
    let tenants = workers["parts"].as_array().unwrap();
    assert_eq!(tenants.len(), TENANTS);
    let shown = daemon.cli(&["status", "--ledger"]).expect(0);
    for part in [
        "device",
        "├ Workers",
        "production/t49",
        "isolate, idle",
        "in RAM: ",
    ] {
        assert!(shown.text().contains(part), "{part}: {}", shown.text());
    }
}

/// Tenants who take all there is, and hold it, leave another its isolate.
#[test]
fn whoever_has_little_finds_room_beside_those_who_take_all() {
    const HOGS: usize = 12;
    let daemon = Setup::new()
        .board("qemu-armv7")
        .tables("[limits]\ncpu-ms = 30000\nmemory-bytes = '16 MiB'\n")
        .start();
    daemon.api().production();
    daemon.api().push_javascript(
        "little",
        "export default { fetch: () => new Response('here') };",
    );
    let mut held = Vec::new();
    let mut refused = 0;
    for n in 0..HOGS {
        let name = format!("hog{n}");
        daemon.api().push_javascript(
            &name,
            "export default { fetch() {
               const kept = Array.from({ length: 9 }, () => new Uint8Array(1 << 20).fill(1));
               const { readable, writable } = new TransformStream();
               const writer = writable.getWriter();
               const goesOn = () => setTimeout(() => writer.write(kept.pop()), 25000);
               writer.write(new Uint8Array([kept.length])).then(goesOn);
               return new Response(readable);
             } };",
        );
        let mut connection = daemon.connect();
        let request = format!("GET /{name}/ HTTP/1.1\r\nhost: x\r\n\r\n");
        connection.write(request.as_bytes()).unwrap();
        match connection.read_head().unwrap() {
            (200, _) => held.push(connection),
            (503, headers) => {
                let length = headers.iter().find(|(name, _)| name == "content-length");
                let body = connection.read_exact(length.unwrap().1.parse().unwrap());
                let told = String::from_utf8(body.unwrap()).unwrap();
                let kept = "for tenants who have no more than 8.0 MiB";
                assert!(told.contains(kept), "{told}");
                refused += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(held.len() > 3 && refused > 3, "{} {refused}", held.len());
    assert_eq!(daemon.get("/little/").expect(200).text(), "here");
}
