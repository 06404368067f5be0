// date: 2026-11-16
// body: backward.js
