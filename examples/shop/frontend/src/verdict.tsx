import type { Review } from "./api.ts";

/** What the network thinks of a review. */
export function Verdict({ review }: { readonly review: Review }) {
  const percent = Math.round(review.positive * 100);
  return (
    <div className={`verdict ${review.sentiment}`} data-sentiment={review.sentiment} role="status">
      <div className="verdict-line">
        <b>{review.sentiment === "positive" ? "Sounds happy" : "Sounds unhappy"}</b>
        <span>{percent} % positive</span>
      </div>
      <div className="meter">
        <div style={{ width: `${Math.max(percent, 1)}%` }} />
      </div>
      <q>{review.text}</q>
    </div>
  );
}
