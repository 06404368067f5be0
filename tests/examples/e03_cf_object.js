// E03 Accessing the cf object: it is not there in an untrusted Worker, which the program has to bear.
// class: as it is
// > GET /
// < 200 || {"error":"there is no cf object here"}
export default {
  fetch: (request) => Response.json(request.cf === undefined ? { error: "there is no cf object here" } : request.cf, { headers: { "content-type": "application/json;charset=UTF-8" } }),
};
