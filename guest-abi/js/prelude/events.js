// Events.
export class AbortSignal {}
export class AbortController {
  signal = new AbortSignal();
}

export const globals = { AbortController, AbortSignal };
