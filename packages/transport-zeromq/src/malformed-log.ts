/** What came and was no packet of the protocol: counted, and logged once a second at most. */

const LOG_EVERY_MS = 1_000;

export class MalformedLog {
  readonly #log: ((line: string) => void) | undefined;
  #count = 0;
  #untold = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(log: ((line: string) => void) | undefined) {
    this.#log = log;
  }

  /** How many there were. */
  get count(): number {
    return this.#count;
  }

  add({ message }: Error): void {
    this.#count += 1;
    this.#untold += 1;
    // With all that come within the second.
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const dropped = this.#untold;
      this.#untold = 0;
      this.#log?.(`dropped ${dropped} malformed packets, the first of them: ${message}`);
    }, LOG_EVERY_MS).unref();
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
