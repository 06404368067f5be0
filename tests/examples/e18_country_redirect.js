// E18 Country code redirect: without a country everybody goes to the same place.
// class: as it is
// > GET /
// < 302 | location: https://www.example/
const PLACES = { US: "https://us.example/", EU: "https://eu.example/" };
export default {
  fetch: (request) => Response.redirect(PLACES[request.cf?.country] ?? "https://www.example/", 302),
};
