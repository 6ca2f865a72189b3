// Placeholder: replaced by the memory transport.
export {};
