import type { ReviewList } from "./api.ts";

const time = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

/** The newest reviews that are in the database, whichever environment stored them. */
export function StoredReviews({ list }: { readonly list: ReviewList | undefined }) {
  return (
    <section className="card" aria-label="Stored reviews">
      <h2>
        What others say {list && <span className="count">{list.total}</span>}
      </h2>
      {list?.reviews.length === 0 && <p className="empty">Nobody yet. Be the first.</p>}
      <ul className="reviews">
        {list?.reviews.map((review) => (
          <li key={review.id} className={review.sentiment}>
            <span className="mark" title={review.sentiment}>
              {review.sentiment === "positive" ? "+" : "−"}
            </span>
            <p>{review.text}</p>
            <span className="meta">
              {Math.round(review.positive * 100)} % · {time.format(new Date(review.createdAt))} ·{" "}
              <i className={`dot environment-${review.environment}`} /> {review.environment}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
