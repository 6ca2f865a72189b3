/** When each handle was last heard of, by our clock: by what it commits, or by what it says while it waits. */

/** One that waits says so every second. */
const QUIET_MS = 3_000;

export class Hearing {
  readonly #at: Map<string, number> = new Map();
  /** When this handle began to listen; undefined for one that nobody has asked anything: it hears nothing, which costs nothing. */
  #since: number | undefined;

  get hasBegun(): boolean {
    return this.#since !== undefined;
  }

  begin(): void {
    this.#since = performance.now();
  }

  heard(handle: string): void {
    this.#at.set(handle, performance.now());
  }

  /** It has gone. */
  forget(handle: string): void {
    this.#at.delete(handle);
  }

  /** How long nothing was heard of a handle, as far as this one has listened. */
  silenceMs(handle: string): number {
    const now = performance.now();
    return now - (this.#at.get(handle) ?? this.#since ?? now);
  }

  /** It has neither committed nor said that it waits. */
  isQuiet(handle: string): boolean {
    return this.silenceMs(handle) > QUIET_MS;
  }
}
