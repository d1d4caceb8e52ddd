/**
 * Runs `make check` and every test, and closes with one line: `N passed, N failed, N skipped`.
 * Fails when a test failed, when none ran, and in CI also when one was skipped.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { z } from "zod";

/** The part of vitest's JSON report that counts. */
const Report = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
});

async function run(program: string, args: readonly string[]): Promise<number> {
  const child = spawn(program, [...args], { stdio: "inherit" });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => resolve(code ?? 1));
  });
}

/** Undefined where vitest ended before it wrote a report. */
function readReport(file: string): z.infer<typeof Report> | undefined {
  return existsSync(file) ? Report.parse(JSON.parse(readFileSync(file, "utf8"))) : undefined;
}

const directory = mkdtempSync(path.join(tmpdir(), "orchestrate-test-"));
const reportFile = path.join(directory, "report.json");
const checks = await run("make", ["--no-print-directory", "check"]);
const tests = await run("vitest", ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`]);
const report = readReport(reportFile);
rmSync(directory, { recursive: true });

const passed = report?.numPassedTests ?? 0;
const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
let failed = report?.numFailedTests ?? 0;
if (checks !== 0) {
  console.error("make check failed (see above); it counts as one failed test");
  failed += 1;
}
if (tests !== 0 && failed === 0) {
  console.error("vitest failed outside of a test (see above)");
  failed += 1;
}
const skippedInCi = process.env["CI"] === "true" && skipped > 0;
if (skippedInCi) console.error("a skipped test is a failure in CI");
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 || passed === 0 || skippedInCi ? 1 : 0;
