/** VALUE: two who open the same buffer cannot disagree on what its bytes mean. */

import { bytes, type Codec, structured } from "@sluice/core";
import { equal, isTrue, rejects } from "../kit/expect.js";
import { put, takeAll } from "../kit/face.js";
import { type Rule, rule } from "../rule.js";

/** Of somebody's own; its name is part of the buffer. */
const shouted: Codec<string> = {
  name: "shouted é😀",
  encode: (value) => new TextEncoder().encode(value.toUpperCase()),
  decode: (item) => new TextDecoder().decode(item),
};

export const codecAgreementRules: readonly Rule[] = [
  rule("VALUE-15 refuses to open with another codec, naming both, and changes nothing", async (t) => {
    const stage = await t.stage({ capacity: 3 }, shouted);
    await put(await stage.buffer.producer(), ["a"]);
    const { address } = stage.buffer;
    const opens: Record<string, () => Promise<unknown>> = {
      "open with bytes": () => t.openBuffer(stage.transport, { codec: bytes }),
      "open with structured": () => t.openBuffer(stage.transport, { codec: structured }),
      "open of its address with bytes": () => t.openAddress(address, { codec: bytes }),
      "open with none": () => t.openBuffer(stage.transport),
    };
    for (const [what, open] of Object.entries(opens)) {
      const { message } = await rejects(open(), "SETTINGS_MISMATCH", what);
      isTrue(message.includes(shouted.name), `Expected the message to name ${shouted.name}, got: ${message}`);
    }
    const own = await t.openBuffer(stage.transport, { codec: shouted });
    t.defer(() => own.close());
    equal(own.spec.codec, shouted.name, "the codec of a handle that was opened with it");
    await put(await own.producer(), ["b"]);
    equal(await takeAll(own, 2, t), ["A", "B"], "what came out");
  }),
];
