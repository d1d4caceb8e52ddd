/** What the ml service says about one text. */
export interface Prediction {
  readonly sentiment: "positive" | "negative";
  /** Probability that the text is positive, 0 to 1. */
  readonly positive: number;
  readonly modelVersion: string;
}

/** Asks the ml service. Rejects when it does not answer in time or answers something else than a prediction. */
export type Predictor = (text: string) => Promise<Prediction>;

/** A predictor that calls `POST /predict` of the ml service at `mlUrl`. */
export function createPredictor(mlUrl: string, timeoutMs: number): Predictor {
  return async (text) => {
    const response = await fetch(new URL("/predict", mlUrl), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ text }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (!response.ok) throw new Error(`ml answered ${response.status}`);
    return parsePrediction(await response.json());
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
