// The judge's judge: tries every order of a tiny history, one after the other, on plain arrays. No pruning, no memory, no sharing
// of code with the search.
import type { HistoryExpectation, Operation } from "../src/index.js";

interface Item {
  readonly value: string;
  readonly order: number;
  readonly lease: Operation | undefined;
  /** It came back from a plain take: it waits for nobody, and nobody for it. */
  readonly isDrifted: boolean;
  readonly deliveries: number;
  readonly failures: number;
  readonly bytes: number;
}

/** Of a take in two steps, once it has been handed its item. */
interface Confirmation extends Operation {
  readonly confirms?: Operation;
}

interface State {
  readonly items: readonly Item[];
  readonly put: readonly string[];
  readonly isSealed: boolean;
}

/** Whether any order fits. */
export function hasOrder(recorded: readonly Operation[], expectation: HistoryExpectation): boolean {
  const { capacity, isDrained = true, takesMayReturn = false, failuresMax = Infinity } = expectation;
  const { bytesMax = Infinity, takesInTwoSteps = false } = expectation;
  const isSealSeen = recorded.some((one) => one.kind === "seal");
  const operations = recorded.filter((one) => one.outcome !== "none");
  const isMaybe = (one: Operation) => one.outcome === undefined || one.outcome === "unknown";
  const lastEvent = (process: string) =>
    Math.max(
      ...recorded
        .filter((one) => one.process === process)
        .map((one) => (Number.isFinite(one.returnedAt) ? one.returnedAt : one.invokedAt)),
    );
  const leaseOf = (settlement: Operation) =>
    operations.findLast(
      (one) =>
        one.kind === "lease" &&
        one.outcome === "ok" &&
        one.value === settlement.value &&
        (settlement.deliveries !== undefined && one.deliveries !== undefined
          ? one.deliveries === settlement.deliveries
          : one.process === settlement.process && one.returnedAt <= settlement.invokedAt),
    );
  const endsAfter = (lease: Operation): number => {
    if (isMaybe(lease)) return -Infinity;
    const expiry = lease.leaseMs === undefined ? -Infinity : lease.invokedAt + lease.leaseMs * 1e6;
    const given = operations.filter(
      (one) => (one.kind === "nack" || one.kind === "release") && isMaybe(one) && one.value === lease.value,
    );
    return Math.min(expiry, lastEvent(lease.process), ...given.map((one) => one.invokedAt));
  };

  const isInHand = (one: Operation) => one.kind === "take" && takesInTwoSteps && one.outcome === "ok";

  const search = (todo: readonly Confirmation[], state: State): boolean => {
    const certain = todo.filter((one) => !isMaybe(one));
    const now = Math.min(Infinity, ...certain.map((one) => one.returnedAt));
    if (certain.length === 0 && (!isDrained || state.items.length === 0)) return true;
    if (!isSealSeen && !state.isSealed && search(todo, { ...state, isSealed: true })) return true;
    for (const item of state.items) {
      if (item.lease === undefined) continue;
      const gone = { ...state, items: state.items.filter((one) => one !== item) };
      if (item.lease.kind === "take" && isMaybe(item.lease) && search(todo, gone)) return true;
      if (isInHand(item.lease) || endsAfter(item.lease) > now) continue;
      if (back(state, item, [0, 1]).some((next) => search(todo, next))) return true;
    }
    return todo.some((one) => {
      if (one.invokedAt > now) return false;
      const others = todo.filter((other) => other !== one);
      const isFirstOfTwo = isInHand(one) && one.confirms === undefined;
      const rest = isFirstOfTwo ? [...others, { ...one, confirms: one }] : others;
      return after(state, one).some((next) => search(rest, next));
    });
  };

  const back = (state: State, item: Item, failed: readonly number[]): State[] =>
    failed.map((failures) => {
      const rest = state.items.filter((one) => one !== item);
      const more = { ...item, lease: undefined, failures: item.failures + failures };
      if (more.failures >= failuresMax) return { ...state, items: rest };
      return { ...state, items: [...rest, more].sort((a, b) => a.order - b.order) };
    });

  /** The states that an operation can leave behind; none if it cannot have been then. */
  const after = (state: State, one: Confirmation): State[] => {
    const { items, isSealed } = state;
    if (one.confirms !== undefined) {
      const inHand = items.filter((item) => item.lease === one.confirms);
      return inHand.map((item) => ({ ...state, items: items.filter((other) => other !== item) }));
    }
    const outcome = isMaybe(one) ? "ok" : one.outcome;
    const ready = items.filter((item) => item.lease === undefined);
    if (one.kind === "seal") return [{ ...state, isSealed: true }];
    if (one.kind === "put") {
      const value = one.value as string;
      if (outcome === "sealed") return isSealed ? [state] : [];
      const bytes = items.reduce((sum, item) => sum + item.bytes, one.bytes ?? 0);
      const isFull = items.length >= capacity || bytes > bytesMax;
      if (outcome === "full") return !isSealed && isFull ? [state] : [];
      if (isSealed || isFull || state.put.includes(value)) return [];
      const item = {
        value,
        order: state.put.length + 1,
        lease: undefined,
        isDrifted: false,
        deliveries: 0,
        failures: 0,
        bytes: one.bytes ?? 0,
      };
      return [{ ...state, items: [...items, item], put: [...state.put, value] }];
    }
    if (one.kind === "take" || one.kind === "lease") {
      if (outcome === "end") return isSealed && items.length === 0 ? [state] : [];
      if (outcome === "empty") return ready.length === 0 && !(isSealed && items.length === 0) ? [state] : [];
      const inOrder = ready.filter((item) => !item.isDrifted).slice(0, 1);
      const fits = ({ value, deliveries }: Item) =>
        (one.value === undefined || one.value === value) &&
        (one.deliveries === undefined || one.deliveries === deliveries + 1);
      const possible = [...inOrder, ...ready.filter((item) => item.isDrifted)];
      return possible.filter(fits).map((item) => {
        const rest = items.filter((other) => other !== item);
        const isHeld =
          one.kind === "lease" || isInHand(one) || (isMaybe(one) && (takesMayReturn || takesInTwoSteps));
        if (!isHeld) return { ...state, items: rest };
        const isDrifted = item.isDrifted || (one.kind === "take" && isMaybe(one) && takesMayReturn);
        const out = { ...item, lease: one, isDrifted, deliveries: item.deliveries + 1 };
        return { ...state, items: [...rest, out].sort((a, b) => a.order - b.order) };
      });
    }
    const lease = leaseOf(one);
    const held = items.find((item) => item.lease !== undefined && item.lease === lease);
    if (outcome === "lost") return held === undefined ? [state] : [];
    if (held === undefined) return [];
    if (one.kind === "ack") return [{ ...state, items: items.filter((item) => item !== held) }];
    return back(state, held, isMaybe(one) ? [0, 1] : one.kind === "nack" ? [1] : [0]);
  };

  return search(operations, { items: [], put: [], isSealed: false });
}
