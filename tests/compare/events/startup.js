// Rejections while the Worker is loaded are told to no listener, and neither is that they were handled.
// requests: GET /; GET /
const heard = [];
addEventListener("unhandledrejection", (event) => heard.push(String(event.reason)));
addEventListener("rejectionhandled", () => heard.push("handled"));
Promise.reject(new Error("at once"));
const late = Promise.reject(new Error("handled later"));
export default {
  async fetch() {
    late.catch(() => {});
    await scheduler.wait(1);
    return Response.json(heard);
  },
};
