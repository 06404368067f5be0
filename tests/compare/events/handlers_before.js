// date: 2026-09-01
// body: handlers.js
