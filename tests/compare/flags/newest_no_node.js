// And who disables that too has nothing of Node.
// date: 2026-08-04
// flags: no_nodejs_compat, no_nodejs_compat_v2
// body: bodies/newest.js
