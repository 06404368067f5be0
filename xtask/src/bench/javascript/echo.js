export default {
  async fetch(request) {
    return Response.json(Object.fromEntries(request.headers));
  },
};
