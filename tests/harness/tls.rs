//! Servers of HTTPS in front of plain ones: nginx, with certificates that OpenSSL makes.

use crate::wait::eventually;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// Certificates, all signed by one root.
pub struct Certificates(TempDir);

impl Certificates {
    /// A root of its own.
    pub fn new() -> Self {
        let this = Self(tempfile::tempdir().expect("a directory"));
        this.issue("root", None, "basicConstraints=critical,CA:TRUE\n");
        this
    }

    /// A certificate for these names, as OpenSSL writes them: `IP:127.0.0.1,DNS:localhost`.
    pub fn server(&self, name: &str, names: &str) {
        let extensions = format!(
            "basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName={names}\n"
        );
        self.issue(name, Some("root"), &extensions);
    }

    /// A certificate of any kind, for 30 days.
    pub fn issue(&self, name: &str, by: Option<&str>, extensions: &str) {
        let file = |kind: &str| format!("{name}.{kind}");
        let (key, request, out, more) = (file("key"), file("csr"), file("pem"), file("ext"));
        std::fs::write(self.path(&more), extensions).expect("a file");
        let curve = "ec_paramgen_curve:P-256";
        self.openssl(&[
            "genpkey",
            "-algorithm",
            "ec",
            "-pkeyopt",
            curve,
            "-out",
            &key,
        ]);
        let subject = format!("/CN={name}");
        self.openssl(&[
            "req", "-new", "-key", &key, "-subj", &subject, "-out", &request,
        ]);
        let mut arguments = vec![
            "x509", "-req", "-in", &request, "-days", "30", "-extfile", &more, "-out", &out,
        ];
        let issuer = by.map(|by| (format!("{by}.pem"), format!("{by}.key")));
        match &issuer {
            Some((certificate, by)) => {
                arguments.extend(["-CA", certificate, "-CAkey", by, "-CAcreateserial"]);
            }
            None => arguments.extend(["-signkey", &key]),
        }
        self.openssl(&arguments);
    }

    /// `NAME.der`: the root's word that a certificate is good, for a day.
    pub fn good(&self, name: &str) {
        let (certificate, response) = (format!("{name}.pem"), format!("{name}.der"));
        let serial = self.openssl(&["x509", "-in", &certificate, "-noout", "-serial"]);
        let serial = serial.trim().trim_start_matches("serial=");
        let index = format!("V\t991231235959Z\t\t{serial}\tunknown\t/CN={name}\n");
        std::fs::write(self.path("index"), index).expect("a file");
        self.openssl(&[
            "ocsp",
            "-index",
            "index",
            "-CA",
            "root.pem",
            "-rsigner",
            "root.pem",
            "-rkey",
            "root.key",
            "-issuer",
            "root.pem",
            "-cert",
            &certificate,
            "-no_nonce",
            "-ndays",
            "1",
            "-respout",
            &response,
        ]);
    }

    fn openssl(&self, arguments: &[&str]) -> String {
        let done = Command::new("openssl")
            .args(arguments)
            .current_dir(&self.0)
            .output();
        let done = done.expect("openssl runs; `cargo xtask setup` installs it");
        let text = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{arguments:?}: {text}");
        String::from_utf8_lossy(&done.stdout).into_owned()
    }

    /// A file: `root.pem`, `NAME.key`.
    pub fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    /// nginx with this certificate, which hands everything on to a plain server. `more` are
    /// lines of its configuration.
    pub fn nginx(&self, certificate: &str, to: SocketAddr, more: &str) -> Nginx {
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|it| it.local_addr())
            .expect("a port")
            .port();
        let dir = tempfile::tempdir().expect("a directory");
        let (pem, key) = (
            self.path(&format!("{certificate}.pem")),
            self.path(&format!("{certificate}.key")),
        );
        let config = format!(
            "daemon off; master_process off; pid nginx.pid; error_log stderr;
            events {{ worker_connections 256; }}
            http {{
                access_log off;
                client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
                uwsgi_temp_path uwsgi; scgi_temp_path scgi;
                map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
                server {{
                    listen 127.0.0.1:{port} ssl;
                    ssl_certificate {};
                    ssl_certificate_key {};
                    client_max_body_size 0;
                    {more}
                    location / {{
                        proxy_pass http://{to};
                        proxy_http_version 1.1;
                        proxy_request_buffering off;
                        proxy_buffering off;
                        proxy_set_header Host $http_host;
                        proxy_set_header Upgrade $http_upgrade;
                        proxy_set_header Connection $connection_upgrade;
                    }}
                }}
            }}",
            pem.display(),
            key.display()
        );
        std::fs::write(dir.path().join("nginx.conf"), config).expect("a file");
        let program = ["/usr/sbin/nginx", "/usr/bin/nginx"]
            .into_iter()
            .find(|path| std::path::Path::new(path).exists())
            .unwrap_or("nginx");
        let child = Command::new(program)
            .arg("-p")
            .arg(dir.path())
            .args(["-c", "nginx.conf"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx runs; `cargo xtask setup` installs it");
        let nginx = Nginx {
            child,
            port,
            _dir: dir,
        };
        eventually("nginx to listen", || {
            TcpStream::connect(("127.0.0.1", port)).ok()
        });
        nginx
    }
}

impl Default for Certificates {
    fn default() -> Self {
        Self::new()
    }
}

/// nginx, until it is dropped.
pub struct Nginx {
    child: Child,
    /// Where it listens, on loopback.
    pub port: u16,
    _dir: TempDir,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
