import { fastify, LogController } from "fastify";
import type { FastifyInstance } from "fastify";
import type { PrismaClient } from "./generated/prisma/client.ts";
import type { Predictor } from "./predictor.ts";
import type { Settings } from "./settings.ts";

/** The parts of the outside world that the server talks to. */
export interface Surroundings {
  readonly database: PrismaClient;
  readonly predict: Predictor;
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
export function createServer(settings: Settings, { database, predict }: Surroundings): FastifyInstance {
  const answeredBy = { environment: settings.environment, release: settings.release };
  const server = fastify({
    logger: { level: "info" },
    logController: new LogController({ disableRequestLogging: true }),
    // Requests that came in over a kept connection are still answered while the server closes.
    return503OnClosing: false,
  });

  server.get("/healthz", () => ({ status: "ok", ...answeredBy }));

  server.get("/readyz", async (request, reply) => {
    try {
      await database.$queryRaw`SELECT 1`;
      return { status: "ready", ...answeredBy };
    } catch (error) {
      request.log.warn({ error: String(error) }, "the database does not answer");
      return reply.code(503).send({ status: "no database", ...answeredBy });
    }
  });

  server.get("/api/reviews", async () => {
    const [reviews, total] = await Promise.all([
      database.review.findMany({ orderBy: { id: "desc" }, take: newestReviews }),
      database.review.count(),
    ]);
    return { answeredBy, total, reviews };
  });

  server.post<{ Body: { readonly text: string } }>("/api/reviews", { schema: newReview }, async (request, reply) => {
    const text = request.body.text.trim();
    if (text === "") return reply.code(400).send({ message: "the review is empty" });
    const prediction = await predict(text).catch((error: unknown) => {
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
