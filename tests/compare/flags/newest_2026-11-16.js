// The same the day before modules had addresses.
// date: 2026-11-16
// body: bodies/newest.js
