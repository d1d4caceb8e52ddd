import { describe, expect, it } from "vitest";
import { BLUE, GREEN, SHOP_SERVICES, buildConfig, compiled, deployPipeline, edges } from "./sample.ts";

describe("compileGraph", () => {
  it("expands a build task into its bake targets with the linked ones", () => {
    const graph = compiled([deployPipeline(BLUE)], buildConfig(SHOP_SERVICES));
    expect(edges(graph)).toEqual({
      "make-room": [],
      "images/backend": ["make-room"],
      "images/frontend": ["make-room"],
      "images/base": ["make-room"],
      "images/ml": ["make-room", "images/base"],
      "check-images": ["images/backend", "images/frontend", "images/base", "images/ml"],
      "release@blue": ["check-images"],
      "smoke@blue": ["release@blue"],
      "tell@blue": ["smoke@blue"],
    });
  });

  it("runs shared tasks of blue and green once", () => {
    const graph = compiled([deployPipeline(BLUE), deployPipeline(GREEN)], buildConfig(SHOP_SERVICES));
    expect(graph.order).toMatchInlineSnapshot(`
      [
        "make-room",
        "images/backend",
        "images/frontend",
        "images/base",
        "images/ml",
        "check-images",
        "release@blue",
        "smoke@blue",
        "tell@blue",
        "release@green",
        "smoke@green",
        "tell@green",
      ]
    `);
    expect(graph.tasks.get("release@green")?.kind === "deploy" && graph.tasks.get("release@green"))
      .toMatchInlineSnapshot(`
      {
        "condition": {
          "is": "success",
        },
        "continueOnError": false,
        "deploy": {
          "composeFiles": [],
          "readiness": {
            "minReadyMs": 2000,
            "timeoutMs": 60000,
          },
        },
        "environment": {
          "composeFiles": [
            "docker/compose.green.yaml",
          ],
          "name": "green",
          "port": 8082,
          "variables": {
            "COLOUR": "green",
          },
        },
        "id": "release@green",
        "images": [
          {
            "builtBy": "images/frontend",
            "reference": "shop/frontend:latest",
            "service": {
              "bakeTarget": "frontend",
              "composeService": "frontend",
              "name": "frontend",
              "sizeLimitBytes": 58000000,
            },
          },
          {
            "builtBy": "images/backend",
            "reference": "shop/backend:latest",
            "service": {
              "bakeTarget": "backend",
              "composeService": "backend",
              "name": "backend",
              "sizeLimitBytes": 58000000,
            },
          },
          {
            "builtBy": "images/ml",
            "reference": "shop/ml:latest",
            "service": {
              "bakeTarget": "ml",
              "composeService": "ml",
              "name": "ml",
              "sizeLimitBytes": 58000000,
            },
          },
        ],
        "kind": "deploy",
        "location": {
          "column": 3,
          "file": "pipelines/deploy.yaml",
          "line": 16,
        },
        "needs": [
          "check-images",
        ],
        "origin": "release",
        "pools": {},
        "resources": {},
        "retry": {
          "backoffMs": 5000,
          "max": 0,
          "on": [],
        },
        "timeoutMs": 900000,
        "variants": [
          "deploy-green",
        ],
      }
    `);
  });
});
