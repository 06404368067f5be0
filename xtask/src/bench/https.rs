//! Subrequests by HTTPS over kept connections, beside plain ones to the same server: nginx.

use super::javascript::write_worker;
use super::load::{self, Load, Outcome};
use super::report::{Figure, Row};
use super::workerd::free_ports;
use super::{Bench, median};
use crate::machine::{self, Side};
use crate::process::Server;
use crate::{setup, step, workspace};
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// As many as a Worker may have connections.
const CONNECTIONS: u32 = 16;
/// How long nginx may take to start.
const PATIENCE: Duration = Duration::from_secs(10);
/// What a subrequest by HTTPS may take, in plain ones.
const GOAL: f64 = 1.5;
const NGINX: &str = "/usr/sbin/nginx";

const WORKER: &str = "
export default {
  async fetch(request) {
    const answer = await fetch(URL_HERE);
    return new Response(await answer.text());
  },
};
";

/// CPU and time of a request with one subrequest, both ways.
pub fn rows(bench: &Bench) -> Result<Vec<Row>> {
    setup::https()?;
    let dir = workspace::target().join("bench-https");
    workspace::create_dir(&dir)?;
    certificates(&dir)?;
    let ports = free_ports(2)?;
    let (plain, tls) = (ports[0], ports[1]);
    let mut nginx = start(&dir, plain, tls)?;
    let roots = dir.join("root.pem");
    let daemon = bench.daemon_with(&format!(
        "[outbound]\nallow-private = true\n[outbound.tls]\nroots = {:?}\n",
        roots.display().to_string()
    ))?;
    let sides = [
        ("plain", format!("http://127.0.0.1:{plain}/")),
        ("https", format!("https://127.0.0.1:{tls}/")),
    ];
    for (name, url) in &sides {
        let source = WORKER.replace("URL_HERE", &format!("{url:?}"));
        let file = write_worker(&format!("subrequest-{name}"), &source)?;
        let options = ["--compatibility-date", "2026-01-01", "--cpu-ms", "30000"];
        daemon.push(&file, name, &options)?;
        step::quiet(&format!("a {name} subrequest"), || {
            load::touch(&daemon.edge(), &format!("/{name}/"))
        })?;
    }
    let edge = daemon.edge();
    let run = |name: &str, seconds: u64| -> Result<Outcome> {
        Load {
            server: daemon.id(),
            url: &edge,
            request: ("GET", &format!("/{name}/")),
            body: "",
            token: "",
            connections: CONNECTIONS,
            seconds,
        }
        .run()
    };
    let mut outcomes = [Vec::new(), Vec::new()];
    for (name, _) in &sides {
        run(name, 1)?;
    }
    // In turn, so that what else the machine does falls on both alike.
    for round in 1..=bench.rounds {
        for (side, (name, _)) in sides.iter().enumerate() {
            let what = format!("subrequests, {name}, round {round} of {}", bench.rounds);
            outcomes[side].push(step::quiet(&what, || run(name, bench.seconds))?);
        }
    }
    let of = |side: usize, field: fn(&Outcome) -> f64| {
        median(outcomes[side].iter().map(field).collect())
    };
    let cpu = |side| Figure::Ns(1e9 / of(side, |outcome| outcome.per_cpu_second));
    let p50 = |side| Figure::Ms(of(side, |outcome| outcome.p50_ms));
    let rss = |side: usize| {
        let most = outcomes[side].iter().map(|outcome| outcome.rss_bytes).max();
        Figure::Bytes(most.unwrap_or(0))
    };
    let rows = vec![
        Row::new("a request with a subrequest by HTTPS, CPU", cpu(1))
            .against("a plain one", cpu(0))
            .ratio_at_most(GOAL),
        Row::new("a request with a subrequest by HTTPS, p50", p50(1))
            .against("a plain one", p50(0))
            .ratio_at_most(GOAL),
        Row::new("RSS with kept connections of HTTPS", rss(1)).against("plain ones", rss(0)),
    ];
    daemon.stop()?;
    nginx.terminate()?;
    nginx.wait(PATIENCE)?;
    Ok(rows)
}

/// A root and a server's certificate.
fn certificates(dir: &Path) -> Result<()> {
    std::fs::write(dir.join("root.ext"), "basicConstraints=critical,CA:TRUE\n")?;
    std::fs::write(
        dir.join("server.ext"),
        "basicConstraints=CA:FALSE\nsubjectAltName=IP:127.0.0.1\n",
    )?;
    for (name, issuer) in [
        ("root", "-signkey root.key"),
        ("server", "-CA root.pem -CAkey root.key -CAcreateserial"),
    ] {
        for line in [
            format!("genpkey -algorithm ec -pkeyopt ec_paramgen_curve:P-256 -out {name}.key"),
            format!("req -new -key {name}.key -subj /CN={name} -out {name}.csr"),
            format!(
                "x509 -req -in {name}.csr -days 30 -extfile {name}.ext -out {name}.pem {issuer}"
            ),
        ] {
            let done = Command::new("openssl")
                .args(line.split(' '))
                .current_dir(dir)
                .output()
                .context("cannot run openssl")?;
            if !done.status.success() {
                bail!("openssl {line}: {}", String::from_utf8_lossy(&done.stderr));
            }
        }
    }
    Ok(())
}

/// nginx, which answers with two bytes, plain and by HTTPS.
fn start(dir: &Path, plain: u16, tls: u16) -> Result<Server> {
    let config = format!(
        "daemon off; master_process off; pid nginx.pid; error_log stderr;
events {{ worker_connections 1024; }}
http {{
    access_log off; keepalive_requests 1000000000; keepalive_timeout 600s;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    ssl_certificate {0}/server.pem; ssl_certificate_key {0}/server.key;
    server {{
        listen 127.0.0.1:{plain}; listen 127.0.0.1:{tls} ssl;
        location / {{ return 200 ok; }}
    }}
}}
",
        dir.display()
    );
    std::fs::write(dir.join("nginx.conf"), config).context("cannot write nginx's configuration")?;
    let mut server = machine::bound(Side::Load, || {
        Server::start(
            Command::new(NGINX)
                .arg("-p")
                .arg(dir)
                .args(["-c", "nginx.conf"])
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        )
    })?;
    let begun = Instant::now();
    while let Err(error) = load::touch(&format!("http://127.0.0.1:{plain}"), "/") {
        if server.ended()?.is_some() || begun.elapsed() > PATIENCE {
            bail!("nginx does not answer: {error:#}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(server)
}
