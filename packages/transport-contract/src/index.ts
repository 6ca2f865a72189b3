// Placeholder: replaced by the contract suite.
export {};
