// Who disables Node alone keeps its second version.
// date: 2026-08-04
// flags: no_nodejs_compat
// body: bodies/newest.js
