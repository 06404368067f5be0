// date: 2024-01-01
// body: scope_order.js
