import { configureGlobal } from "fast-check";

// In CI random tests take the same cases each time, so that a change alone decides; everywhere else they look for new ones.
if (process.env["CI"] === "true") configureGlobal({ seed: 20_261_123 });
