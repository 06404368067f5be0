// E27 Geolocation, hello world: eleven fields of the cf object, none of which is known here.
// class: as it is
// > GET /
// < 200 || Colo: undefined || Timezone: undefined
const FIELDS = ["colo", "country", "city", "continent", "latitude", "longitude", "postalCode", "metroCode", "region", "regionCode", "timezone"];
export default {
  fetch(request) {
    const lines = FIELDS.map((field) => `<p>${field[0].toUpperCase()}${field.slice(1)}: ${request.cf?.[field]}`);
    return new Response(`<!doctype html>${lines.join("")}`, { headers: { "content-type": "text/html;charset=UTF-8" } });
  },
};
