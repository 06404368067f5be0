// Handlers that are no functions.
// requests: GET /cdn-cgi/handler/scheduled?cron=a; POST /cdn-cgi/handler/queue {"queue":"q","messages":[{"id":"a","timestamp":1,"body":1}]}; GET /
export default { fetch: () => new Response("fetched"), scheduled: 5, queue: null };
