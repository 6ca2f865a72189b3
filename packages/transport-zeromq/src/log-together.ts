/** What may come again and again, by the fault of others: counted, and what comes within a second is logged together. */

const LOG_EVERY_MS = 1_000;

export class LogTogether<T = void> {
  readonly #log: (line: string) => void;
  readonly #lineOf: (count: number, first: T) => string;
  #count = 0;
  #untold = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param lineOf - what is logged of so many, the first of which is at hand. */
  constructor(log: (line: string) => void, lineOf: (count: number, first: T) => string) {
    this.#log = log;
    this.#lineOf = lineOf;
  }

  /** How many there were. */
  get count(): number {
    return this.#count;
  }

  add(one: T): void {
    this.#count += 1;
    this.#untold += 1;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const count = this.#untold;
      this.#untold = 0;
      this.#log(this.#lineOf(count, one));
    }, LOG_EVERY_MS).unref();
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
