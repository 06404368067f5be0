// What flags change. A Worker of April 2026, with signals of requests.
// date: 2026-04-10
// flags: enable_request_signal
// body: bodies/dated.js
