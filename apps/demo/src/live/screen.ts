/** The lower end of a terminal, where a few lines are drawn over and over, below all that is printed. */

import type { Line } from "./line.js";

const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";
const ERASE_TO_LINE_END = "\u001b[K";
const ERASE_BELOW = "\u001b[J";

/** What a screen needs of a terminal. */
export interface Terminal {
  readonly columns: number | undefined;
  write(text: string): unknown;
}

export class Screen {
  readonly #terminal: Terminal;
  #drawn: readonly Line[] = [];
  #isOpen = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** What is drawn from now on. Nothing is written where that changes nothing. */
  draw(lines: readonly Line[]): void {
    if (!this.#isOpen || textOf(lines) !== textOf(this.#drawn)) this.#write("", lines);
  }

  /** A line that stays, above what is drawn. */
  print(text: string): void {
    this.#write(`${text.replaceAll("\n", `${ERASE_TO_LINE_END}\n`)}${ERASE_TO_LINE_END}\n`, this.#drawn);
  }

  /** What was drawn before `close` is drawn again, below what others have written since. */
  redraw(): void {
    if (!this.#isOpen) this.#write("", this.#drawn);
  }

  /** What is drawn last stays, and the cursor is there again. To be called on every way out; more than once does no harm. */
  close(): void {
    if (this.#isOpen) this.#terminal.write(SHOW_CURSOR);
    this.#isOpen = false;
  }

  /** In one piece: half a picture is never seen. */
  #write(above: string, lines: readonly Line[]): void {
    // After a `close` others may have written: what was drawn before is theirs.
    const rows = this.#isOpen ? this.#rowsOf(this.#drawn) : 0;
    const up = rows === 0 ? "" : `\u001b[${rows}A`;
    const picture = lines.map(({ text }) => `${text}${ERASE_TO_LINE_END}\n`).join("");
    const hide = this.#isOpen ? "" : HIDE_CURSOR;
    this.#terminal.write(`${hide}\r${up}${above}${picture}${ERASE_BELOW}`);
    this.#isOpen = true;
    this.#drawn = lines;
  }

  /** How many rows they take: in a terminal that was made narrower since, they go on in the next ones. */
  #rowsOf(lines: readonly Line[]): number {
    const columns = this.#terminal.columns || Number.POSITIVE_INFINITY;
    return lines.reduce((sum, { width }) => sum + Math.max(1, Math.ceil(width / columns)), 0);
  }
}

function textOf(lines: readonly Line[]): string {
  return lines.map(({ text }) => text).join("\n");
}
