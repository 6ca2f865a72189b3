/** `--list`: the transports installed, and what each of them promises. */

import type { TransportCapabilities } from "@sluice/core";
import type { Installed } from "./transports.js";

const HEADINGS: Record<keyof TransportCapabilities, string> = {
  reach: "reach",
  survives: "survives the death of",
  peak: "peak",
  returned: "returned items",
  fencing: "late acks refused by",
  deadLetter: "dead letter",
  release: "release",
  putOutcome: "outcome of a put",
  retryWindowMs: "retries known for",
};

export function listText(
  transports: readonly Installed[],
  paint: (style: "bold", text: string) => string,
): string {
  return transports
    .map(({ name, capabilities, more }) => {
      const lines = (Object.keys(HEADINGS) as (keyof TransportCapabilities)[]).map(
        (key) => `  ${HEADINGS[key].padEnd(22)} ${shown(key, capabilities)}`,
      );
      if (more !== undefined) lines.push(`  ${"changed by".padEnd(22)} ${more}`);
      return [paint("bold", name), ...lines].join("\n");
    })
    .join("\n\n");
}

export function listJson(transports: readonly Installed[]): string {
  return transports.map((transport) => JSON.stringify({ kind: "transport", ...transport })).join("\n");
}

function shown(key: keyof TransportCapabilities, capabilities: TransportCapabilities): string {
  if (key === "survives") return capabilities.survives.join(", ") || "nobody";
  if (key === "retryWindowMs" && capabilities.retryWindowMs !== "unbounded")
    return `${capabilities.retryWindowMs} ms`;
  return String(capabilities[key]);
}
