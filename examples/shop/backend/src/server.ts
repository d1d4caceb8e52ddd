import { fastify, LogController } from "fastify";
import type { FastifyError, FastifyInstance } from "fastify";
import type { PrismaClient } from "./generated/prisma/client.ts";
import type { Predictor } from "./predictor.ts";
import type { Settings } from "./settings.ts";
import { shareReads } from "./shared-read.ts";

/** The parts of the outside world that the server talks to. */
export interface Surroundings {
  readonly database: PrismaClient;
  readonly predictor: Predictor;
}

const newestReviews = 20;

const newReview = {
  body: {
    type: "object",
    required: ["text"],
    properties: { text: { type: "string", minLength: 1, maxLength: 2_000 } },
  },
} as const;

/** The HTTP server with all its routes, not yet listening. */
export function createServer(settings: Settings, { database, predictor }: Surroundings): FastifyInstance {
  const answeredBy = { environment: settings.environment, release: settings.release };
  const server = fastify({
    logger: { level: "info" },
    logController: new LogController({ disableRequestLogging: true }),
    // Requests that came in over a kept connection are still answered while the server closes.
    return503OnClosing: false,
  });

  // What went wrong is for the log; it may name hosts and tables.
  server.setErrorHandler<FastifyError>((error, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (status < 500) return reply.code(status).send({ message: error.message });
    server.log.error({ error: String(error) }, "a request failed");
    return reply.code(status).send({ message: "the shop cannot answer at the moment" });
  });

  server.get("/healthz", () => ({ status: "ok", ...answeredBy }));

  // For the container's own health: a backend without a database is of no use, one without predictions still shows reviews.
  server.get("/readyz", async (_request, reply) => {
    const databaseAnswers = await succeeds(database.$queryRaw`SELECT 1`);
    return reply.code(databaseAnswers ? 200 : 503).send({ database: databaseAnswers, ...answeredBy });
  });

  // For whoever asks from outside, through nginx: does everything behind the page answer?
  server.get("/api/readyz", async (_request, reply) => {
    const [databaseAnswers, mlAnswers] = await Promise.all([
      succeeds(database.$queryRaw`SELECT 1`),
      succeeds(predictor.check()),
    ]);
    const ready = databaseAnswers && mlAnswers;
    return reply.code(ready ? 200 : 503).send({ database: databaseAnswers, ml: mlAnswers, ...answeredBy });
  });

  const readNewest = shareReads(async () => {
    const [reviews, total] = await Promise.all([
      database.review.findMany({ orderBy: { id: "desc" }, take: newestReviews }),
      database.review.count(),
    ]);
    return JSON.stringify({ answeredBy, total, reviews });
  });
  server.get("/api/reviews", async (_request, reply) =>
    reply.type("application/json; charset=utf-8").send(await readNewest()),
  );

  server.post<{ Body: { readonly text: string } }>("/api/reviews", { schema: newReview }, async (request, reply) => {
    const text = request.body.text.trim();
    if (text === "") return reply.code(400).send({ message: "the review is empty" });
    const prediction = await predictor.predict(text).catch((error: unknown) => {
      request.log.error({ error: String(error) }, "no prediction");
      return undefined;
    });
    if (prediction === undefined) return reply.code(502).send({ message: "the ml service gave no prediction" });
    const review = await database.review.create({
      data: { text, ...prediction, environment: settings.environment },
    });
    return reply.code(201).send({ answeredBy, review });
  });

  return server;
}

/** Whether a promise resolves. */
async function succeeds(action: PromiseLike<unknown>): Promise<boolean> {
  try {
    await action;
    return true;
  } catch {
    return false;
  }
}
