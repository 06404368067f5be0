// date: 2024-06-03
// body: addresses_as_given.js
