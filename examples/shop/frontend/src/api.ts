/** Which backend gave an answer. */
export interface AnsweredBy {
  readonly environment: string;
  readonly release: string;
}

/** A stored review with the prediction that was made for it. */
export interface Review {
  readonly id: number;
  readonly text: string;
  readonly sentiment: "positive" | "negative";
  /** Probability that the review is positive, 0 to 1. */
  readonly positive: number;
  readonly environment: string;
  readonly createdAt: string;
}

/** The newest reviews, newest first, and how many there are in all. */
export interface ReviewList {
  readonly answeredBy: AnsweredBy;
  readonly total: number;
  readonly reviews: readonly Review[];
}

/** Asks for the newest reviews. Rejects with a message that can be shown. */
export function fetchReviews(): Promise<ReviewList> {
  return call<ReviewList>("/api/reviews");
}

/** Sends a review and resolves to it with its prediction. Rejects with a message that can be shown. */
export async function sendReview(text: string): Promise<Review> {
  const { review } = await call<{ readonly review: Review }>("/api/reviews", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ text }),
  });
  return review;
}

async function call<Answer>(path: string, request?: RequestInit): Promise<Answer> {
  const response = await fetch(path, request).catch(() => {
    throw new Error("The shop cannot be reached.");
  });
  if (!response.ok) throw new Error(`The shop answered ${response.status}. Try again in a moment.`);
  return (await response.json()) as Answer;
}
