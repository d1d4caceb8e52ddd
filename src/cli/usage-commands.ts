import type { CommandDeclaration } from "./command-declaration.ts";
import { OPTION } from "./options.ts";

/** The commands that only look at what the project uses. */
export const USAGE_COMMANDS: readonly CommandDeclaration[] = [
  {
    name: "usage",
    summary: "show what images and cache of this project use",
    description:
      "One screen: images against their limits with why they stay, cache by kind against its budget, free space, volumes,\n" +
      "containers, what a clean would free, and where the numbers of Docker's own commands mislead.",
    options: [OPTION.json, OPTION.directory],
    examples: [
      { command: "orchestrate usage", effect: "one screen" },
      { command: "orchestrate usage --json", effect: "the same for a script" },
    ],
    load: () => import("./commands/usage.ts"),
  },
  {
    name: "monitor",
    summary: "disk use, limits, and what is worth doing about them",
    description:
      "What `orchestrate usage` shows, and recommendations from this project's images and history, each with what it saves and\n" +
      "the command that does it. Exit code 1 when an image breaks its size or growth limit. --watch shows what happens on the\n" +
      "engine until Ctrl-C (exit code 130), and goes on when the engine comes back after a restart.",
    options: [
      {
        name: "sizes",
        value: { type: "flag" },
        description: "only the newest image of each service against its limits",
      },
      { name: "watch", value: { type: "flag" }, description: "images, containers, cache and disk as they change" },
      {
        name: "report",
        value: { type: "choice", choices: ["markdown", "json"] },
        description: "also write a report under logs/docker/",
      },
      OPTION.json,
      OPTION.directory,
    ],
    examples: [
      { command: "orchestrate monitor", effect: "everything, with recommendations" },
      { command: "orchestrate monitor --sizes", effect: "exit code 1 when an image is too large" },
      { command: "orchestrate monitor --watch", effect: "what happens on the engine, live" },
      { command: "orchestrate monitor --report markdown", effect: "also a file under logs/docker/" },
    ],
    load: () => import("./commands/monitor.ts"),
  },
];
