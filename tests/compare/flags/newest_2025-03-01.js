// The same before September 2025.
// date: 2025-03-01
// flags: nodejs_compat
// body: bodies/newest.js
