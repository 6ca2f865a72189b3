/** The steps of a run, in the order in which they happen. */

import type { BoundedBuffer } from "../buffer.js";
import { createBuffer, openBuffer } from "../create-buffer.js";
import type { BufferCounts } from "../transport.js";
import { untilNotBusy } from "../until-not-busy.js";
import { CrewGroup, type CrewHome } from "./crew-group.js";
import type { CrewMember } from "./crew-member.js";
import type { Ending } from "./ending.js";
import type { EventStream } from "./event-stream.js";
import type { CompletePlan, PlannedGroup } from "./run-plan.js";
import { type EndSignal, type RunReport, reportOf } from "./run-report.js";
import { settleAccounts } from "./settle-accounts.js";
import { watchParked } from "./watch-parked.js";
import { type ErrorText, errorText } from "./worker-messages.js";

interface Crew {
  readonly producers: readonly CrewGroup[];
  readonly consumers: readonly CrewGroup[];
  readonly groups: readonly CrewGroup[];
}

/** What the steps have to do with whoever called `run`. */
export interface RunCaller {
  /** Everybody who works in the run. */
  readonly hired: (crew: readonly CrewMember[]) => void;
  /** The first signal that was handed to `stop`. */
  readonly signal: () => EndSignal | undefined;
}

export async function carryOut(
  plan: CompletePlan,
  events: EventStream,
  ending: Ending,
  caller: RunCaller,
): Promise<RunReport> {
  const begunAt = performance.now();
  const faults: ErrorText[] = [];
  const note = (error: unknown): undefined => {
    faults.push(errorText(error));
  };

  const { buffer, before } = await create(plan, events);
  const unwatch = watchParked(buffer, events, ending);
  const crew = spawn(plan, {
    address: buffer.address,
    events,
    startTimeoutMs: plan.startTimeoutMs,
    onFailure: ({ job }) => ending.raiseTo("drain", `${job.name} failed`),
  });
  ending.of(crew.producers, crew.consumers);
  caller.hired(members(crew.groups));
  await everyoneReady(crew, events, ending);
  await producersFinished(crew, ending);
  await seal(buffer, events, ending).catch(note);
  await consumersFinished(crew, buffer, ending).catch(note);
  ending.finish();
  unwatch();
  await settleAccounts(buffer, members(crew.producers));
  const after = await untilNotBusy(() => buffer.counts()).catch(note);
  // A medium that is out of reach is not asked once more: each question takes the time until it is given up.
  const isThere = after !== undefined;
  const deadLetters = isThere ? await untilNotBusy(() => buffer.deadLetters().list()).catch(note) : [];
  const isLost = !isThere && !buffer.capabilities.survives.includes("authority");
  const isGone = isLost || faults.some(({ code }) => code === "BUFFER_DESTROYED");
  const report = reportOf({
    transport: plan.transport.name,
    capacity: buffer.spec.capacity,
    isLost,
    isOurs: plan.create !== undefined,
    before,
    after,
    faults,
    crew: members(crew.groups),
    deadLetters: deadLetters ?? [],
    signal: caller.signal(),
    endedBy: ending.because,
    durationMs: performance.now() - begunAt,
  });
  if (report.drained) events.emit("drained", { consumed: report.consumed });
  return { ...report, ...(await destroyOrKeep(plan, buffer, { ...report, isGone }, events)) };
}

async function create(
  plan: CompletePlan,
  events: EventStream,
): Promise<{ buffer: BoundedBuffer<unknown>; before: BufferCounts }> {
  const { transport, create: settings } = plan;
  const created = settings !== undefined;
  const buffer: BoundedBuffer<unknown> = created
    ? await createBuffer(transport, settings)
    : await untilNotBusy(() => openBuffer(transport));
  try {
    const before = await untilNotBusy(() => buffer.counts());
    const { address, spec } = buffer;
    events.emit("opened", { created, transport: transport.name, capacity: spec.capacity, address });
    return { buffer, before };
  } catch (error) {
    await buffer.close();
    throw error;
  }
}

function spawn(plan: CompletePlan, home: CrewHome): Crew {
  const hire = (group: PlannedGroup) => new CrewGroup(group, home);
  const producers = plan.producers.map(hire);
  const consumers = plan.consumers.map(hire);
  return { producers, consumers, groups: [...producers, ...consumers] };
}

/** All begin together. One that failed has ended the run by then, and is not waited for. */
async function everyoneReady(crew: Crew, events: EventStream, ending: Ending): Promise<void> {
  const { producers, consumers, groups } = crew;
  await Promise.all(groups.map(({ ready }) => ready));
  if (ending.because === undefined) {
    events.emit("started", { producers: members(producers).length, consumers: members(consumers).length });
  }
  for (const group of groups) group.go();
}

async function producersFinished({ producers, consumers }: Crew, ending: Ending): Promise<void> {
  if (consumers.length > 0 && producers.length > 0) {
    // Once the last consumer has left nobody makes room any more: the producers would wait for ever.
    void gone(consumers).then(() => {
      if (members(producers).some(isHere)) ending.raiseTo("drain", "no consumer is left");
    });
  }
  await Promise.race([gone(producers), ending.producersOverdue]);
}

async function seal(buffer: BoundedBuffer<unknown>, events: EventStream, ending: Ending): Promise<void> {
  ending.startDeadline();
  try {
    await untilNotBusy(() => buffer.seal());
    const { produced } = await untilNotBusy(() => buffer.counts());
    events.emit("sealed", { produced });
  } catch (error) {
    ending.raiseTo("release", "the buffer could not be sealed"); // the consumers would wait for ever
    throw error;
  }
}

/** Until every worker is gone. Where the plan has no consumers, somebody else's may drain the buffer until the deadline. */
async function consumersFinished(
  { consumers, groups }: Crew,
  buffer: BoundedBuffer<unknown>,
  ending: Ending,
): Promise<void> {
  await gone(consumers);
  try {
    if (consumers.length === 0 && !ending.released.aborted) {
      await buffer.drained({ signal: ending.released }).catch((error) => {
        if (!ending.released.aborted) throw error;
      });
    }
  } finally {
    if (members(groups).some(isHere)) ending.raiseTo("release", "a producer did not stop");
    await gone(groups);
  }
}

async function destroyOrKeep(
  plan: CompletePlan,
  buffer: BoundedBuffer<unknown>,
  report: Pick<RunReport, "drained" | "parked" | "dead" | "problems"> & { readonly isGone: boolean },
  events: EventStream,
): Promise<Pick<RunReport, "kept" | "problems">> {
  const { drained, parked, dead, problems, isGone } = report;
  const isDone = plan.create !== undefined && plan.keep !== true && drained && parked === 0 && dead === 0;
  try {
    if (isDone && problems.length === 0) {
      await buffer.destroy();
      events.emit("destroyed", {});
      return { problems };
    }
    await buffer.close();
  } catch (error) {
    return leave([...problems, errorText(error).message]);
  }
  return leave(problems);

  function leave(problems: readonly string[]): Pick<RunReport, "kept" | "problems"> {
    if (isGone) return { problems };
    const { address } = buffer;
    events.emit("kept", { address });
    return { kept: address, problems };
  }
}

function members(groups: readonly CrewGroup[]): CrewMember[] {
  return groups.flatMap((group) => group.members);
}

function isHere({ outcome }: CrewMember): boolean {
  return outcome === undefined;
}

async function gone(groups: readonly CrewGroup[]): Promise<void> {
  await Promise.all(groups.map((group) => group.gone));
}
