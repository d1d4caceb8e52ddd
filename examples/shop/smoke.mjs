// Asks a deployed shop as a visitor would: stores a review, gets a prediction for it, and finds both in the database.
//   node examples/shop/smoke.mjs http://127.0.0.1:8000 blue
const [address, environment] = process.argv.slice(2);
if (address === undefined) throw new Error("usage: node smoke.mjs ADDRESS [ENVIRONMENT]");

const text = `What a lovely, bright lamp (${new Date().toISOString()})`;

async function ask(path, init) {
  const answer = await fetch(new URL(path, address), { ...init, signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw new Error(`${init?.method ?? "GET"} ${path} answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

function expect(truth, sentence) {
  if (!truth) throw new Error(sentence);
}

try {
  const stored = await ask("/api/reviews", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ text }),
  });
  expect(stored.review.sentiment === "positive", `a happy review was called ${stored.review.sentiment}`);
  const { reviews, total, answeredBy } = await ask("/api/reviews");
  expect(reviews.some((review) => review.text === text), "the review is not among the stored ones");
  if (environment !== undefined) {
    expect(answeredBy.environment === environment, `${answeredBy.environment} answered instead of ${environment}`);
  }
  console.log(`"${text}" is ${stored.review.sentiment}; ${answeredBy.environment} answered, ${total} reviews are stored`);
} catch (error) {
  console.error(`${address}: ${error.message}`);
  process.exitCode = 1;
}
