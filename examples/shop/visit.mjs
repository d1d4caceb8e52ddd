// Visits a deployed shop steadily and says each second who answered: start it, deploy the other colour, watch.
//   node examples/shop/visit.mjs [http://127.0.0.1:8000] [requests a second, 50]
// Ends on Ctrl-C with the sum, and with exit code 1 when a request failed.
const [address = "http://127.0.0.1:8000", rate = "50"] = process.argv.slice(2);
const answered = new Map();
let failed = 0;
let total = { requests: 0, failed: 0 };

async function visit() {
  try {
    const answer = await fetch(new URL("/api/readyz", address), { signal: AbortSignal.timeout(10_000) });
    const { environment } = await answer.json();
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    answered.set(environment, (answered.get(environment) ?? 0) + 1);
  } catch {
    failed += 1;
  }
}

function tell() {
  const parts = [...answered].map(([environment, count]) => `${environment} ${count}`);
  console.log(`${parts.join(", ") || "nobody"} answered, ${failed} failed`);
  for (const count of answered.values()) total.requests += count;
  total = { requests: total.requests + failed, failed: total.failed + failed };
  answered.clear();
  failed = 0;
}

setInterval(() => void visit(), 1_000 / Number(rate));
setInterval(tell, 1_000);
process.on("SIGINT", () => {
  tell();
  console.log(`${total.requests} requests, ${total.failed} failed`);
  process.exit(total.failed > 0 ? 1 : 0);
});
