// S06 HTMLRewriter: links to https, images that load late.
// class: local stub
// > GET /page.html
// < 200 || href="https://old.example/a" || loading="lazy"
export default {
  async fetch(_, env) {
    return new HTMLRewriter()
      .on("a[href]", { element: (element) => void element.setAttribute("href", element.getAttribute("href").replace("http:", "https:")) })
      .on("img", { element: (element) => void element.setAttribute("loading", "lazy") })
      .transform(await fetch(`${env.ORIGIN}/page.html`));
  },
};
