// E25 Geolocation, a weather application: without a place it asks for the default one.
// class: local stub
// > GET /
// < 200 | content-type: text/html;charset=UTF-8 || <h1>Weather</h1> || /json/here
export default {
  async fetch(request, env) {
    const { latitude, longitude, timezone = "UTC" } = request.cf ?? {};
    const place = latitude === undefined ? "here" : `${latitude};${longitude}`;
    const answer = await fetch(`${env.ORIGIN}/json/${place}`, { headers: { "content-type": "application/json;charset=UTF-8" } });
    const { path } = await answer.json();
    return new Response(`<!doctype html><h1>Weather</h1><p>${path}, ${timezone}`, { headers: { "content-type": "text/html;charset=UTF-8" } });
  },
};
