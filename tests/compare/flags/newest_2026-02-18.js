// The same before iterables were bodies.
// date: 2026-02-18
// flags: nodejs_compat
// body: bodies/newest.js
