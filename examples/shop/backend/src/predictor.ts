/** What the ml service says about one text. */
export interface Prediction {
  readonly sentiment: "positive" | "negative";
  /** Probability that the text is positive, 0 to 1. */
  readonly positive: number;
  readonly modelVersion: string;
}

/** The ml service, as the backend sees it. */
export interface Predictor {
  /** Rejects when the service does not answer in time or answers something else than a prediction. */
  readonly predict: (text: string) => Promise<Prediction>;
  /** Resolves when the service has its model; rejects otherwise. */
  readonly check: () => Promise<void>;
}

/** A predictor that asks the ml service at `mlUrl`; each call may take `timeoutMs`. */
export function createPredictor(mlUrl: string, timeoutMs: number): Predictor {
  const ask = async (path: string, request: RequestInit = {}): Promise<unknown> => {
    const response = await fetch(new URL(path, mlUrl), { ...request, signal: AbortSignal.timeout(timeoutMs) });
    if (!response.ok) throw new Error(`ml answered ${response.status}`);
    return response.json();
  };
  return {
    predict: async (text) => {
      const headers = { "content-type": "application/json" };
      return parsePrediction(await ask("/predict", { method: "POST", headers, body: JSON.stringify({ text }) }));
    },
    check: async () => {
      await ask("/healthz");
    },
  };
}

function parsePrediction(answer: unknown): Prediction {
  if (
    typeof answer === "object" &&
    answer !== null &&
    "sentiment" in answer &&
    (answer.sentiment === "positive" || answer.sentiment === "negative") &&
    "positive" in answer &&
    typeof answer.positive === "number" &&
    "modelVersion" in answer &&
    typeof answer.modelVersion === "string"
  ) {
    return { sentiment: answer.sentiment, positive: answer.positive, modelVersion: answer.modelVersion };
  }
  throw new Error("ml answered something that is not a prediction");
}
