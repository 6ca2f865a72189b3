/** Hands every event of a run to its listeners, at once, and to its iterators, when they ask. */

import { type Listen, now, type RunEvent, type RunEventKind, type RunEvents } from "./run-events.js";

// An iterator that does not keep up with what workers print must not cost the run its memory. All other events are few:
// workers merge what they record.
const PENDING_OUTPUT_MAX = 1024;

type Listener = (event: RunEvent) => void;

export class EventStream implements AsyncIterable<RunEvent> {
  readonly #listeners = new Set<Listener>();
  readonly #ends = new Set<(error?: unknown) => void>();
  #ended: { readonly error?: unknown } | undefined;

  emit<K extends RunEventKind>(kind: K, fields: RunEvents[K], at: number = now()): void {
    this.pass({ kind, at, ...fields } as RunEvent);
  }

  pass(event: RunEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        // A listener's own fault is not the run's: it surfaces as an uncaught exception of the program, not here.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  on(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** For those who have no stream, but the right to listen. */
  readonly listen: Listen = (kind: RunEventKind | "*", listener: (event: never) => void) =>
    this.on((event) => {
      if (kind === "*" || event.kind === kind) listener(event as never);
    });

  /** No more events. Iterators end, or throw the error. */
  end(error?: unknown): void {
    this.#ended = error === undefined ? {} : { error };
    for (const end of this.#ends) end(error);
    this.#listeners.clear();
    this.#ends.clear();
  }

  /** Everything from this call on. */
  [Symbol.asyncIterator](): AsyncGenerator<RunEvent, void> {
    return new Reader(this).read();
  }

  /** For readers: calls back at the end, at once if that was earlier. */
  onEnd(end: (error?: unknown) => void): () => void {
    if (this.#ended !== undefined) end(this.#ended.error);
    else this.#ends.add(end);
    return () => void this.#ends.delete(end);
  }
}

class Reader {
  #pending: RunEvent[] = [];
  #output = 0;
  #skipped = 0;
  #ended: { readonly error?: unknown } | undefined;
  #wake = () => {};
  readonly #leave: () => void;

  constructor(stream: EventStream) {
    const unlisten = stream.on((event) => this.#add(event));
    const unend = stream.onEnd((error) => {
      this.#ended = { error };
      this.#wake();
    });
    this.#leave = () => {
      unlisten();
      unend();
    };
  }

  #add(event: RunEvent): void {
    if (event.kind === "output") {
      if (this.#output === PENDING_OUTPUT_MAX) {
        this.#skipped++;
        return;
      }
      this.#output++;
    }
    this.#pending.push(event);
    this.#wake();
  }

  async *read(): AsyncGenerator<RunEvent, void> {
    try {
      for (;;) {
        const events = this.#pending;
        const skipped = this.#skipped;
        this.#pending = [];
        this.#output = this.#skipped = 0;
        for (const event of events) yield event;
        if (skipped > 0) yield { kind: "skipped", at: now(), events: skipped };
        if (events.length > 0 || skipped > 0) continue;
        // No `await` since the look at what is pending: nothing can have come in between.
        if (this.#ended?.error !== undefined) throw this.#ended.error;
        if (this.#ended !== undefined) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      this.#leave();
    }
  }
}
