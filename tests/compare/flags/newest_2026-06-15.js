// The same before June 2026.
// date: 2026-06-15
// flags: nodejs_compat
// body: bodies/newest.js
