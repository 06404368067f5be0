//! A case: a Worker of one module and what it is asked. Its first lines are comments that say so:
//!
//! ```text
//! // flags: nodejs_compat, other_flag
//! // date: 2026-01-01
//! // script: classic
//! // host: daemon
//! // requests: GET /; POST /form a=b
//! // head: heads/shared.js
//! // body: bodies/shared.js
//! // loader: LOADER
//! // service: B = services/other.js#Entrypoint {"a": 1}
//! ```
//!
//! A head is a file below the case's folder that stands in this line's place, and a body one with the rest
//! of its module; several cases may have the same.
//! What takes a daemon, the engine alone is not asked.
//! A request of `/cdn-cgi/handler/scheduled` or `/cdn-cgi/handler/queue` calls that handler, by the test routes.
//! A loader is a `worker_loader` binding.
//! A service is another Worker, of a module below the case's folder, under the same date and flags.

use std::io;
use std::path::{Path, PathBuf};

/// The compatibility date of a case that names none.
const DATE: &str = "2026-01-01";

/// What a server is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The body; empty is none.
    pub body: String,
}

impl Request {
    /// `METHOD TARGET BODY…`.
    fn parse(text: &str) -> Self {
        let mut words = text.trim().splitn(3, ' ');
        let mut word = |default: &str| words.next().unwrap_or(default).to_owned();
        Self {
            method: word("GET"),
            target: word("/"),
            body: word(""),
        }
    }

    /// As one would write it in a case, without the body.
    pub fn shown(&self) -> String {
        format!("{} {}", self.method, self.target)
    }
}

/// Another Worker that a case is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The name in `env`.
    pub binding: String,
    /// The file of its module.
    pub path: PathBuf,
    /// The export; `None` is the default one.
    pub entrypoint: Option<String>,
    /// What `ctx.props` is, JSON.
    pub props: Option<String>,
}

impl Service {
    /// `BINDING = FILE[#EXPORT] [PROPS]`, the file below `folder`.
    fn parse(folder: &Path, text: &str) -> Option<Self> {
        let (binding, rest) = text.split_once('=')?;
        let (target, props) = match rest.trim().split_once(' ') {
            Some((target, props)) => (target, Some(props.trim().to_owned())),
            None => (rest.trim(), None),
        };
        let (file, entrypoint) = match target.split_once('#') {
            Some((file, entrypoint)) => (file, Some(entrypoint.to_owned())),
            None => (target, None),
        };
        Some(Self {
            binding: binding.trim().to_owned(),
            path: folder.join(file),
            entrypoint,
            props,
        })
    }
}

/// A Worker and what it is asked.
#[derive(Clone, Debug)]
pub struct Case {
    /// `AREA/NAME`.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
    /// The module.
    pub source: String,
    /// The file of the rest of the module.
    body: Option<PathBuf>,
    /// Whether it is a classic script (`// script: classic`), not a module.
    pub classic: bool,
    /// Modules of WebAssembly that it imports from its own folder, by file.
    pub wasm: Vec<PathBuf>,
    /// Other Workers that it is bound to.
    pub services: Vec<Service>,
    /// Bindings that load dynamic Workers, by name.
    pub loaders: Vec<String>,
    /// The compatibility date.
    pub date: String,
    /// Compatibility flags.
    pub flags: Vec<String>,
    /// Whether the engine alone does not do (`// host: daemon`): it has no WebAssembly, say.
    hosted: bool,
    /// What to ask, in this order.
    pub requests: Vec<Request>,
}

impl Case {
    /// Reads `path`, a file below `root`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(root: &Path, path: &Path) -> io::Result<Self> {
        let source = std::fs::read_to_string(path)?;
        let name = path.strip_prefix(root).unwrap_or(path).with_extension("");
        let mut case = Self {
            name: name.to_string_lossy().into_owned(),
            path: path.to_owned(),
            source: String::new(),
            body: None,
            classic: false,
            wasm: Vec::new(),
            services: Vec::new(),
            loaders: Vec::new(),
            date: DATE.to_owned(),
            flags: Vec::new(),
            hosted: false,
            requests: Vec::new(),
        };
        for line in source.lines().map_while(|line| line.strip_prefix("//")) {
            if let Some((key, value)) = line.trim().split_once(':') {
                case.set(key, value.trim());
            }
        }
        if case.requests.is_empty() {
            case.requests.push(Request::parse("GET /"));
        }
        for line in source.split_inclusive('\n') {
            match line.strip_prefix("// head:") {
                Some(head) => case.source += &std::fs::read_to_string(case.beside(head.trim()))?,
                None => case.source += line,
            }
        }
        if let Some(body) = &case.body {
            case.source += &std::fs::read_to_string(body)?;
        }
        Ok(case)
    }

    /// A file below its folder.
    fn beside(&self, file: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(file)
    }

    fn set(&mut self, key: &str, value: &str) {
        match key {
            "flags" => {
                let flags = value.split(',').map(|flag| flag.trim().to_owned());
                self.flags.extend(flags.filter(|flag| !flag.is_empty()));
            }
            "host" => self.hosted = value == "daemon",
            "script" => self.classic = value == "classic",
            "date" => self.date = value.to_owned(),
            "body" => self.body = Some(self.beside(value)),
            "loader" => self.loaders.push(value.to_owned()),
            "service" => {
                let folder = self.path.parent().unwrap_or(Path::new(""));
                self.services.extend(Service::parse(folder, value));
            }
            "requests" => self.requests.extend(value.split(';').map(Request::parse)),
            _ => {}
        }
    }

    /// Whether it takes a host that has other Workers.
    pub fn needs_others(&self) -> bool {
        !self.services.is_empty() || !self.loaders.is_empty()
    }

    /// Whether handlers of other events are called too.
    pub fn calls_handlers(&self) -> bool {
        let mut requests = self.requests.iter();
        requests.any(|request| request.target.starts_with("/cdn-cgi/handler/"))
    }

    /// Whether the engine alone cannot answer.
    pub fn needs_daemon(&self) -> bool {
        self.hosted || self.needs_others() || self.calls_handlers()
    }

    /// All cases below `root` whose name has one of `wanted` in it, or all, in order of their names.
    ///
    /// # Errors
    /// When a folder or file cannot be read.
    pub fn all(root: &Path, wanted: &[String]) -> io::Result<Vec<Self>> {
        let mut found = Vec::new();
        for area in folders(root)? {
            for file in std::fs::read_dir(&area)? {
                let path = file?.path();
                if path.extension().is_some_and(|extension| extension == "js") {
                    let case = Self::read(root, &path)?;
                    if wanted.is_empty() || wanted.iter().any(|part| case.name.contains(part)) {
                        found.push(case);
                    }
                }
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// Where what workerd answered is kept.
    pub fn expected(&self, root: &Path) -> PathBuf {
        root.join("expected").join(format!("{}.json", self.name))
    }
}

fn folders(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(root)? {
        let path = entry?.path();
        let other = ["src", "expected", "node_modules"]
            .iter()
            .any(|name| path.ends_with(name));
        if path.is_dir() && !other {
            folders.push(path);
        }
    }
    Ok(folders)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_method_target_and_body() {
        let request = Request::parse(" POST /a?b=c  x y ");
        assert_eq!(request.shown(), "POST /a?b=c");
        assert_eq!(request.body, " x y");
        assert_eq!(Request::parse("GET /").body, "");
    }

    #[test]
    #[allow(clippy::unwrap_used)]
    fn a_service_is_a_binding_a_file_and_how_it_is_entered() {
        let service =
            Service::parse(Path::new("rpc"), "B = services/a.js#Named {\"a\": 1}").unwrap();
        assert_eq!(service.binding, "B");
        assert_eq!(service.path, Path::new("rpc/services/a.js"));
        assert_eq!(service.entrypoint.as_deref(), Some("Named"));
        assert_eq!(service.props.as_deref(), Some("{\"a\": 1}"));
        let plain = Service::parse(Path::new("rpc"), "B = a.js").unwrap();
        assert_eq!((plain.entrypoint, plain.props), (None, None));
        assert!(Service::parse(Path::new("rpc"), "B").is_none());
    }

    #[test]
    #[allow(clippy::unwrap_used)]
    fn comments_at_the_top_say_how() {
        let dir = std::env::temp_dir().join(format!("postern-compare-{}", std::process::id()));
        let file = dir.join("area/name.js");
        std::fs::create_dir_all(dir.join("area")).unwrap();
        std::fs::write(
            &file,
            "// What it covers.\n// flags: a, b\n// date: 2024-01-01\n// requests: GET /x; PUT /y z\n// body: more/rest.js\n// head: more/first.js\nconst one = 1;\n",
        )
        .unwrap();
        std::fs::create_dir_all(dir.join("area/more")).unwrap();
        std::fs::write(
            dir.join("area/more/rest.js"),
            "export default {};\n// flags: no",
        )
        .unwrap();
        std::fs::write(dir.join("area/more/first.js"), "const none = 0;\n").unwrap();
        let cases = Case::all(&dir, &["area/".to_owned()]);
        std::fs::remove_dir_all(&dir).unwrap();
        let case = &cases.unwrap()[0];
        assert_eq!(case.name, "area/name");
        assert_eq!(case.flags, ["a", "b"]);
        assert_eq!(case.date, "2024-01-01");
        assert_eq!(case.requests.len(), 2);
        assert!(
            case.source
                .ends_with("// body: more/rest.js\nconst none = 0;\nconst one = 1;\nexport default {};\n// flags: no")
        );
    }
}
