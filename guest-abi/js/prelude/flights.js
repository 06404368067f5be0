// Events in flight: what is remembered of those that are more than a call and an answer.
import native from "internal:native";

// By their numbers.
export const flights = new Map();

export class Flight {
  constructor(id) {
    this.id = id;
  }
  // An event whose answer is out and that nothing is waited for is over.
  finish() {
    if (this.waits === 0 && this.idle !== null) {
      const idle = this.idle;
      this.idle = null;
      idle();
    }
    if (this.answered && this.waits === 0 && !this.over) {
      this.over = true;
      flights.delete(this.id);
      if (this.failure !== null) native.fail(this.id, this.failure[0]);
      this.leaveAll();
      native.done(this.id);
    }
  }
  // Sessions of RPC that are this event's, and end with it.
  join(session) {
    (this.sessions ??= new Set()).add(session);
  }
  leave(session) {
    this.sessions?.delete(session);
  }
  leaveAll() {
    for (const session of this.sessions ?? []) session.end();
  }
  // Counts one more promise that is waited for; false when the run is over.
  wait() {
    if (flights.get(this.id) !== this) return false;
    this.waits++;
    return true;
  }
}
// What a flight is at first; most never become anything else.
Object.assign(Flight.prototype, { waits: 0, answered: false, over: false, passes: false, isJob: false, failure: null, idle: null, credit: null, reader: null, socket: null, sessions: null });

// The flight of an event that is not over; src/serve.rs knows of those that have none yet.
export function flightOf(id) {
  let flight = flights.get(id);
  if (flight === undefined && native.waits(id)) flights.set(id, (flight = new Flight(id)));
  return flight;
}

// The flight of the event that came last.
export const lastFlight = () => flightOf(native.lastEvent());

// The flight of the event that is being handled, or that asked for what has come.
export const currentFlight = () => flightOf(native.currentRequest());

// An event that is handled here from its beginning.
export function begin(id) {
  native.began(id);
  const flight = new Flight(id);
  flights.set(id, flight);
  return flight;
}
