import shared from "../../.ci/vitest.shared.js";

// The type tests fail a broken assertion only because tsconfig.test.json includes them (a house rule proves it).
export default {
  ...shared,
  test: {
    ...shared.test,
    typecheck: { enabled: true, tsconfig: "tsconfig.test.json", include: ["test-d/**/*.test-d.ts"] },
  },
};
