// What became of bodies, decoders, errors and streams in 2026.
// date: 2026-02-22
// body: bodies/newer.js
