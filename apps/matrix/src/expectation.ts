/** What is to become of a run, and how that follows from its transport. */

import type { RunExitCode } from "@sluice/core";
import type { MatrixTransport } from "./matrix-transports.js";
import type { Ground, OrchestratorProcess } from "./orchestrator-process.js";
import type { Scenario } from "./scenario.js";

/** What the report says. In all of them every item is conserved, but for what is lost. */
export interface ExpectedReport {
  readonly drained: boolean;
  readonly dead: number;
  /** Undefined: it depends on who notices first. */
  readonly restarts?: number;
  /** The workers that failed for good. Undefined as `restarts`. */
  readonly failed?: readonly string[];
  /** Items are lost with their medium, and counted. */
  readonly lost: boolean;
}

/**
 * What is left in a buffer's folder. A broker that was killed cannot remove its socket, and the lock beside it: the next one there takes
 * them over.
 */
type Left = "nothing" | "the buffer" | "a dead broker's socket" | "the buffer, a dead broker's socket";

export interface Expectation {
  /** The exit code, or the signal that the orchestrator itself dies of. */
  readonly exit: RunExitCode | "SIGKILL";
  /** Undefined where the orchestrator did not live to give one. */
  readonly report: ExpectedReport | undefined;
  /** What is left when all processes are gone. */
  readonly left: Left;
  /** The exit code of the next run at the same place; undefined where it is not tried. */
  readonly next?: RunExitCode;
}

export interface Fault {
  /** What happens, as the page says it. */
  readonly title: string;
  readonly scenario: (ground: Ground, transport: MatrixTransport) => Scenario;
  /** The run that takes up what is left. */
  readonly next?: (ground: Ground, transport: MatrixTransport) => Scenario;
  /** What is done to it from outside while it runs. */
  readonly act?: (running: OrchestratorProcess, ground: Ground, transport: MatrixTransport) => Promise<void>;
  /** More that is to be seen of it afterwards; throws where it is not so. */
  readonly inspect?: (running: OrchestratorProcess, transport: MatrixTransport) => void;
  /** Where workers are processes, and a kept buffer is still there afterwards. */
  readonly expected: Expectation;
  /** Where the workers are in the orchestrator's own process, if that makes a difference; a sentence: it cannot be tried there. */
  readonly inProcess?: Partial<Expectation> | string;
  /** Where a broker without a journal holds the buffer, if that makes a difference beyond the buffer's end with the run. */
  readonly withoutJournal?: Partial<Expectation>;
  /** It is about the broker: elsewhere there is none. */
  readonly isOfBroker?: true;
}

/** A sentence: why it cannot be tried there. */
export function expectationOf(fault: Fault, transport: MatrixTransport): Expectation | string {
  const { expected, inProcess, withoutJournal, isOfBroker } = fault;
  if (isOfBroker && !transport.hasBroker) return "has no broker";
  if (!transport.hasProcesses && typeof inProcess === "string") return inProcess;
  const other = transport.hasProcesses ? undefined : (inProcess as Partial<Expectation> | undefined);
  const isWithoutJournal = transport.hasBroker && !transport.outlives;
  const is: Expectation = { ...expected, ...other, ...(isWithoutJournal ? withoutJournal : {}) };
  if (transport.outlives || is.left !== "the buffer") return is;
  // What was kept has ended with its process or its broker: the next run finds nothing.
  return { ...is, left: "nothing", ...(is.next === undefined ? {} : { next: 2 }) };
}
