/**
 * The public API: the vocabulary, and every stage that can be called with plain data. What talks to Docker is not part of it.
 *
 *     const project = loadProject("/path/to/project");
 *     const resolved = resolveProject(project, { environment: process.env, variables: {}, git: {} }, ["deploy-blue"]);
 *     if (resolved.ok) bakeQueries(resolved.value.pipelines, resolved.value.buildConfig);
 */
export type { ConfigInputs } from "./config/config-inputs.ts";
export { listPipelines } from "./config/list-pipelines.ts";
export { loadProject, parseProject } from "./config/project.ts";
export type { Project } from "./config/project.ts";
export { resolveProject } from "./config/resolve-project.ts";
export { bakeQueries } from "./graph/bake-query.ts";
export type { BakeAnswer, BakeAnswers, BakeQuery } from "./graph/bake-query.ts";
export { compileGraph } from "./graph/compile.ts";
export { criticalPath, remainingPath } from "./graph/critical-path.ts";
export { renderGraph } from "./graph/export/render.ts";
export { checkPipeline } from "./graph/pipeline-check.ts";
export { selectTasks } from "./graph/select.ts";
export type { BuildConfig, CleanupPolicy, Environment, Service } from "./model/build-config.ts";
export type { CleanupItem, CleanupPlan, Protection } from "./model/cleanup.ts";
export type { Checked, Diagnostic, DiagnosticCode } from "./model/diagnostic.ts";
export type { RunEvent, TaskFact, TaskStep } from "./model/event.ts";
export type { Failure, Result } from "./model/failure.ts";
export type { EngineObservation } from "./model/observation.ts";
export type { EnterRoom, PerformTask, Room, RoomResult, TaskContext, TaskResult } from "./model/performer.ts";
export type { Pipeline, PipelineTask } from "./model/pipeline.ts";
export type { Decision, DiskNeed, Plan, PlannedTask } from "./model/plan.ts";
export type { FinalStatus, RunStatus, TaskStatus } from "./model/status.ts";
export type { Task, TaskGraph, TaskId } from "./model/task.ts";
export { planCleanup } from "./plan/cleanup.ts";
export { parsePlan, serialisePlan } from "./plan/plan-document.ts";
export { planRun } from "./plan/plan.ts";
export { renderDiagnostics } from "./report/code-frame.ts";
export { explainFailure } from "./report/explain-failure.ts";
export { renderJsonResult } from "./report/json.ts";
export { parseEvents, serializeEvent } from "./report/ndjson.ts";
export { renderPlain } from "./report/plain.ts";
export { foldRun } from "./report/run-view.ts";
export { runGraph } from "./run/run-graph.ts";
export type { RunOptions } from "./run/run-options.ts";
export type { RunResult } from "./run/run-result.ts";
