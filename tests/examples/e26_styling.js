// E26 Geolocation, custom styling: a page by the hour in the visitor's time zone.
// class: as it is
// > GET /
// < 200 || grad-at-
// > GET /?zone=Asia/Tokyo&at=2024-02-29T23:30:00Z
// < 200 || grad-at-8
// > GET /?zone=America/New_York&at=2024-07-01T12:00:00Z
// < 200 || grad-at-8
export default {
  fetch(request) {
    const { searchParams } = new URL(request.url);
    const timeZone = request.cf?.timezone ?? searchParams.get("zone") ?? "UTC";
    const at = searchParams.has("at") ? new Date(searchParams.get("at")) : new Date();
    const there = new Date(at.toLocaleString("en-US", { timeZone }));
    return new Response(`<body class="grad-at-${there.getHours()}">`, { headers: { "content-type": "text/html;charset=UTF-8" } });
  },
};
