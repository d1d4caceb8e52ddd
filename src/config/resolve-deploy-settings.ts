import type { BuildConfig } from "../model/build-config.ts";
import { DEFAULT_DEPLOY_SETTINGS, DEPLOY_STRATEGIES, settingsOfEnvironment } from "../model/release.ts";
import type { DeploySettings, SmokeCheck } from "../model/release.ts";
import type { ValueReader } from "./value-reader.ts";

/** The keys that are read, as far as their types matter here. */
interface WrittenSettings {
  readonly strategy?: string | undefined;
  readonly smoke?: readonly object[] | undefined;
  readonly observe?: object | undefined;
  readonly drain?: object | undefined;
  readonly canary?: readonly (number | string)[] | undefined;
}

/** `deploy` of docker/build-config.json over the built-in defaults. */
export function resolveProjectDeploySettings(
  written: WrittenSettings,
  reader: ValueReader,
  hasRouter: boolean,
): DeploySettings {
  const strategy = hasRouter ? DEFAULT_DEPLOY_SETTINGS.strategy : "recreate";
  const settings = resolveOver({ ...DEFAULT_DEPLOY_SETTINGS, strategy }, written, reader);
  if (hasRouter || settings.strategy === "recreate") return settings;
  const hint = "describe one under `router`, or write `recreate`";
  refuseStrategy(`\`${settings.strategy}\` needs a router, and there is none`, written, reader, hint);
  return settings;
}

/** The same with what a deploy task sets otherwise. An environment that no router switches to is recreated in place. */
export function resolveTaskDeploySettings(
  written: WrittenSettings,
  reader: ValueReader,
  config: BuildConfig,
): DeploySettings {
  const settings = resolveOver(config.deploy, written, reader);
  const { environment } = reader.scope;
  if (typeof environment !== "object") return settings;
  const possible = settingsOfEnvironment(settings, environment.name, config.router?.colours);
  if (written.strategy !== undefined && possible.strategy !== settings.strategy) {
    const colours = config.router?.colours ?? [];
    const hint = colours.length === 0 ? "there is no `router` there" : `its colours are ${colours.join(", ")}`;
    const message = `\`${settings.strategy}\` needs an environment that the router of docker/build-config.json switches to, and \`${environment.name}\` is none`;
    refuseStrategy(message, written, reader, hint);
  }
  return possible;
}

function refuseStrategy(message: string, written: object, reader: ValueReader, hint: string): void {
  reader.report("value-invalid", message, reader.source.valueLocation(written, "strategy"), hint);
}

function resolveOver(base: DeploySettings, written: WrittenSettings, reader: ValueReader): DeploySettings {
  const { observe = {}, drain = {} } = written;
  const latency = reader.durationMs(observe, "max_latency") ?? base.observe.maxMeanLatencyMs;
  return {
    strategy: reader.choice(written, "strategy", DEPLOY_STRATEGIES) ?? base.strategy,
    smoke: written.smoke?.flatMap((check) => resolveSmokeCheck(check, reader)) ?? base.smoke,
    observe: {
      forMs: reader.durationMs(observe, "for") ?? base.observe.forMs,
      maxErrorRate: resolveErrorRate(observe, reader) ?? base.observe.maxErrorRate,
      minRequests: reader.number(observe, "min_requests", { min: 0, whole: true }) ?? base.observe.minRequests,
      ...(latency === undefined ? {} : { maxMeanLatencyMs: latency }),
    },
    drain: {
      timeoutMs: reader.durationMs(drain, "timeout") ?? base.drain.timeoutMs,
      websocketMs: reader.durationMs(drain, "websocket") ?? base.drain.websocketMs,
    },
    keepOld: reader.choice(written, "keep_old", ["stopped", "running", "removed"]) ?? base.keepOld,
    canary: resolveCanary(written, reader) ?? base.canary,
  };
}

function resolveErrorRate(observe: object, reader: ValueReader): number | undefined {
  const rate = reader.fraction(observe, "max_error_rate");
  if (rate === undefined || rate <= 1) return rate;
  const location = reader.source.valueLocation(observe, "max_error_rate");
  reader.report("value-invalid", "An error rate is at most `100%`", location);
  return undefined;
}

function resolveSmokeCheck(written: object, reader: ValueReader): readonly SmokeCheck[] {
  const path = reader.text(written, "path");
  const host = reader.text(written, "host");
  const contains = reader.text(written, "contains");
  const status = reader.number(written, "status", { min: 100, max: 599, whole: true }) ?? 200;
  if (path === undefined) return [];
  if (!path.startsWith("/")) {
    const location = reader.source.valueLocation(written, "path");
    reader.report("value-invalid", `The path \`${path}\` does not begin with \`/\``, location);
    return [];
  }
  return [{ path, status, ...(host === undefined ? {} : { host }), ...(contains === undefined ? {} : { contains }) }];
}

/** Steps that do not rise would take traffic away from the new release and give it back without a reason. */
function resolveCanary(written: WrittenSettings, reader: ValueReader): readonly number[] | undefined {
  const { canary } = written;
  if (canary === undefined) return undefined;
  const steps = canary.map((_, index) => reader.number(canary, String(index), { min: 1, max: 100, whole: true }));
  if (steps.includes(undefined)) return undefined;
  const known = steps.filter((step) => step !== undefined);
  const rising = known.every((step, index) => index === 0 || step > (known[index - 1] ?? 0));
  if (rising && known.at(-1) === 100) return known;
  const location = reader.source.valueLocation(written, "canary");
  reader.report(
    "value-invalid",
    "The steps of a canary rise, and the last is 100",
    location,
    "write them like [5, 25, 100]",
  );
  return undefined;
}
