/** The lines that one producer was handed, kept until they are in the buffer for certain: if it is killed, it gets the others again. */

const LINE_BREAK = 0x0a;

/** Whole lines, numbered as the producer puts them, from 1. */
interface Share {
  readonly bytes: Buffer;
  readonly first: number;
  readonly last: number;
}

export class HandedLines {
  readonly #underWayMax: number;
  #shares: Share[] = [];
  /** Which of the shares goes off next. */
  #next = 0;
  #last = 0;

  /** @param underWayMax - most lines that a producer asks for before the first of them is in the buffer. */
  constructor(underWayMax: number) {
    this.#underWayMax = underWayMax;
  }

  /** A producer begins, perhaps anew: so many of its lines are in the buffer. */
  goOnAfter(lastSequence: number): void {
    this.#shares = this.#shares.flatMap((share) => after(share, lastSequence));
    this.#next = 0;
  }

  /** What was handed out before, and is to be handed out again. */
  again(): Buffer | undefined {
    const share = this.#shares[this.#next];
    if (share !== undefined) this.#next++;
    return share?.bytes;
  }

  /** Whole lines that nobody had before. They are asked for when all earlier ones have been. */
  add(bytes: Buffer): void {
    const first = this.#last + 1;
    this.#shares = this.#shares.filter(({ last }) => last > this.#last - this.#underWayMax);
    this.#last += linesIn(bytes);
    this.#next = this.#shares.push({ bytes, first, last: this.#last }) - 1;
  }
}

/** What of the share is not in the buffer. */
function after(share: Share, lastSequence: number): Share[] {
  const { bytes, first, last } = share;
  if (last <= lastSequence) return [];
  if (first > lastSequence) return [share];
  let start = 0;
  for (let line = first; line <= lastSequence; line++) start = bytes.indexOf(LINE_BREAK, start) + 1;
  return [{ bytes: bytes.subarray(start), first: lastSequence + 1, last }];
}

function linesIn(bytes: Buffer): number {
  let count = 0;
  for (let end = bytes.indexOf(LINE_BREAK); end >= 0; end = bytes.indexOf(LINE_BREAK, end + 1)) count++;
  return count;
}
