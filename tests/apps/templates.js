// mustache, handlebars, eta, nunjucks: templates. Those that make code of text are refused where the field refuses it.
// requests: GET /
import Mustache from "mustache";
import Handlebars from "handlebars/dist/cjs/handlebars.js";
import { Eta } from "eta/core";
const view = { name: "<Ann>", items: [{ n: 1 }, { n: 2 }], nested: { deep: "x" }, none: [], upper: () => (text, render) => render(text).toUpperCase() };
const attempt = (work) => {
  try {
    return work();
  } catch (error) {
    return [error.name, error.message];
  }
};
export default {
  fetch() {
    return Response.json({
      mustache: Mustache.render("{{name}} {{{name}}} {{#items}}[{{n}}]{{/items}}{{^none}}none{{/none}} {{nested.deep}} {{#upper}}a{{nested.deep}}{{/upper}} {{! no }}{{> part}}", view, { part: "part {{name}}" }),
      parsed: Mustache.parse("a{{b}}").length,
      handlebars: attempt(() => Handlebars.compile("{{name}} {{#each items}}{{n}}{{/each}}")(view)),
      precompiled: attempt(() => typeof Handlebars.precompile("{{name}}")),
      escaped: Handlebars.escapeExpression("<a href=\"x\">'&`="),
      ast: Handlebars.parse("{{a.b}} {{#if c}}d{{/if}}").body.map((node) => node.type),
      eta: attempt(() => new Eta().renderString("Hi <%= it.name %>", view)),
    });
  },
};
