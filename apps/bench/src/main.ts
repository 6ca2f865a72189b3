// Placeholder: replaced by the benchmark.
console.log("The benchmark is not written yet.");
