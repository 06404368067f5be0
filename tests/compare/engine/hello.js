// What an answer looks like at all: status, headers, a body as sent.
// requests: GET /?a=b; POST /path some body
export default {
  async fetch(request) {
    return Response.json({ method: request.method, url: request.url, body: await request.text() }, { status: 201, headers: { "x-a": "b" } });
  },
};
