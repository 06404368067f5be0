// URL and URLSearchParams.
export class URLSearchParams {}
export class URL {
  constructor(text) {
    this.href = text;
  }
}

export const globals = { URL, URLSearchParams };
