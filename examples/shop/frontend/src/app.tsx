import { useCallback, useEffect, useState } from "react";
import { fetchReviews, sendReview } from "./api.ts";
import type { Review, ReviewList } from "./api.ts";
import { Product } from "./product.tsx";
import { ReviewForm } from "./review-form.tsx";
import { StoredReviews } from "./stored-reviews.tsx";
import { Verdict } from "./verdict.tsx";

/** The page: the product, a form for a review, what the network thinks of it, and what others wrote. */
export function App() {
  const [list, setList] = useState<ReviewList>();
  const [judged, setJudged] = useState<Review>();
  const [problem, setProblem] = useState<string>();

  const refresh = useCallback(async () => {
    try {
      setList(await fetchReviews());
      setProblem(undefined);
    } catch (error) {
      setProblem(messageOf(error));
    }
  }, []);

  useEffect(() => void refresh(), [refresh]);

  const submit = async (text: string): Promise<boolean> => {
    try {
      setJudged(await sendReview(text));
      await refresh();
      return true;
    } catch (error) {
      setProblem(messageOf(error));
      return false;
    }
  };

  return (
    <>
      <header className="bar">
        <a className="brand" href="/">
          <img src="/lamp.svg" alt="" width="28" height="28" /> Lumen
        </a>
        {list && (
          <span className={`environment environment-${list.answeredBy.environment}`} data-environment={list.answeredBy.environment}>
            answered by <b>{list.answeredBy.environment}</b>
            {list.answeredBy.release !== "unreleased" && <small> · {list.answeredBy.release}</small>}
          </span>
        )}
      </header>
      <main>
        <Product />
        <section className="card" aria-label="Your review">
          <h2>How do you like it?</h2>
          <ReviewForm submit={submit} />
          {problem !== undefined && (
            <p className="problem" role="alert">
              {problem}
            </p>
          )}
          {judged && <Verdict review={judged} />}
        </section>
        <StoredReviews list={list} />
      </main>
      <footer>Each review is judged by a small PyTorch network and stored in PostgreSQL.</footer>
    </>
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "Something went wrong.";
}
