import { describe, expect, it } from "vitest";
import * as orchestrate from "../../src/index.ts";

const FILES: Readonly<Record<string, string>> = {
  "pipelines/deploy.yaml": [
    "name: deploy",
    "environments: [blue]",
    "tasks:",
    "  images: { build: { targets: [web] } }",
    "  release: { needs: images, deploy: { compose: [compose.yaml] } }",
  ].join("\n"),
  "docker/build-config.json": JSON.stringify({ project: "web", environments: { blue: { port: 8081 } } }),
};

describe("public API", () => {
  it("takes a pipeline from text to a plan and a run with plain data and no Docker", async () => {
    const project = orchestrate.parseProject("/project", {
      listPipelines: () => ["pipelines/deploy.yaml"],
      read: (file) => FILES[file] ?? { missing: true, reason: "there is none" },
    });
    const resolved = orchestrate.resolveProject(project, { environment: {}, variables: {}, git: {} }, ["deploy-blue"]);
    if (!resolved.ok) throw new Error(JSON.stringify(resolved.diagnostics));
    const { pipelines, buildConfig } = resolved.value;

    const target = { context: ".", tags: ["web:latest"] };
    const definition = { group: { default: { targets: ["web"] } }, target: { web: target } };
    const queries = orchestrate.bakeQueries(pipelines, buildConfig);
    const bake = new Map(queries.map((query) => [query.key, { found: true, definition } as const]));
    const graph = orchestrate.compileGraph({ pipelines, buildConfig, bake });
    if (!graph.ok) throw new Error(JSON.stringify(graph.diagnostics));
    expect(graph.value.order).toEqual(["images/web", "release@blue"]);

    const plan = orchestrate.planRun({ graph: graph.value, buildConfig });
    expect(plan.tasks.map(({ id, decision }) => `${decision.action} ${id}`)).toEqual([
      "run images/web",
      "run release@blue",
    ]);

    const events: orchestrate.RunEvent[] = [];
    const result = await orchestrate.runGraph(graph.value, {
      runId: "20260101-000000-test",
      pipeline: "deploy-blue",
      logDirectory: "logs/docker/20260101-000000-test",
      perform: () => Promise.resolve({ ok: true, outputs: {}, facts: [] }),
      emit: (event) => events.push(event),
      remainingPathMs: orchestrate.remainingPath(graph.value, () => undefined),
    });
    expect(result.status).toBe("succeeded");
    expect(orchestrate.renderPlain(events, { color: false, output: "normal" })).toContain("deploy-blue succeeded");
  });
});
