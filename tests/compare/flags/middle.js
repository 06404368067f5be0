// What flags change. A Worker of the middle of 2024.
// date: 2024-06-05
// body: bodies/dated.js
