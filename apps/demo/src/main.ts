// Placeholder: replaced by the demonstration.
console.log("The demo is not written yet.");
