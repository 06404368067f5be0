/// Every module of `prelude/`, by the name that others import it under.
const PRELUDE: &[(&str, &str)] = prelude! {
    "internal:main" => "main.js",
    "internal:native" => "native.js",
    "internal:shape" => "shape.js",
    "internal:errors" => "errors.js",
    "internal:fetch" => "fetch.js",
    "internal:kv" => "kv.js",
    "internal:env" => "env.js",
    "internal:streams" => "streams.js",
    "internal:blob" => "blob.js",
    "internal:url" => "url.js",
    "internal:encoding" => "encoding.js",
    "internal:events" => "events.js",
    "internal:globals" => "globals.js",
    "internal:timers" => "timers.js",
    "internal:console" => "console.js",
    "cloudflare:workers" => "workers.js",
};
