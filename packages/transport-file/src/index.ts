// Placeholder: replaced by the file transport.
export {};
