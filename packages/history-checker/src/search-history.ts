/**
 * Second tier of the checker: a complete search for an order of the operations, each at one instant between its invocation and
 * its return, that a bounded buffer can have gone through. Depth first, after Wing and Gong: "Testing and verifying concurrent
 * objects", with what failed remembered (operations done, state), after Lowe: "Testing for linearizability".
 *
 * At an instant at which no operation is under way, all orders have done the same operations, so that what is remembered there is
 * the set of states that were tried: the windows between such instants are searched one by one, and need no cut.
 */

import { checkAcceptedTwice } from "./check-history.js";
import { checkNames } from "./check-names.js";
import { type HistoryExpectation, validateExpectation } from "./expectation.js";
import { describeOperation, type Operation } from "./operation.js";
import { validateOperations } from "./read-history.js";
import { type Move, SearchModel, type Undo } from "./search-model.js";
import { isConfirmation, type Step, type Steps, stepsOf } from "./search-steps.js";
import { StepList } from "./step-list.js";

export interface SearchOptions {
  /** Steps tried before the search gives up. Default 1,000,000: some seconds. */
  readonly stepsMax?: number;
}

export interface SearchResult {
  /** `unknown`: the search gave up. It is no pass. */
  readonly verdict: "linearizable" | "violation" | "unknown";
  /** Steps that were tried. */
  readonly steps: number;
  /** Of a violation: how many operations the longest order that could be begun has; a take in two steps is two. */
  readonly longest?: number;
  /** Of a violation: the last operations of that order. */
  readonly last?: readonly Operation[];
  /** Of a violation: the operations of which one had to follow, and none could. */
  readonly stuck?: readonly Operation[];
  /** Of a violation: the same in words; of `unknown`: what to do. */
  readonly explanation?: string;
}

const STEPS_MAX = 1_000_000;
const SHOWN = 8;

/**
 * Whether there is an order; `linearizable` and `violation` are certain, both.
 *
 * @throws HistoryError, RangeError for a history or an expectation that cannot be; a name that is not known is refused, too.
 */
export function searchHistory(
  operations: readonly Operation[],
  expectation: HistoryExpectation,
  options: SearchOptions = {},
): SearchResult {
  validateOperations(operations);
  validateExpectation(expectation, operations);
  validateOptions(options);
  const { stepsMax = STEPS_MAX } = options;
  const [again] = checkAcceptedTwice(operations);
  if (again !== undefined)
    return { verdict: "violation", steps: 0, longest: 0, last: [], stuck: [], explanation: again.message };
  const steps = stepsOf(operations, expectation);
  const impossible = steps.steps.find((step) => step.from > step.to);
  if (impossible !== undefined) {
    const explanation = `First in, first out leaves no time for the ${describeOperation(impossible.operation)}`;
    return {
      verdict: "violation",
      steps: 0,
      longest: 0,
      last: [],
      stuck: [impossible.operation],
      explanation,
    };
  }
  // What nobody saw comes last: first with as much of it as must have happened, then with more.
  let tried = 0;
  for (let more = 0; ; more = more * 2 + 1) {
    const limits = { unseenMax: steps.unseenMin + more, stepsMax: stepsMax - tried };
    const search = new Search(steps, expectation, limits);
    const verdict = search.run();
    tried += search.tried;
    if (verdict === "linearizable") return { verdict, steps: tried };
    if (verdict === "unknown") {
      const explanation = `No answer within ${stepsMax} steps: shorter histories, fewer processes, or a larger stepsMax`;
      return { verdict, steps: tried, explanation };
    }
    if (!search.hasLeftOut) return { verdict, steps: tried, ...search.explain() };
  }
}

/** @throws RangeError */
export function validateOptions(options: SearchOptions): void {
  checkNames("the options", options, { stepsMax: true });
  const { stepsMax = STEPS_MAX } = options;
  if (!(stepsMax >= 1)) throw new RangeError(`Expected stepsMax to be from 1, got ${stepsMax}`);
}

/** A state of the search: what can be done from it, and how far that has been tried. */
interface Frame {
  readonly moves: readonly Move[];
  readonly now: number;
  next: number;
  /** Of the move that led away from it. */
  undo: Undo | undefined;
}

interface Deepest {
  readonly done: number;
  readonly path: readonly Operation[];
  readonly state: string;
  readonly stuck: readonly { readonly operation: Operation; readonly why: string }[];
}

class Search {
  tried = 0;
  /** More of what nobody saw could have been tried. */
  hasLeftOut = false;
  private readonly given: Steps;
  private readonly expectation: HistoryExpectation;
  private readonly unseenMax: number;
  private readonly stepsMax: number;
  private readonly model: SearchModel;
  private readonly list: StepList;
  private readonly unseen: readonly Step[];
  private readonly used = new Set<number>();
  private readonly frames: Frame[] = [];
  /** By the number of steps done: the states from which there is no way on. */
  private readonly failed = new Map<number, Set<string>>();
  private deepest: Deepest = { done: -1, path: [], state: "", stuck: [] };

  constructor(
    given: Steps,
    expectation: HistoryExpectation,
    limits: { readonly unseenMax: number; readonly stepsMax: number },
  ) {
    const { steps } = given;
    this.given = given;
    this.expectation = expectation;
    this.unseenMax = limits.unseenMax;
    this.stepsMax = limits.stepsMax;
    this.model = new SearchModel(given, expectation);
    this.list = new StepList(steps);
    this.unseen = steps.filter((step) => !step.isCertain);
  }

  run(): "linearizable" | "violation" | "unknown" {
    if (this.isOver()) return "linearizable";
    this.enter();
    for (let frame = this.frames.at(-1); frame !== undefined; frame = this.frames.at(-1)) {
      const move = frame.moves[frame.next++];
      if (move === undefined) {
        this.leave(frame);
        continue;
      }
      const undo = this.model.apply(move, frame.now);
      if (typeof undo === "string") continue;
      if (++this.tried > this.stepsMax) return "unknown";
      frame.undo = undo;
      this.mark(move);
      if (this.isOver()) return "linearizable";
      if (this.failed.get(this.list.done)?.has(this.key()) === true) this.takeBack(frame);
      else this.enter();
    }
    return "violation";
  }

  explain(): { longest: number; last: Operation[]; stuck: Operation[]; explanation: string } {
    const { done, path, state, stuck } = this.deepest;
    const last = path.slice(-SHOWN);
    const steps = this.expectation.takesInTwoSteps === true ? " steps" : "";
    const lines = [
      `No order of the operations fits. The longest that could be begun has ${done} of ${this.list.count}${steps}, and ends with`,
      ...last.map((one) => `  ${describeOperation(one)}`),
      `with ${state}. One of these had to follow, and none could:`,
      ...stuck.map(({ operation, why }) => `  ${describeOperation(operation)}: ${why}`),
    ];
    return {
      longest: done,
      last,
      stuck: stuck.map(({ operation }) => operation),
      explanation: lines.join("\n"),
    };
  }

  private isOver(): boolean {
    if (this.list.isEmpty()) return this.expectation.isDrained === false || this.model.inside.length === 0;
    return false;
  }

  private enter(): void {
    const { open, now } = this.list.candidates();
    this.frames.push({ moves: this.movesFrom(open, now), now, next: 0, undo: undefined });
  }

  /** All was tried from here: remembered, and one step back. */
  private leave(frame: Frame): void {
    if (this.list.done > this.deepest.done) this.remember(frame.now);
    const known = this.failed.get(this.list.done);
    if (known === undefined) this.failed.set(this.list.done, new Set([this.key()]));
    else known.add(this.key());
    this.frames.pop();
    const before = this.frames.at(-1);
    if (before !== undefined) this.takeBack(before);
  }

  private movesFrom(open: readonly Step[], now: number): Move[] {
    const moves: Move[] = [];
    // Nobody wants an item gone but for its room, or for the end: whatever leaves as late as it can, leaves nobody else less.
    const isRoomWanted =
      open.length === 0 || this.model.isTight || open.some((step) => step.outcome === "end");
    for (const step of open) {
      if (this.model.isAnswer(step)) {
        const move: Move = { step, way: "as told" };
        // It changes nothing: if there is an order at all, there is one with it here.
        if (this.canBe(move, now)) return [move];
        continue;
      }
      if (this.isTooEarly(step, open) || (isConfirmation(step) && step.to > now && !isRoomWanted)) continue;
      moves.push({ step, way: "as told" });
      if (step.kind === "nack" && this.expectation.failuresMax !== undefined)
        moves.push({ step, way: "and dies" });
    }
    sortMoves(moves);
    moves.push(...this.model.departures(now, isRoomWanted));
    moves.push(...this.unseenMoves(now));
    return moves;
  }

  private unseenMoves(now: number): Move[] {
    const moves: Move[] = [];
    // Of takes that nobody saw return, all that have begun can do the same: one stands for them all. So with the other kinds,
    // but for puts of other sizes.
    const kinds = new Set<string>();
    for (const step of this.unseen) {
      if (step.from > now) break;
      if (this.used.has(step.index)) continue;
      const kind = `${step.kind} ${step.kind === "ack" ? step.lease : (step.operation.bytes ?? "")}`;
      if (kinds.has(kind)) continue;
      kinds.add(kind);
      for (const move of this.model.unseenMoves(step, now)) {
        const undo = this.model.apply(move, now);
        if (typeof undo === "string") continue;
        // Those that must take place are kept room for.
        const fits = this.used.size + 1 + this.model.needed <= this.unseenMax;
        this.model.undo(undo);
        if (fits) moves.push(move);
        else this.hasLeftOut = true;
      }
    }
    return moves;
  }

  private canBe(move: Move, now: number): boolean {
    const undo = this.model.apply(move, now);
    if (typeof undo === "string") return false;
    this.model.undo(undo);
    return true;
  }

  /** A put cannot go before one whose item comes out before its own. */
  private isTooEarly(step: Step, open: readonly Step[]): boolean {
    if (step.kind !== "put" || step.outcome !== "ok" || this.expectation.takesMayReturn === true)
      return false;
    return open.some(
      (one) =>
        one.kind === "put" &&
        one.outcome === "ok" &&
        (one.outBefore < step.outAfter || this.given.isPutBefore(one.item, step.item)),
    );
  }

  private mark({ step, way }: Move): void {
    if (way === "leaves by itself") return;
    if (step.isCertain) this.list.take(step.index);
    else this.used.add(step.index);
  }

  private takeBack(frame: Frame): void {
    const { step, way } = frame.moves[frame.next - 1] as Move;
    this.model.undo(frame.undo as Undo);
    if (way === "leaves by itself") return;
    if (step.isCertain) this.list.putBack(step.index);
    else this.used.delete(step.index);
  }

  private key(): string {
    const used = this.used.size === 0 ? "" : [...this.used].sort((a, b) => a - b).join(",");
    return `${this.list.key()}/${used}/${this.model.isSealed ? "s" : ""}${this.model.key()}`;
  }

  private remember(now: number): void {
    // Of a take in two steps the second is told with the first.
    const isTold = (step: Step) => !isConfirmation(step);
    const path = this.frames
      .slice(-2 * SHOWN - 1, -1)
      .map(({ moves, next }) => (moves[next - 1] as Move).step)
      .filter(isTold)
      .map(({ operation }) => operation);
    const { open } = this.list.candidates();
    const stuck = open.map((step) => {
      const undo = this.model.apply({ step, way: "as told" }, now);
      if (typeof undo !== "string") this.model.undo(undo);
      const why = typeof undo === "string" ? undo : "it could, but whatever followed could not";
      return { operation: step.operation, why };
    });
    const left = "nothing is left to do, but items are inside";
    const state = stuck.length > 0 ? this.model.describe() : `${this.model.describe()}; ${left}`;
    this.deepest = { done: this.list.done, path, state, stuck };
  }
}

/** Who has to return first, goes first; but puts, among themselves, in the order in which their items have to come out. */
function sortMoves(moves: Move[]): void {
  moves.sort((a, b) => a.step.to - b.step.to);
  const isPut = ({ step }: Move) => step.kind === "put" && step.outcome === "ok";
  const puts = moves.filter(isPut).sort((a, b) => a.step.outBefore - b.step.outBefore);
  if (puts.length < 2) return;
  let next = 0;
  for (const [index, move] of moves.entries()) {
    if (isPut(move)) moves[index] = puts[next++] as Move;
  }
}
