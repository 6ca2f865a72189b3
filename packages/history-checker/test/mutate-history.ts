// What a wrong buffer, or a wrong record, makes of a right history: one random change.
import type { Operation as Recorded } from "../src/index.js";
import type { Random } from "../src/random.js";

type Operation = { -readonly [K in keyof Recorded]: Recorded[K] };

export function mutateHistory(operations: readonly Recorded[], random: Random): Operation[] {
  const changed = operations.map((one) => ({ ...one }));
  const one = random.pick(changed);
  const handOuts = changed.filter(
    (other) => other.outcome === "ok" && (other.kind === "take" || other.kind === "lease"),
  );
  switch (random.below(7)) {
    case 0: {
      if (handOuts.length < 2) break;
      const [a, b] = [random.pick(handOuts), random.pick(handOuts)];
      [a.value, b.value] = [b.value as string, a.value as string];
      break;
    }
    case 1:
      return changed.filter((other) => other !== one);
    case 2: {
      const answers: Record<Operation["kind"], NonNullable<Operation["outcome"]>[]> = {
        put: ["full", "sealed", "none"],
        take: ["empty", "end", "none"],
        lease: ["empty", "end", "none"],
        ack: ["lost", "none"],
        nack: ["lost", "none"],
        release: ["lost", "none"],
        seal: ["none"],
      };
      one.outcome = random.pick(answers[one.kind]);
      if (one.returnedAt === Infinity) one.returnedAt = one.invokedAt + 3;
      if (one.kind === "take" || one.kind === "lease") delete (one as { value?: string }).value;
      break;
    }
    case 3: {
      const by = random.below(41) - 20;
      one.invokedAt += by;
      one.returnedAt += by;
      break;
    }
    case 4: {
      const leases = handOuts.filter((other) => other.deliveries !== undefined);
      if (leases.length > 0) random.pick(leases).deliveries = 1 + random.below(3);
      break;
    }
    case 5: {
      if (one.kind === "put" && one.outcome === "ok") break;
      changed.push({
        ...one,
        id: 1000 + one.id,
        invokedAt: one.invokedAt + random.below(20),
        returnedAt: one.returnedAt + 20,
      });
      break;
    }
    default:
      one.returnedAt = one.invokedAt + random.below(3);
      if (one.outcome === undefined) one.outcome = "unknown";
  }
  return changed;
}
