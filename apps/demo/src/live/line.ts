/** One line on a terminal: styled, and cut off where the terminal ends. Every character is one cell wide. */

import type { Paint } from "../story.js";

export class Line {
  readonly #widthMax: number;
  readonly #paint: Paint;
  /** Cells taken. */
  width = 0;
  /** With the terminal's codes for its styles. */
  text = "";

  constructor(widthMax: number, paint: Paint) {
    this.#widthMax = Math.max(0, widthMax);
    this.#paint = paint;
  }

  add(text: string, style?: Parameters<Paint>[0]): this {
    const shown = text.slice(0, this.#widthMax - this.width);
    this.width += shown.length;
    if (shown !== "") this.text += style === undefined ? shown : this.#paint(style, shown);
    return this;
  }
}
