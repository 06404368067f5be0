// What flags change. Every flag with a date by the first day of 2026.
// date: 2026-01-01
// body: bodies/dated.js
