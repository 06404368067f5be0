// E41 Return JSON.
// class: as it is
// > GET /
// < 200 | content-type: application/json || {"hello":"world"}
export default { fetch: () => Response.json({ hello: "world" }) };
