// What PROTOCOL.md tells to authors of other clients is what the code does: its tables and its example.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  clientPacket,
  encodeOpen,
  Kind,
  nextPart,
  PROTOCOL_VERSION,
  readClientPacket,
  Status,
} from "../dist/protocol.js";

const page = readFileSync(new URL("../PROTOCOL.md", import.meta.url), "utf8");

function tableBelow(heading: string): Record<string, number> {
  const rows = page.slice(page.indexOf(heading)).split("\n\n")[0] ?? "";
  return Object.fromEntries(
    [...rows.matchAll(/^\| (\d+) \| `(\w+)` \|/gm)].map(([, number, name]) => [name, Number(number)]),
  );
}

test("its tables name every kind and every status", () => {
  expect(tableBelow("| kind |")).toEqual(Kind);
  expect(tableBelow("| status |")).toEqual(Status);
  expect(page).toContain(`This is version ${PROTOCOL_VERSION}.`);
});

test("its first packet is one", () => {
  const hex = /```\n((?:[0-9a-f]{2}\s+)+)```/.exec(page)?.[1] ?? "";
  const packet = Buffer.from(hex.replaceAll(/\s/g, ""), "hex");
  const clientId = Buffer.from(Array.from({ length: 16 }, (_, at) => at));
  expect(packet).toEqual(clientPacket(clientId, 0, [encodeOpen(1, "")]));
  const { parts } = readClientPacket(packet);
  expect(nextPart(parts)).toMatchObject({ type: Kind.Open, id: 1 });
  expect(nextPart(parts)).toBeUndefined();
});
