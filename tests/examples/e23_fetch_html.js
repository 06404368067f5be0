// E23 Fetch HTML: another site's page is the answer.
// class: local stub
// > GET /
// < 200 | content-type: text/html || <title>T</title>
export default { fetch: (request, env) => fetch(`${env.ORIGIN}/page.html`, request) };
