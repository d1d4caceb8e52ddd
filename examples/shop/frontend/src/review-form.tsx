import { useState } from "react";
import type { FormEvent } from "react";

const examples = ["What a beautiful lamp, the light is lovely", "The cord is flimsy and it arrived late", "Not bad at all"];

/** A field for the review; `submit` says whether it was stored, and then the field is emptied. */
export function ReviewForm({ submit }: { readonly submit: (text: string) => Promise<boolean> }) {
  const [text, setText] = useState("");
  const [sending, setSending] = useState(false);

  const send = async (event: FormEvent) => {
    event.preventDefault();
    setSending(true);
    if (await submit(text)) setText("");
    setSending(false);
  };

  return (
    <form onSubmit={(event) => void send(event)}>
      <textarea
        name="review"
        aria-label="Your review"
        placeholder="Write a few words …"
        rows={3}
        maxLength={2000}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <div className="actions">
        <div className="examples">
          {examples.map((example) => (
            <button key={example} type="button" className="example" onClick={() => setText(example)}>
              {example}
            </button>
          ))}
        </div>
        <button type="submit" className="send" disabled={sending || text.trim() === ""}>
          {sending ? "Reading …" : "Send review"}
        </button>
      </div>
    </form>
  );
}
