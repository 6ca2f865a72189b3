// What every package's tests share.
import type { ViteUserConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Where two files run at a time, the longest come first, so that none is left alone at the end: contracts, whose files are short. */
class ContractsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isContract = ({ moduleId }: TestSpecification) => moduleId.endsWith("contract.test.ts");
    const sorted = await super.sort(files);
    return [...sorted.filter(isContract), ...sorted.filter((file) => !isContract(file))];
  }
}

const shared: ViteUserConfig & { test: NonNullable<ViteUserConfig["test"]> } = {
  test: {
    include: ["test/**/*.test.ts"],
    // Only a test that hangs comes to its end: many times what one takes on two slow cores that others use too.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Nor is a rule of the contract given up because the machine does something else.
    env: { SLUICE_SIGNAL_SCALE: "4" },
    // Tests spawn processes and wait for each other's conditions; side by side they would measure the scheduler.
    fileParallelism: false,
    sequence: { sequencer: ContractsFirst },
    // A package's first test comes after its package.json; the tally of .ci/run refuses a test folder that ran nothing.
    passWithNoTests: true,
    // Built packages run as Node runs them: untransformed, so that a parent and its child processes run the same code.
    server: { deps: { external: [/\/(packages|apps)\/[^/]+\/dist\//] } },
  },
};

/** For packages whose tests wait most of the time, for processes or for times of a protocol: two files wait together. */
export const twoFilesAtATime: ViteUserConfig = {
  ...shared,
  test: { ...shared.test, fileParallelism: true, maxWorkers: 2 },
};

export default shared;
