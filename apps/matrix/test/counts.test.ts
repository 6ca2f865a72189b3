// The same work comes to the same counts on every transport.
import { expect, test } from "vitest";
import { accountFaults, reportFaults } from "../dist/account.js";
import { type MatrixTransport, preparedTransports } from "../dist/matrix-transports.js";
import { Ground, OrchestratorProcess } from "../dist/orchestrator-process.js";
import { consumers, producers, type Scenario } from "../dist/scenario.js";

type Work = (records: string) => Pick<Scenario, "producers" | "consumers">;

async function countsOf(transport: MatrixTransport, work: Work): Promise<object> {
  const ground = new Ground(transport);
  const { folder, records } = ground;
  const scenario = { transport: transport.name, folder, create: { capacity: 5 }, ...work(records) };
  const running = new OrchestratorProcess(scenario, ground);
  try {
    const { code } = await running.ended;
    await running.nobodyLeft();
    const { report } = running;
    if (report === undefined) throw new Error(`There is no report. ${running.story()}`);
    const { produced, consumed, remaining, dead, discarded, unknown, restarts, totals } = report;
    const account = { produced, missing: 0, redelivered: totals.redelivered };
    return {
      code,
      counts: { produced, consumed, remaining, dead, discarded, unknown, restarts },
      own: {
        produced: totals.produced,
        consumed: totals.consumed,
        nacked: totals.nacked,
        redelivered: totals.redelivered,
      },
      faults: [...reportFaults(report, code), ...accountFaults(ground.done(), account)],
      left: ground.left(),
    };
  } finally {
    running.sweep();
    ground.remove();
  }
}

const transports = await preparedTransports();

const counts = { remaining: 0, dead: 0, discarded: 0, unknown: 0 };

test.concurrent.each(transports)("5 and 4 items over $title", async (transport) => {
  const work: Work = (records) => ({
    producers: [
      producers([
        { prefix: "a", items: 5, records },
        { prefix: "b", items: 4, records },
      ]),
    ],
    consumers: [consumers(2, { records })],
  });
  expect(await countsOf(transport, work)).toEqual({
    code: 0,
    counts: { ...counts, produced: 9, consumed: 9, restarts: 0 },
    own: { produced: 9, consumed: 9, nacked: 0, redelivered: 0 },
    faults: [],
    left: [],
  });
});

test.concurrent.each(transports)(
  "300 items, of which every tenth is refused once, and a producer that crashes once, over $title",
  async (transport) => {
    const work: Work = (records) => ({
      producers: [
        producers([
          { prefix: "a", items: 200, records, failing: { how: "throws", item: "a-77", once: "crashed" } },
          { prefix: "b", items: 100, records },
        ]),
      ],
      consumers: [consumers(2, { records, refuses: 10 })],
    });
    expect(await countsOf(transport, work)).toEqual({
      code: 0,
      counts: { ...counts, produced: 300, consumed: 300, restarts: 1 },
      own: { produced: 300, consumed: 300, nacked: 30, redelivered: 30 },
      faults: [],
      left: [],
    });
  },
);
