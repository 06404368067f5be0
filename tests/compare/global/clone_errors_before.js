// date: 2026-01-01
// body: clone_errors.js
