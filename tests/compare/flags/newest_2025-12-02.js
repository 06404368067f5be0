// Results, keys and modules before December 2025.
// date: 2025-12-02
// flags: nodejs_compat
// body: bodies/newest.js
