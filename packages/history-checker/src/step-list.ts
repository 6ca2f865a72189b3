/** The steps that are still to come, linked in the order of their beginnings: taking one out and putting it back costs nothing. */

import type { Step } from "./search-steps.js";

export class StepList {
  /** How many were taken out. */
  done = 0;
  readonly count: number;
  private readonly steps: readonly Step[];
  /** Of each step, the steps before and behind it that are still there; the end is the number of steps. */
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  /** Of each step, how many of the list were in front of it at first. */
  private readonly rank: Int32Array;
  private readonly end: number;

  /** @param steps - in the order of `from`; those that are not certain are left out. */
  constructor(steps: readonly Step[]) {
    this.steps = steps;
    this.end = steps.length;
    this.next = new Int32Array(steps.length + 1);
    this.previous = new Int32Array(steps.length + 1);
    this.rank = new Int32Array(steps.length);
    let last = this.end;
    let count = 0;
    for (const { index, isCertain } of steps) {
      if (!isCertain) continue;
      this.next[last] = index;
      this.previous[index] = last;
      last = index;
      this.rank[index] = count++;
    }
    this.next[last] = this.end;
    this.previous[this.end] = last;
    this.count = count;
  }

  isEmpty(): boolean {
    return this.done === this.count;
  }

  /** Those that may come next, and until when: nothing may go before what has returned when it begins. */
  candidates(): { open: Step[]; now: number } {
    const open: Step[] = [];
    let now = Infinity;
    for (let index = this.after(this.end); index !== this.end; index = this.after(index)) {
      const step = this.steps[index] as Step;
      if (step.from > now) break;
      now = Math.min(now, step.to);
      open.push(step);
    }
    return { open: open.filter((step) => step.from <= now), now };
  }

  take(index: number): void {
    const [before, behind] = [this.previous[index] as number, this.after(index)];
    this.next[before] = behind;
    this.previous[behind] = before;
    this.done++;
  }

  /** The last that was taken out comes back first. */
  putBack(index: number): void {
    const [before, behind] = [this.previous[index] as number, this.after(index)];
    this.next[before] = index;
    this.previous[behind] = index;
    this.done--;
  }

  /** Together with `done` it says which are: those still there in front of the last that is done. */
  key(): string {
    let key = "";
    let passed = 0;
    for (let index = this.after(this.end); index !== this.end; index = this.after(index)) {
      if ((this.rank[index] as number) - passed === this.done) break;
      key += `${index},`;
      passed++;
    }
    return key;
  }

  private after(index: number): number {
    return this.next[index] as number;
  }
}
