// The same at the latest date that workerd has.
// date: 2026-11-24
// body: bodies/newest.js
