/** Lines to standard output that never wait for their reader, and never pile up: who reads too slowly misses some, but not the end. */

/** What a printer needs of a stream. */
export interface Outlet {
  /** What has not gone off yet. */
  readonly writableLength: number;
  write(text: string): unknown;
}

export interface Printer {
  /** Left out while the reader is far behind. */
  line(text: string): void;
  /** In any case: the end of a run waits for its reader. */
  last(text: string): void;
}

// A pipe takes 64 KiB by itself.
const BEHIND_BYTES = 2 ** 20;

/** @param skipped - says how many lines were left out, where the next one stands. */
export function printerTo(outlet: Outlet, skipped: (lines: number) => string): Printer {
  let left = 0;
  const print = (text: string) => {
    if (left > 0) outlet.write(`${skipped(left)}\n`);
    left = 0;
    outlet.write(`${text}\n`);
  };
  return {
    line(text) {
      if (outlet.writableLength > BEHIND_BYTES) left++;
      else print(text);
    },
    last: print,
  };
}
